#include "microgpt/evolution/objective.hpp"

#include "../support/corpus.hpp"
#include "microgpt/evolution/creature.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "microgpt/evolution/creature.hpp"
#include "microgpt/training/baselines.hpp"
#include "microgpt/training/scoring.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

// Invented names with some regularity, so that there is something to learn.
Problem small_problem(Objective objective = Objective::loss) {
  const std::string starts[] = {"ka", "mi", "ro", "te", "lu", "so"};
  const std::string ends[] = {"na", "rin", "do", "lia", "mar"};
  std::vector<std::string> names;
  for (const auto& a : starts) {
    for (const auto& b : starts) {
      for (const auto& c : ends) names.push_back(a + b + c);
    }
  }
  Problem problem;
  problem.dataset = split(names, 1);
  problem.objective = objective;
  problem.samples = 5;
  return problem;
}

const GptGenome kSmall = {
    .n_emb = 8, .n_head = 2, .n_ctx = 8, .n_ff_exp = 1, .lr = 0.02, .steps = 150};

TEST(Evaluate, trains_an_organism_that_knows_more_than_nothing) {
  const Problem problem = small_problem();
  const Evaluation e = evaluate(kSmall, problem);
  EXPECT_FALSE(e.failed()) << e.failure;
  EXPECT_LT(e.loss, uniform_loss(problem.dataset.vocabulary) - 0.5);
  EXPECT_EQ(e.fitness, e.loss);
  EXPECT_FALSE(e.beauty.has_value());
}

TEST(Evaluate, gives_the_same_bits_again_and_others_for_another_seed) {
  Problem problem = small_problem();
  const Evaluation e = evaluate(kSmall, problem);
  EXPECT_EQ(evaluate(kSmall, problem), e);
  problem.seed = 2;
  EXPECT_NE(evaluate(kSmall, problem).loss, e.loss);
}

TEST(Evaluate, replicates_have_their_own_luck_and_are_judged_by_the_test_names_too) {
  const Problem problem = small_problem();
  const Evaluation e = evaluate(kSmall, problem), first = evaluate(kSmall, problem, 1);
  EXPECT_FALSE(e.test_loss.has_value());
  ASSERT_TRUE(first.test_loss.has_value());
  EXPECT_NE(*first.test_loss, first.loss);
  EXPECT_EQ(first.learning.size(), LearningCurve::kParts);
  EXPECT_LT(first.learning.back(), first.learning.front() - 0.5);
  EXPECT_TRUE(e.learning.empty()) << "there are too many trainings in a search";
  EXPECT_NE(first.loss, e.loss);
  EXPECT_EQ(evaluate(kSmall, problem, 1), first);
  EXPECT_NE(evaluate(kSmall, problem, 2).loss, first.loss);
}

TEST(Evaluate, the_last_step_is_another_measure_of_the_same_training) {
  Problem problem = small_problem();
  const Evaluation honest = evaluate(kSmall, problem);
  problem.objective = Objective::last_step;
  const Evaluation last = evaluate(kSmall, problem);
  EXPECT_EQ(last.loss, honest.loss);
  EXPECT_NE(last.fitness, honest.fitness);
  Creature creature(kSmall, problem.dataset, problem.precision, problem.seed);
  EXPECT_EQ(creature.train(), last.fitness);
}

TEST(Evaluate, an_impossible_organism_gets_the_maximum_and_the_reason) {
  GptGenome impossible = kSmall;
  impossible.n_head = 3;
  const Evaluation e = evaluate(impossible, small_problem());
  EXPECT_TRUE(e.failed());
  EXPECT_EQ(e.loss, kMaxLoss);
  EXPECT_EQ(e.fitness, kMaxLoss);
  EXPECT_NE(e.failure.find("n_head (3)"), std::string::npos) << e.failure;
}

TEST(Evaluate, beauty_is_minimised_with_a_minus) {
  const Evaluation e = evaluate(kSmall, small_problem(Objective::beauty));
  ASSERT_TRUE(e.beauty.has_value());
  EXPECT_EQ(e.fitness, -*e.beauty);
  EXPECT_LT(e.loss, kMaxLoss);
}

TEST(Evaluate, single_precision_agrees_with_double_to_its_own_accuracy) {
  Problem problem = small_problem();
  const double f64 = evaluate(kSmall, problem).loss;
  problem.precision = Precision::f32;
  const double f32 = evaluate(kSmall, problem).loss;
  EXPECT_NE(f32, f64);
  EXPECT_NEAR(f32, f64, 1e-2);
}

TEST(Creature, names_do_not_depend_on_how_many_are_spoken) {
  const Problem problem = small_problem();
  Creature creature(kSmall, problem.dataset, Precision::f64, 1);
  creature.train();
  const auto five = creature.speak(5, 0.8), two = creature.speak(2, 0.8);
  EXPECT_EQ(five[0], two[0]);
  EXPECT_EQ(five[1], two[1]);
}

TEST(LearningCurve, has_the_means_of_equal_parts_of_the_steps) {
  for (const std::size_t steps : {1U, 7U, 20U, 21U, 39U, 400U, 401U}) {
    SCOPED_TRACE(fmt::format("{} steps", steps));
    LearningCurve curve(steps);
    for (std::size_t i = 0; i < steps; ++i) curve.add(static_cast<double>(i));
    const std::size_t parts = std::min<std::size_t>(steps, LearningCurve::kParts);
    ASSERT_EQ(curve.means().size(), parts);
    double sum = 0;
    std::size_t begin = 0;
    for (std::size_t part = 0; part < parts; ++part) {
      const std::size_t end = ((part + 1) * steps + parts - 1) / parts;  // rounded up
      EXPECT_DOUBLE_EQ(curve.means()[part], static_cast<double>(begin + end - 1) / 2);
      sum += curve.means()[part] * static_cast<double>(end - begin);
      begin = end;
    }
    EXPECT_DOUBLE_EQ(sum, static_cast<double>(steps * (steps - 1)) / 2);
  }
}

}  // namespace
}  // namespace microgpt::test
