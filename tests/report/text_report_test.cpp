#include "microgpt/report/text_report.hpp"
#include "microgpt/analysis/contrast.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "../support/errors.hpp"

namespace microgpt::test {

using namespace report;
namespace {

Evaluation worth(double loss) {
  Evaluation e;
  e.loss = e.fitness = loss;
  return e;
}

Evolution finished_run(bool fails) {
  Evolution evolution({.generations = 3, .seed = 2}, {});
  while (!evolution.finished()) {
    std::vector<Trial> results;
    for (const Organism& o : evolution.ask()) {
      Evaluation e = worth(2 + o.genome["lr"]);
      if (fails || o.id % 5 == 0) {
        e = {};
        e.failure = "it broke";
      }
      results.push_back({.task = {.id = o.id}, .evaluation = e});
    }
    evolution.tell(results);
  }
  return evolution;
}

/// From these words up to the next empty line.
std::string section(const std::string& text, std::string_view words) {
  const std::size_t begin = text.find(words);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find("\n\n", begin) + 1 - begin);
}

TEST(Report, a_generation_is_ranked_with_the_reasons_of_failures) {
  const Evolution evolution = finished_run(false);
  EXPECT_EQ(
      generation_report(evolution.generation(0), Objective::loss),
      R"(    1. #3     random        2.0022  emb 16 head 2 layer 2 ctx 16 ff 3  lr 0.002159  steps 1500
    2. #1     random        2.0023  emb 12 head 2 layer 2 ctx 24 ff 2  lr 0.002318  steps 1000
    3. #6     random        2.0023  emb 20 head 1 layer 2 ctx 24 ff 3  lr 0.00234   steps 750
    4. #2     random        2.0053  emb 16 head 4 layer 1 ctx 24 ff 3  lr 0.005312  steps 750
    5. #7     random        2.0095  emb 20 head 2 layer 2 ctx 12 ff 1  lr 0.009516  steps 750
    6. #4     random        2.0104  emb 20 head 4 layer 4 ctx  8 ff 1  lr 0.01043   steps 300
    7. #0     random           MAX  emb 16 head 4 layer 4 ctx 16 ff 3  lr 0.001446  steps 300
       it broke
    8. #5     random           MAX  emb 16 head 2 layer 1 ctx  8 ff 2  lr 0.01146   steps 1500
       it broke
)");
}

RunSettings settings_of(std::size_t tokens, Goal goal = Goal::loss) {
  RunSettings settings;
  settings.tokens = tokens;
  settings.evolution.goal = goal;
  return settings;
}

TEST(Report, says_where_counting_predicts_better) {
  EXPECT_EQ(verdict(1.9, {.ngram = 2, .bigram = 2.5}), "");
  EXPECT_EQ(verdict(2.25, {.ngram = 2, .bigram = 2.5}),
            "This model predicts worse than an n-gram model, which only counts:\n"
            "2.2500 against 2.0000. With more steps and channels it would learn more.");
  EXPECT_EQ(verdict(2.5, {.ngram = 2, .bigram = 2.5}),
            "This model predicts worse than counting pairs of characters does:\n"
            "2.5000 against 2.5000. With more steps and channels it would learn more.");
}

TEST(Report, a_generation_has_one_line) {
  const Evolution evolution = finished_run(false);
  EXPECT_EQ(generation_line(evolution.generation(0), evolution.config(), Objective::loss, 1.46),
            "generation 1/3: best 2.0022 (#3), mean 2.0053, worst 2.0104, diversity 8/8, failed 2, "
            "1.5 s");
}

TEST(Report, a_run_in_which_everything_failed_can_be_reported) {
  const Evolution evolution = finished_run(true);
  EXPECT_EQ(generation_line(evolution.generation(2), evolution.config(), Objective::loss, 0),
            "generation 3/3: best MAX (#16), mean MAX, worst MAX, diversity 7/8, failed 8, 0.0 s");
  EXPECT_NE(final_report(evolution.history(), {}, settings_of(27)).find("MAX"), std::string::npos);
}

TEST(Report, the_end_has_trajectory_top_ten_genes_and_champion) {
  const Evolution evolution = finished_run(false);
  Finals finals(best_of(evolution.history(), 2), 3);
  std::vector<Trial> results;
  for (const Task& task : finals.tasks()) {
    Evaluation e = worth(2 + task.genome["lr"] + 0.001 * task.replicate);
    e.test_loss = e.loss;
    results.push_back({.task = task, .evaluation = e});
  }
  finals.tell(results);
  const std::string text = final_report(evolution.history(), finals.ranking(), settings_of(27));
  EXPECT_EQ(section(text, "Trajectory"),
            R"(Trajectory (best loss of each generation; a longer bar is better)
     1    2.0022  ########################################
     2    2.0022  ########################################
     3    2.0022  ########################################
)");
  const std::string top = section(text, "Top ten distinct architectures");
  EXPECT_EQ(std::ranges::count(top, '\n'), 11);
  EXPECT_TRUE(contains(top, R"(
   1. #3     random        2.0022  emb 16 head 2 layer 2 ctx 16 ff 3  lr 0.002159  steps 1500
   2. #11    crossover     2.0022  emb 20 head 2 layer 2 ctx 16 ff 3  lr 0.002159  steps 750
)"));
  EXPECT_TRUE(contains(section(text, "Which genes matter"), R"(
  gene         importance   trend   best at
  lr                  97%   +1.00   0.00216
)"));
  EXPECT_TRUE(contains(section(text, "What separates the best 8 from the worst 8"), R"(
  gene               best      worst  separation
  lr               0.0022   0.008321       -1.63
)"));
  EXPECT_TRUE(contains(section(text, "Insights"), R"(
  The best organisms have lower learning rates (0.0022 against 0.008321).
)"));
  EXPECT_EQ(section(text, "Pareto front of loss and parameters"),
            R"(Pareto front of loss and parameters
        1,992  #9     2.0348  emb 12 head 1 layer 1 ctx 16 ff 2  lr 0.03477   steps 750
  *     3,240  #1     2.0023  emb 12 head 2 layer 2 ctx 24 ff 2  lr 0.002318  steps 1000
        6,240  #3     2.0022  emb 16 head 2 layer 2 ctx 16 ff 3  lr 0.002159  steps 1500
  * the cheapest within 0.01 of the best
)");
  EXPECT_TRUE(
      contains(section(text, "Pareto front of loss and training FLOPs"), "*  0.00e+00  #3"));
  EXPECT_EQ(
      text.substr(text.find("Finalists")),
      R"(Finalists, each retrained 3 times (means and their standard errors; luck: score in the
search minus mean of the new trainings)
  #3     loss 2.0042 ± 0.0006  validation 2.0042  test 2.0042  luck -0.0020
  #11    loss 2.0042 ± 0.0006  validation 2.0042  test 2.0042  luck -0.0020

Champion: organism #3 of generation 1, loss 2.0022
  n_emb 16  n_head 2  n_layer 2  n_ctx 16  n_ff_exp 3  lr 0.0021591  steps 1500
  expected of a new training: validation loss 2.0042, with 95 % probability within 0.0050;
  test loss 2.0042, within 0.0050
)");
}

TEST(Contrast, finds_the_gene_that_differs) {
  std::vector<Organism> top(4), bottom(4);
  for (std::size_t i = 0; i < 4; ++i) {
    top[i].genome["steps"] = 1000 + static_cast<std::uint32_t>(i);
    bottom[i].genome["steps"] = 200 + static_cast<std::uint32_t>(i);
    top[i].genome["lr"] = 0.01, bottom[i].genome["lr"] = 0.01;
  }
  const auto contrasts = contrast(top, bottom);
  ASSERT_EQ(contrasts.size(), 7U);
  EXPECT_EQ(contrasts[0].gene, "steps");
  EXPECT_GT(contrasts[0].separation, 1.9);
  for (std::size_t i = 1; i < 7; ++i) EXPECT_EQ(contrasts[i].separation, 0) << contrasts[i].gene;
}

}  // namespace
}  // namespace microgpt::test
