// Runs on any number of ranks: mpirun -n 3 cluster_test. Every rank runs every test. EXPECT, never
// ASSERT, before a collective: a rank that leaves early would leave the others waiting.
#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "../support/corpus.hpp"
#include "../support/landscape.hpp"
#include "microgpt/cluster/session.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::test {

using namespace cluster;
namespace {

Session* session = nullptr;

// Some trainings fail.
Evaluation fake(const Task& task) {
  if (task.id % 7 == 3) return failed_evaluation(fmt::format("organism {} is ill", task.id));
  return test::fake(task.genome);
}

constexpr Schedule kSchedules[] = {Schedule::dynamic, Schedule::scatter};

// A training that takes a random time, unrelated to its cost: up to ten times that of another.
Evaluation slow_fake(const Task& task) {
  Rng rng(task.id, Stream::names, 99);
  std::this_thread::sleep_for(std::chrono::microseconds(200 + rng.below(1800)));
  return fake(task);
}

// The whole history of an evolution, evaluated by `evaluator`.
std::vector<Organism> history_with(Evaluator& evaluator, std::size_t population, Mode mode) {
  Evolution evolution({.mode = mode, .population = population, .generations = 4, .seed = 11}, {},
                      fake_cost);
  while (!evolution.finished()) {
    std::vector<Task> tasks;
    for (const Organism& o : evolution.ask()) {
      tasks.push_back(task_of(o));
    }
    evaluator.submit(tasks);
    evolution.tell(std::vector{evaluator.wait()});
  }
  return {evolution.history().begin(), evolution.history().end()};
}

TEST(Cluster, the_history_is_that_of_one_process_for_few_and_many_organisms_in_both_modes) {
  for (const Mode mode : {Mode::generational, Mode::steady_state}) {
    for (const Schedule schedule : kSchedules) {
      for (const std::size_t population : {3U, 8U, 17U}) {
        if (!session->is_coordinator()) {
          session->work(slow_fake, schedule);
          continue;
        }
        std::vector<Organism> parallel;
        {
          const auto evaluator = session->coordinate(slow_fake, schedule);
          parallel = history_with(*evaluator, population, mode);
        }
        const auto alone = local_evaluator(fake);
        expect_same(parallel, history_with(*alone, population, mode));
      }
    }
  }
}

TEST(Cluster, a_training_that_fails_costs_one_organism_and_gives_the_reason) {
  for (const Schedule schedule : kSchedules) {
    if (!session->is_coordinator()) {
      session->work(fake, schedule);
      continue;
    }
    const auto evaluator = session->coordinate(fake, schedule);
    std::vector<Task> tasks(11);
    for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i].id = i;
    auto trials = evaluator->evaluate(tasks);
    EXPECT_EQ(trials.size(), tasks.size());
    std::ranges::sort(trials, {}, [](const Trial& trial) { return trial.task.id; });
    for (std::size_t i = 0; i < trials.size(); ++i) {
      const Evaluation& e = trials[i].evaluation;
      EXPECT_EQ(trials[i].task.id, i);
      EXPECT_EQ(e.failed(), i % 7 == 3);
      if (e.failed()) {
        EXPECT_EQ(e.loss, kMaxLoss);
        EXPECT_EQ(e.failure, "organism " + std::to_string(i) + " is ill");
      }
    }
  }
}

TEST(Cluster, rank_0_does_not_train_while_there_are_workers) {
  for (const Schedule schedule : kSchedules) {
    if (!session->is_coordinator()) {
      session->work(fake, schedule);
      continue;
    }
    const auto evaluator = session->coordinate(fake, schedule);
    std::vector<Task> tasks(5);
    for (const Trial& trial : evaluator->evaluate(tasks)) {
      EXPECT_EQ(trial.timing.rank == 0, session->size() == 1);
    }
  }
}

TEST(Cluster, no_tasks_give_no_results_and_cannot_be_waited_for) {
  for (const Schedule schedule : kSchedules) {
    if (!session->is_coordinator()) {
      session->work(fake, schedule);
      continue;
    }
    const auto evaluator = session->coordinate(fake, schedule);
    EXPECT_TRUE(evaluator->evaluate({}).empty());
    EXPECT_EQ(evaluator->pending(), 0U);
    EXPECT_THROW(evaluator->wait(), Error);
  }
}

// Whoever is free gets the task with the highest priority of those that wait.
TEST(Cluster, the_highest_priority_goes_first) {
  if (!session->is_coordinator()) return session->work(fake, Schedule::dynamic);
  const auto evaluator = session->coordinate(fake, Schedule::dynamic);
  std::set<double> waiting;
  std::vector<Task> tasks(12);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    tasks[i].id = i;
    tasks[i].priority = static_cast<double>(i * 5 % 12);
    waiting.insert(tasks[i].priority);
  }
  std::map<int, double> busy;  // the priority of the task that each worker has
  evaluator->submit(tasks);
  while (evaluator->pending() > 0) {
    for (const WorkerState& worker : evaluator->workers()) {
      if (!worker.task || busy.contains(worker.rank)) continue;
      busy[worker.rank] = worker.task->priority;
      waiting.erase(worker.task->priority);
    }
    for (const auto& [worker, priority] : busy) {
      EXPECT_TRUE(waiting.empty() || priority > *waiting.rbegin()) << "worker " << worker;
    }
    busy.erase(evaluator->wait().timing.rank);
  }
  EXPECT_TRUE(waiting.empty() || session->size() == 1);
}

// An evaluator may be left while tasks are under way, as happens when an error ends a run.
TEST(Cluster, workers_are_dismissed_although_results_were_not_fetched) {
  if (session->is_coordinator()) {
    const auto evaluator = session->coordinate(slow_fake, Schedule::dynamic);
    evaluator->submit(std::vector<Task>(7));
  } else {
    session->work(slow_fake, Schedule::dynamic);
  }
  int came_back = 1;
  if (session->size() > 1) {
    MPI_Allreduce(MPI_IN_PLACE, &came_back, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  }
  EXPECT_EQ(came_back, session->size());
}

/// Every coordinator writes to that of the next island, and to rank 0.
void expect_messages_to_arrive(IslandChannel& channel, std::size_t islands) {
  const std::vector<std::size_t> own = session->islands();
  for (const std::size_t island : own) {
    Organism traveller;
    traveller.id = island, traveller.parents = {7, 8}, traveller.origin = Origin::mutant;
    traveller.island = 5;
    traveller.evaluation.emplace().loss = 2.5;
    const std::size_t next = (island + 1) % islands;
    channel.send(Migrant{.island = next, .organism = traveller});
    channel.send(Migrant{.island = next, .organism = std::nullopt, .last = true});
  }
  std::map<std::size_t, std::vector<Migrant>> came;
  for (std::size_t i = 0; i < 2 * own.size(); ++i) {
    const Migrant migrant = std::get<Migrant>(channel.wait());
    came[migrant.island].push_back(migrant);
  }
  for (const std::size_t island : own) {
    EXPECT_EQ(came[island].size(), 2U);
    came[island].resize(2);
    const Organism traveller = came[island][0].organism.value_or(Organism{});
    EXPECT_EQ(traveller.id, (island + islands - 1) % islands);
    EXPECT_EQ(traveller.parents, (std::vector<std::uint64_t>{7, 8}));
    EXPECT_EQ(traveller.origin, Origin::mutant);
    EXPECT_EQ(traveller.island, 5U);
    EXPECT_EQ(traveller.evaluation.value_or(Evaluation{}).loss, 2.5);
    EXPECT_FALSE(came[island][1].organism.has_value());
    EXPECT_TRUE(came[island][1].last);
    if (session->is_first()) continue;
    const Trial trial = {.task = {.id = island, .replicate = 3}, .timing = {.host = "h"}};
    channel.send(GenerationReport{.island = island, .trials = {trial}, .last = true, .flops = 1.5});
  }
  if (!session->is_first()) return;
  std::set<std::size_t> finished(own.begin(), own.end());
  while (finished.size() < islands) {
    const GenerationReport report = std::get<GenerationReport>(channel.wait());
    EXPECT_TRUE(report.last && report.flops == 1.5);
    EXPECT_EQ(report.trials.size(), 1U);
    EXPECT_EQ(report.trials.front().task.replicate, 3U);
    EXPECT_EQ(report.trials.front().timing.host, "h");
    EXPECT_TRUE(finished.insert(report.island).second);
  }
  EXPECT_FALSE(channel.poll().has_value());
}

// Last of those that use groups: afterwards there is one again.
TEST(Cluster, islands_are_bred_by_groups_that_write_to_each_other) {
  for (const std::size_t islands : {3U, 2U, 1U}) {
    session->form_groups(islands);
    if (!session->is_coordinator()) {
      session->work(fake, Schedule::dynamic);
      continue;
    }
    const auto evaluator = session->coordinate(fake, Schedule::dynamic);
    const auto channel = session->island_channel();
    for (const std::size_t island : session->islands()) {
      EXPECT_LT(island, islands);
      std::vector<Task> tasks(3, Task{.id = island});
      EXPECT_EQ(evaluator->evaluate(tasks).size(), 3U);  // by the own group
    }
    if (channel) expect_messages_to_arrive(*channel, islands);
  }
}

TEST(Cluster, groups_have_two_ranks_at_least) {
  session->form_groups(3);
  const std::size_t ranks = static_cast<std::size_t>(session->size());
  const std::size_t groups = std::max<std::size_t>(1, std::min<std::size_t>(3, ranks / 2));
  EXPECT_EQ(session->workers(), ranks == 1 ? 1 : ranks - groups);
  if (session->is_coordinator()) {
    EXPECT_FALSE(session->islands().empty());
  }
  session->form_groups(1);
  EXPECT_EQ(session->is_coordinator(), session->is_first());
}

class ClusterTokens : public ::testing::TestWithParam<Tokenizer> {};

TEST_P(ClusterTokens, a_problem_reaches_every_rank_unchanged) {
  const Tokenizer tokenizer = GetParam();
  std::vector<std::string> names;
  for (char c = 'a'; c <= 'z'; ++c) names.push_back(std::string(3, c) + "\u00e9");
  Problem original;
  original.dataset = training::split(corpus_of(names), 3, tokenizer);
  original.dataset.checksum = "abc";
  original.objective = Objective::beauty;
  original.precision = Precision::f32;
  original.seed = 0xFFFFFFFFFFFFFFFFULL;
  original.samples = 77;
  original.temperature = 0.123456789;
  RunSpec spec;
  if (session->is_first()) {
    spec = {.arguments = {"--seed=3", "--mode=steady-state"},
            .problem = original,
            .space = aesthetic_space(),
            .folder = "a folder",
            .journal_header = "{}",
            .exit_code = 0};
  }
  session->share(spec);
  EXPECT_EQ(spec.arguments, (std::vector<std::string>{"--seed=3", "--mode=steady-state"}));
  EXPECT_EQ(spec.space, aesthetic_space());
  EXPECT_EQ(spec.folder, "a folder");
  EXPECT_EQ(spec.journal_header, "{}");
  EXPECT_EQ(spec.exit_code, 0);
  const std::optional<Problem>& problem = spec.problem;
  EXPECT_TRUE(problem.has_value());
  EXPECT_EQ(problem->dataset.vocabulary, original.dataset.vocabulary);
  EXPECT_EQ(problem->dataset.tokenizer, tokenizer);
  EXPECT_EQ(problem->dataset.validation.length(), original.dataset.validation.length());
  EXPECT_EQ(problem->dataset.training, original.dataset.training);
  EXPECT_EQ(problem->dataset.validation, original.dataset.validation);
  EXPECT_EQ(problem->dataset.test, original.dataset.test);
  EXPECT_EQ(problem->dataset.checksum, original.dataset.checksum);
  EXPECT_EQ(problem->objective, original.objective);
  EXPECT_EQ(problem->precision, original.precision);
  EXPECT_EQ(problem->seed, original.seed);
  EXPECT_EQ(problem->samples, original.samples);
  EXPECT_EQ(problem->temperature, original.temperature);
}

INSTANTIATE_TEST_SUITE_P(All, ClusterTokens,
                         ::testing::Values(Tokenizer{}, Tokenizer{TokenKind::bytes},
                                           Tokenizer{TokenKind::bpe, 40}),
                         [](const auto& test) { return std::string(name(test.param.kind)); });

TEST(Cluster, without_a_problem_nobody_has_one) {
  RunSpec spec;
  if (!session->is_first()) spec.problem.emplace();
  session->share(spec);
  EXPECT_FALSE(spec.problem.has_value());
  EXPECT_EQ(spec.exit_code, 2);
}

}  // namespace
}  // namespace microgpt::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  microgpt::cluster::Session session(argc, argv);
  microgpt::test::session = &session;
  if (!session.is_first()) {  // its failures still count, and are printed by their EXPECT
    auto& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
  }
  int failed = RUN_ALL_TESTS();
  if (session.size() > 1) MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
  return failed;
}
