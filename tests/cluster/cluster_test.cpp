// Runs on any number of ranks: mpirun -n 3 cluster_test. Every rank runs every test. EXPECT, never
// ASSERT, before a collective: a rank that leaves early would leave the others waiting.
#include <gtest/gtest.h>
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

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
  if (task.id % 7 == 3) throw std::runtime_error("organism " + std::to_string(task.id) + " threw");
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
      tasks.push_back({.id = o.id, .genome = o.genome, .replicate = 0, .rank = rank_of(o)});
    }
    evaluator.submit(tasks);
    evolution.tell(std::vector{evaluator.wait().result});
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

TEST(Cluster, a_worker_that_throws_costs_one_organism_and_gives_the_reason) {
  for (const Schedule schedule : kSchedules) {
    if (!session->is_coordinator()) {
      session->work(fake, schedule);
      continue;
    }
    const auto evaluator = session->coordinate(fake, schedule);
    std::vector<Task> tasks(11);
    for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i].id = i;
    auto timed = evaluator->evaluate(tasks);
    EXPECT_EQ(timed.size(), tasks.size());
    std::sort(timed.begin(), timed.end(),
              [](const TimedResult& a, const TimedResult& b) { return a.result.id < b.result.id; });
    for (std::size_t i = 0; i < timed.size(); ++i) {
      const Evaluation& e = timed[i].result.evaluation;
      EXPECT_EQ(timed[i].result.id, i);
      EXPECT_EQ(e.failed(), i % 7 == 3);
      if (e.failed()) {
        EXPECT_EQ(e.loss, kMaxLoss);
        EXPECT_EQ(e.failure, "organism " + std::to_string(i) + " threw");
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
    for (const TimedResult& timed : evaluator->evaluate(tasks)) {
      EXPECT_EQ(timed.timing.rank == 0, session->size() == 1);
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

// Whoever is free gets the task with the lowest rank of those that wait.
TEST(Cluster, the_lowest_rank_goes_first) {
  if (!session->is_coordinator()) return session->work(fake, Schedule::dynamic);
  const auto evaluator = session->coordinate(fake, Schedule::dynamic);
  std::set<double> waiting;
  std::vector<Task> tasks(12);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    tasks[i].id = i;
    tasks[i].rank = static_cast<double>(i * 5 % 12);
    waiting.insert(tasks[i].rank);
  }
  std::map<int, double> busy;  // the rank of the task that each worker has
  evaluator->submit(tasks);
  while (evaluator->pending() > 0) {
    for (const Running& worker : evaluator->running()) {
      if (!worker.task || busy.contains(worker.rank)) continue;
      busy[worker.rank] = worker.task->rank;
      waiting.erase(worker.task->rank);
    }
    for (const auto& [worker, rank] : busy) {
      EXPECT_TRUE(waiting.empty() || rank < *waiting.begin()) << "worker " << worker;
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

// Last of those that use groups: afterwards there is one again.
TEST(Cluster, islands_are_bred_by_groups_that_write_to_each_other) {
  for (const std::size_t islands : {3U, 2U, 1U}) {
    session->form_groups(islands);
    if (!session->is_coordinator()) {
      session->work(fake, Schedule::dynamic);
      continue;
    }
    const auto evaluator = session->coordinate(fake, Schedule::dynamic);
    const auto mail = session->mail();
    for (const std::size_t island : session->islands()) {
      EXPECT_LT(island, islands);
      Organism traveller;
      traveller.id = island, traveller.parents = {7, 8}, traveller.origin = Origin::mutant;
      traveller.evaluation.emplace().loss = 2.5;
      mail->send(Migrant{.island = (island + 1) % islands, .organism = traveller});
      mail->send(Migrant{.island = (island + 1) % islands, .organism = std::nullopt});
    }
    std::map<std::size_t, std::vector<Migrant>> came;
    for (std::size_t i = 0; i < 2 * session->islands().size(); ++i) {
      const Migrant migrant = std::get<Migrant>(mail->wait());
      came[migrant.island].push_back(migrant);
    }
    for (const std::size_t island : session->islands()) {
      EXPECT_EQ(came[island].size(), 2U);
      came[island].resize(2);
      const Organism traveller = came[island][0].organism.value_or(Organism{});
      EXPECT_EQ(traveller.id, (island + islands - 1) % islands);
      EXPECT_EQ(traveller.parents, (std::vector<std::uint64_t>{7, 8}));
      EXPECT_EQ(traveller.origin, Origin::mutant);
      EXPECT_EQ(traveller.evaluation.value_or(Evaluation{}).loss, 2.5);
      EXPECT_FALSE(came[island][1].organism.has_value());
      std::vector<Task> tasks(3, Task{.id = island, .genome = {}});
      EXPECT_EQ(evaluator->evaluate(tasks).size(), 3U);  // by the own group
      GenerationReport news;
      news.island = island, news.work.resize(1), news.seconds = 1.5, news.last = true;
      mail->send(news);
    }
    if (!session->is_first()) continue;
    std::set<std::size_t> finished;
    while (finished.size() < islands) {
      const GenerationReport news = std::get<GenerationReport>(mail->wait());
      EXPECT_TRUE(news.last && news.work.size() == 1 && news.seconds == 1.5);
      finished.insert(news.island);
    }
    EXPECT_FALSE(mail->look().has_value());
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

TEST(Cluster, a_problem_reaches_every_rank_unchanged) {
  std::vector<std::u32string> names;
  for (char32_t c = U'a'; c <= U'z'; ++c) names.push_back({c, c, c, U'\u00e9'});
  Problem original;
  original.dataset = split(names, 3);
  original.dataset.checksum = "abc";
  original.objective = Objective::beauty;
  original.precision = Precision::f32;
  original.seed = 0xFFFFFFFFFFFFFFFFULL;
  original.samples = 77;
  original.temperature = 0.123456789;
  RunSpec briefing;
  if (session->is_first()) {
    briefing = {.arguments = {"--seed=3", "--mode=steady-state"},
                .problem = original,
                .space = aesthetic_space(),
                .folder = "a folder",
                .journal_header = "{}",
                .exit_code = 0};
  }
  session->share(briefing);
  EXPECT_EQ(briefing.arguments, (std::vector<std::string>{"--seed=3", "--mode=steady-state"}));
  EXPECT_EQ(briefing.space, aesthetic_space());
  EXPECT_EQ(briefing.folder, "a folder");
  EXPECT_EQ(briefing.journal_header, "{}");
  EXPECT_EQ(briefing.exit_code, 0);
  const std::optional<Problem>& problem = briefing.problem;
  EXPECT_TRUE(problem.has_value());
  EXPECT_EQ(problem->dataset.vocabulary.characters(), original.dataset.vocabulary.characters());
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

TEST(Cluster, without_a_problem_nobody_has_one) {
  RunSpec briefing;
  if (!session->is_first()) briefing.problem.emplace();
  session->share(briefing);
  EXPECT_FALSE(briefing.problem.has_value());
  EXPECT_EQ(briefing.exit_code, 2);
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
