#include "microgpt/evolution/ablation.hpp"

#include <gtest/gtest.h>

#include <set>

#include "../support/errors.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

const GptGenome kGenome = {.n_emb = 6, .n_head = 3, .lr = 0.01, .activation = Activation::gelu};

/// A champion whose replicates have these fitnesses.
Finalist champion_with(const std::vector<double>& fitness) {
  Finalist finalist;
  finalist.organism.genome = kGenome;
  for (const double f : fitness) {
    finalist.replicates.emplace_back();
    finalist.replicates.back().fitness = f;
  }
  return finalist;
}

Cost free_of_charge(const Genome&) { return {.flops = 1}; }

TEST(Ablations, set_each_gene_that_changed_back_and_no_other) {
  const Finalist champion = champion_with({1, 2, 3, 4});
  const Ablations ablations(champion, 2, 50, free_of_charge, {});
  const std::vector<Task> tasks = ablations.tasks();
  ASSERT_EQ(tasks.size(), 8U);  // n_emb, n_head, lr and activation, twice each
  std::set<Task::Key> keys;
  for (const Task& task : tasks) {
    EXPECT_GE(task.id, 50U);
    EXPECT_TRUE(task.replicate == 1 || task.replicate == 2);
    EXPECT_TRUE(keys.insert(task.key()).second);
    validate(task.genome);
  }
  GptGenome expected = kGenome;
  expected.lr = GptGenome().lr;
  EXPECT_EQ(tasks[4].genome, expected);
  expected = kGenome;
  expected.activation = Activation::relu;
  EXPECT_EQ(tasks[6].genome, expected);
  // Three heads do not divide 16 channels, nor four heads six channels: both go back.
  expected = kGenome;
  expected.n_emb = 16, expected.n_head = 4;
  EXPECT_EQ(tasks[0].genome, expected);
  EXPECT_EQ(tasks[2].genome, expected);
}

TEST(Ablations, leave_out_what_the_space_does_not_allow) {
  const Finalist champion = champion_with({1});
  const auto cost = [](const Genome& g) {
    return Cost{.flops = 7, .parameters = static_cast<double>(g["n_emb"])};
  };
  SearchSpace space;
  space.max_parameters = 10;  // the primordial organism has 16 channels
  const std::vector<Task> tasks = Ablations(champion, 3, 0, cost, space).tasks();
  ASSERT_EQ(tasks.size(), 2U);  // one replicate, since the champion has no more
  for (const Task& task : tasks) EXPECT_EQ(task.flops, 7);
}

TEST(Ablations, are_compared_replicate_by_replicate) {
  Finalist champion = champion_with({1, 2, 4});
  Ablations ablations(champion, 3, 9, free_of_charge, {});
  std::vector<Trial> trials;
  for (const Task& task : ablations.tasks()) {
    Trial& trial = trials.emplace_back();
    trial.task = task;
    trial.evaluation.fitness = gpt_genome(task.genome).activation == Activation::relu ? 0.5 : 5;
    if (task.genome["lr"] != kGenome.lr && task.replicate == 2) {
      trial.evaluation = failed_evaluation("bad luck");
    }
  }
  const std::vector<Trial> too_few(trials.begin() + 1, trials.end());
  EXPECT_TRUE(
      contains(error_of([&] { Ablations(champion, 3, 9, free_of_charge, {}).tell(too_few); }),
               "replicate 1 of the champion without its n_emb is missing"));
  ablations.tell(trials);
  ASSERT_EQ(ablations.all().size(), 4U);
  EXPECT_EQ(ablations.all()[0].gene->name, "n_emb");  // worth (4 + 3 + 1) / 3
  EXPECT_NEAR(ablations.all()[0].difference.mean, 8.0 / 3, 1e-12);
  EXPECT_EQ(ablations.all()[2].gene->name, "lr");  // worth (4 + 1) / 2: one training failed
  EXPECT_EQ(ablations.all()[2].difference.mean, 2.5);
  EXPECT_EQ(ablations.all()[2].difference.count, 2U);
  EXPECT_EQ(ablations.all()[2].failures(), 1U);
  EXPECT_EQ(ablations.all()[3].gene->name, "activation");  // worth less than nothing
  EXPECT_NEAR(ablations.all()[3].difference.mean, -5.5 / 3, 1e-12);
}

}  // namespace
}  // namespace microgpt::test
