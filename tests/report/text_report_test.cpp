#include "microgpt/report/text_report.hpp"
#include "microgpt/analysis/contrast.hpp"

#include <gtest/gtest.h>

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
      Evaluation e = worth(2 + o.genome.lr);
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

TEST(Report, a_generation_names_failures_and_their_reasons) {
  const Evolution evolution = finished_run(false);
  const std::string text = generation_report(evolution.generation(0), Objective::loss);
  EXPECT_NE(text.find("it broke"), std::string::npos);
  EXPECT_NE(text.find("MAX"), std::string::npos);
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
  EXPECT_NE(final_report(evolution.history(), {}, Objective::loss, 27).find("MAX"),
            std::string::npos);
}

TEST(Report, the_end_has_trajectory_top_ten_genes_and_champion) {
  const Evolution evolution = finished_run(false);
  Finals finals(best_of(evolution.history(), 2), 3);
  std::vector<Trial> results;
  for (const Task& task : finals.tasks()) {
    Evaluation e = worth(2 + task.genome.lr + 0.001 * task.replicate);
    e.test_loss = e.loss;
    results.push_back({.task = task, .evaluation = e});
  }
  finals.tell(results);
  const std::string text = final_report(evolution.history(), finals.ranking(), Objective::loss, 27);
  for (const char* part :
       {"Trajectory", "Top ten", "Which genes matter", "What separates", "Insights",
        "Pareto front of loss and parameters", "Pareto front of loss and training FLOPs",
        "Finalists", "Champion", "expected of a new training"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(Contrast, finds_the_gene_that_differs) {
  std::vector<Organism> top(4), bottom(4);
  for (std::size_t i = 0; i < 4; ++i) {
    top[i].genome.steps = 1000 + static_cast<std::uint32_t>(i);
    bottom[i].genome.steps = 200 + static_cast<std::uint32_t>(i);
    top[i].genome.lr = 0.01, bottom[i].genome.lr = 0.01;
  }
  const auto contrasts = contrast(top, bottom);
  ASSERT_EQ(contrasts.size(), 7U);
  EXPECT_EQ(contrasts[0].gene, "steps");
  EXPECT_GT(contrasts[0].separation, 1.9);
  for (std::size_t i = 1; i < 7; ++i) EXPECT_EQ(contrasts[i].separation, 0) << contrasts[i].gene;
}

}  // namespace
}  // namespace microgpt::test
