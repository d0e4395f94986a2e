#include "microgpt/evolution/finals.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../support/errors.hpp"
#include "microgpt/core/random.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

std::vector<Organism> organisms(std::size_t count) {
  std::vector<Organism> found(count);
  for (std::size_t i = 0; i < count; ++i) {
    found[i].id = 10 * i;
    found[i].genome["steps"] = 100 + static_cast<std::uint32_t>(i);
  }
  return found;
}

Trial trial(const Task& task, double loss) {
  Evaluation e;
  e.fitness = e.loss = loss;
  e.test_loss = loss + 0.5;
  return {.task = task, .evaluation = e};
}

TEST(Estimate, has_the_mean_its_error_and_students_interval) {
  const double measurements[] = {1, 2, 3, 4, 5};
  const Estimate e = estimate_of(measurements);
  EXPECT_EQ(e.mean, 3);
  EXPECT_EQ(e.count, 5U);
  EXPECT_NEAR(e.standard_error, std::sqrt(2.5 / 5), 1e-15);
  EXPECT_NEAR(e.next_within(), 2.7764451 * std::sqrt(2.5) * std::sqrt(1 + 1.0 / 5), 1e-6);
  EXPECT_TRUE(std::isinf(estimate_of(std::span(measurements, 1)).next_within()));
}

// Of normally distributed measurements, 95 % of the next ones lie in the interval.
TEST(Estimate, covers_the_next_measurement_as_often_as_it_says) {
  Rng rng(1, Stream::breeding, 0);
  const auto normal = [&] {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += rng.uniform();
    return sum;
  };
  constexpr int kTrials = 20'000;
  int covered = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    double measurements[5];
    for (double& x : measurements) x = normal();
    const Estimate e = estimate_of(measurements);
    covered += std::abs(normal() - e.mean) <= e.next_within();
  }
  EXPECT_NEAR(static_cast<double>(covered) / kTrials, 0.95, 0.01);
}

TEST(Finals, ask_for_fresh_replicates_of_everyone) {
  const Finals finals(organisms(3), 4);
  const auto tasks = finals.tasks();
  ASSERT_EQ(tasks.size(), 12U);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    EXPECT_EQ(tasks[i].id, 10 * (i / 4));
    EXPECT_EQ(tasks[i].genome["steps"], 100 + i / 4);
    EXPECT_EQ(tasks[i].replicate, 1 + i % 4);  // 0 was the search
  }
}

// What is read 16 times instead of once must be dropped more often; what is read less than once
// either way need not be.
TEST(Finals, that_train_longer_drop_more_ngrams) {
  std::vector<Organism> best = organisms(1);
  best[0].genome["ngram"] = 3, best[0].genome["ngram_dropout"] = 0.2, best[0].genome["steps"] = 100;
  best[0].genome["n_ctx"] = 8, best[0].genome["batch"] = 3;
  // 300 windows: of eight tokens in a text of one document, of five in one of 2,000 tokens.
  const auto dropout = [&](double longer, double epochs) {
    const TextStatistics text = {
        .tokens = static_cast<std::size_t>(2400 / epochs), .documents = 1, .unique_ngrams = 1e9};
    return Finals(best, 1, longer, text).tasks()[0].genome["ngram_dropout"];
  };
  EXPECT_DOUBLE_EQ(epochs_of(gpt_genome(best[0].genome), {.tokens = 2000, .documents = 400}), 0.75);
  EXPECT_DOUBLE_EQ(dropout(16, 1), 1 - 0.8 / 4);
  EXPECT_DOUBLE_EQ(dropout(4, 5), 1 - 0.8 / 2);
  EXPECT_DOUBLE_EQ(dropout(16, 1.0 / 16), 0.2);
  EXPECT_DOUBLE_EQ(dropout(16, 1.0 / 4), 1 - 0.8 / 2);
  EXPECT_EQ(dropout(1, 9), 0.2);
  EXPECT_EQ(dropout(1000, 30), 0.95) << "the most there is";
  best[0].genome["ngram"] = 1;
  EXPECT_EQ(dropout(16, 1), 0.2);
}

TEST(Finals, keep_the_ngrams_of_a_text_that_repeats_them) {
  EXPECT_DOUBLE_EQ(kept_ngrams(16, 1e9), 1.0 / 4);  // the share's limit
  EXPECT_DOUBLE_EQ(kept_ngrams(9, 0.1), 1 / std::sqrt(5.0));
  EXPECT_DOUBLE_EQ(kept_ngrams(0.5, 1), 1);
  EXPECT_DOUBLE_EQ(kept_ngrams(100, 0), 1);
  // What was measured; docs/texts.md says where.
  EXPECT_NEAR(kept_ngrams(8, 0.05), 0.65, 0.03);  // lines of C++
  EXPECT_NEAR(kept_ngrams(10, 0.21), 0.3, 0.06);  // cities of the USA
  EXPECT_NEAR(kept_ngrams(8, 0.018), 1.0, 0.12);  // paragraphs
}

// With a rate that is smaller by the fourth root of the factor.
TEST(Finals, may_train_longer) {
  std::vector<Organism> best = organisms(2);
  for (Organism& organism : best) organism.flops = 1e9, organism.genome["lr"] = 0.008;
  const Finals finals(best, 1, 16);
  const auto tasks = finals.tasks();
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[1].genome["steps"], 16U * 101);
  EXPECT_DOUBLE_EQ(tasks[1].flops, 16e9);
  EXPECT_DOUBLE_EQ(tasks[1].genome["lr"], 0.004);
  EXPECT_TRUE(tasks[1].keeps_weights);
  for (Organism& organism : best) organism.genome["steps"] = 90'000'000;
  EXPECT_EQ(Finals(best, 1, 3.0).tasks()[0].genome["steps"], 100'000'000U) << "the most there is";
}

TEST(Finals, keep_the_weights_of_the_best_training_of_each) {
  std::vector<Trial> trials;
  const double losses[] = {2.2, 2.1, 2.3, 1.9, 1.9};
  for (std::size_t i = 0; i < 5; ++i) {
    trials.push_back(trial({.id = i < 3 ? 1U : 2U}, losses[i]));
    trials.back().evaluation.weights = fmt::to_string(i);
    keep_best_weights(trials);
  }
  std::string kept;
  for (const Trial& each : trials) kept += each.evaluation.weights;
  EXPECT_EQ(kept, "13");
}

TEST(Finals, crown_the_best_mean_whatever_the_order_of_results) {
  Finals finals(organisms(3), 2);
  std::vector<Trial> trials;
  for (const Task& task : finals.tasks()) {
    const double mean = task.id == 10 ? 2.0 : 2.1 + 0.01 * static_cast<double>(task.id);
    trials.push_back(trial(task, mean + (task.replicate == 1 ? 0.3 : -0.3)));
  }
  std::reverse(trials.begin(), trials.end());
  finals.tell(trials);
  const Finalist& champion = finals.ranking().front();
  EXPECT_EQ(champion.organism.id, 10U);
  EXPECT_NEAR(champion.validation.mean, 2.0, 1e-12);
  EXPECT_NEAR(champion.test.mean, 2.5, 1e-12);
  EXPECT_NEAR(champion.validation.standard_error, 0.3, 1e-12);
  EXPECT_EQ(finals.ranking()[1].organism.id, 0U);
}

TEST(Finals, who_fails_less_often_wins) {
  Finals finals(organisms(2), 2);
  std::vector<Trial> trials;
  for (const Task& task : finals.tasks()) {
    trials.push_back(trial(task, task.id == 0 ? 1.0 : 3.0));
  }
  trials[1].evaluation = {};
  trials[1].evaluation.failure = "it diverged";
  finals.tell(trials);
  EXPECT_EQ(finals.ranking().front().organism.id, 10U);
  const Finalist& second = finals.ranking()[1];
  EXPECT_EQ(second.failures(), 1U);
  EXPECT_FALSE(second.failed());
  EXPECT_EQ(second.validation.count, 1U);  // the one that went well
}

TEST(Finals, who_fails_always_has_failed) {
  Finals finals(organisms(2), 2);
  std::vector<Trial> trials;
  for (const Task& task : finals.tasks()) {
    trials.push_back(trial(task, 3.0));
    if (task.id != 0) continue;
    trials.back().evaluation = {};
    trials.back().evaluation.failure = "it diverged";
  }
  finals.tell(trials);
  EXPECT_EQ(finals.ranking().front().organism.id, 10U);
  EXPECT_TRUE(finals.ranking()[1].failed());
  EXPECT_EQ(finals.ranking()[1].fitness.mean, kMaxLoss);
}

TEST(Finals, refuse_results_that_are_missing_or_strange) {
  Finals finals(organisms(2), 2);
  std::vector<Trial> trials;
  for (const Task& task : finals.tasks()) trials.push_back(trial(task, 2));
  std::vector<Trial> fewer(trials.begin(), trials.end() - 1), doubled = trials;
  doubled[0] = doubled[1];
  std::vector<Trial> foreign = trials;
  foreign[0].task.id = 99;
  for (const auto& wrong : {fewer, doubled, foreign}) {
    EXPECT_NE(error_of([&] { finals.tell(wrong); }), "");
  }
}

}  // namespace
}  // namespace microgpt::test
