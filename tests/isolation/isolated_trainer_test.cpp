// A failed training costs one organism only, and does not affect the next one.
#include "microgpt/cluster/isolation/isolated_trainer.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "../support/corpus.hpp"
#include "../support/errors.hpp"
#include "microgpt/core/stop.hpp"
#include "microgpt/genome/cost.hpp"

namespace microgpt::test {

using namespace cluster;
namespace {

const Problem& some_problem() {
  static const Problem problem = [] {
    std::vector<std::string> names;
    for (char c = 'a'; c <= 'z'; ++c) names.push_back(std::string(4, c) + "na");
    Problem p;
    p.dataset = split(names, 1);
    return p;
  }();
  return problem;
}

Task some_task(std::uint32_t steps = 20) {
  const GptGenome genome = {.n_emb = 8, .n_head = 2, .steps = steps};
  return {.id = 1, .genome = genome, .flops = CostModel(some_problem().dataset)(genome).flops};
}

void just_wait() {}

Evaluation trained(const Limits& limits, const Task& task = some_task()) {
  IsolatedTrainer trainer;
  trainer.prepare(some_problem(), limits);
  return trainer.train(task, just_wait);
}

Limits with(const Faults& faults) {
  Limits limits;
  limits.faults = faults;
  return limits;
}

/// Processes whose parent is `parent`.
std::vector<pid_t> children_of(pid_t parent) {
  std::ifstream file("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) +
                     "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

/// R, S, Z and so on.
char state_of(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string id, name;
  char state = 'Z';
  file >> id >> name >> state;
  return state;
}

/// The training process of the only IsolatedTrainer here; 0 if there is none.
pid_t training_process() {
  for (const pid_t supervisor : children_of(getpid())) {
    for (const pid_t child : children_of(supervisor)) return child;
  }
  return 0;
}

TEST(IsolatedTrainer, trains_as_this_process_would) {
  for (const std::uint32_t replicate : {0U, 3U}) {
    Task task = some_task();
    task.replicate = replicate;
    EXPECT_EQ(trained({}, task), evaluate(task.genome, some_problem(), replicate));
  }
}

TEST(IsolatedTrainer, a_training_that_throws_has_failed) {
  EXPECT_EQ(trained(with({.thrown = 1})).failure, "an exception (injected)");
  EXPECT_EQ(trained(with({.nan = 1})).failure, "training diverged: the loss is nan (injected)");
  EXPECT_EQ(trained(with({.nan = 1})).loss, kMaxLoss);
}

TEST(IsolatedTrainer, a_training_that_crashes_has_failed_and_is_not_tried_again) {
  EXPECT_EQ(trained(with({.segv = 1})).failure, "the training was killed by SIGSEGV");
}

/// A whole file of a process.
std::string read_of(pid_t process, const std::string& file) {
  std::ifstream stream("/proc/" + std::to_string(process) + "/" + file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Nor takes a whole machine with it.
TEST(IsolatedTrainer, a_training_leaves_no_core_and_is_the_first_to_go_where_memory_is_short) {
  const rlimit any = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_CORE, &any);
  IsolatedTrainer trainer;
  trainer.prepare(some_problem(), {});
  trainer.train(some_task(), just_wait);
  const std::string limits = read_of(training_process(), "limits");
  const std::size_t line = limits.find("Max core file size");
  ASSERT_NE(line, limits.npos);
  EXPECT_TRUE(contains(limits.substr(line, limits.find('\n', line) - line), " 0 "));
  EXPECT_EQ(read_of(training_process(), "oom_score_adj"), "1000\n");
}

TEST(IsolatedTrainer, a_training_that_hangs_or_never_ends_is_killed) {
  Limits limits = with({.hang = 1});
  limits.deadline_factor = 2;
  limits.retries = 1;
  EXPECT_EQ(trained(limits).failure, "the training hung (2 tries)");
  limits.faults = {.spin = 1};
  EXPECT_EQ(trained(limits).failure,
            "not finished in 2 times the processor time predicted (2 tries)");
}

TEST(IsolatedTrainer, a_training_that_is_suspended_for_a_while_is_not_late) {
  IsolatedTrainer trainer;
  Limits limits;
  limits.deadline_factor = 1;
  limits.retries = 0;
  trainer.prepare(some_problem(), limits);
  const Task task = some_task(20'000);
  int looks = 0;
  pid_t suspended = 0;
  const Evaluation e = trainer.train(task, [&] {  // some fifty times a second; late after a second
    if (++looks == 1) suspended = training_process(), kill(suspended, SIGSTOP);
    if (looks == 100) kill(suspended, SIGCONT);
  });
  EXPECT_GE(looks, 100);
  EXPECT_EQ(e, evaluate(task.genome, some_problem(), 0));
}

TEST(IsolatedTrainer, a_training_whose_judging_takes_far_longer_is_not_late) {
  std::vector<std::string> lines(10);
  Rng rng(1, Stream::names, 0);
  for (std::string& line : lines) {
    while (line.size() < 100'000) line += static_cast<char>('a' + rng.below(26));
  }
  Problem problem;
  problem.dataset = split(lines, 1);
  Limits limits;
  limits.deadline_factor = 1;  // a second, if only the training were predicted
  limits.retries = 0;
  IsolatedTrainer trainer;
  trainer.prepare(problem, limits);
  const Task task = {
      .id = 1, .genome = GptGenome{.n_head = 2, .n_ctx = 64, .steps = 1}, .flops = 1e6};
  EXPECT_EQ(trainer.train(task, just_wait).failure, "");
}

TEST(IsolatedTrainer, a_training_that_takes_too_much_memory_has_failed) {
  Limits limits = with({.oom = 1});
  limits.memory_mb = 64;
  EXPECT_EQ(trained(limits).failure, "out of memory");
  limits.memory_mb = 0;  // as the kernel would do it
  EXPECT_EQ(trained(limits).failure, "the training was killed by SIGKILL (3 tries)");
}

TEST(IsolatedTrainer, goes_on_after_each_failure) {
  IsolatedTrainer trainer;
  Limits limits = with({.segv = 0.5});
  trainer.prepare(some_problem(), limits);
  int crashed = 0;
  for (std::uint32_t steps = 1; steps <= 40; ++steps) {
    const Evaluation e = trainer.train(some_task(steps), just_wait);
    crashed += e.failed();
    if (e.failed()) continue;
    EXPECT_EQ(e, evaluate(some_task(steps).genome, some_problem(), 0));
  }
  EXPECT_GT(crashed, 5);
  EXPECT_LT(crashed, 35);
}

TEST(IsolatedTrainer, a_training_that_was_killed_is_tried_again) {
  IsolatedTrainer trainer;
  trainer.prepare(some_problem(), {});
  const Task task = some_task(20'000);
  int killed = 0;
  const Evaluation e = trainer.train(task, [&] {
    if (killed == 2) return;
    if (const pid_t pid = training_process(); pid > 0) killed += kill(pid, SIGKILL) == 0;
  });
  EXPECT_EQ(killed, 2);
  EXPECT_EQ(e, evaluate(task.genome, some_problem(), 0));
}

TEST(IsolatedTrainer, a_trainer_that_was_killed_while_idle_is_replaced) {
  IsolatedTrainer trainer;
  trainer.prepare(some_problem(), {.retries = 0});
  const Evaluation first = trainer.train(some_task(), just_wait);
  const pid_t idle = training_process();
  ASSERT_GT(idle, 0);
  kill(idle, SIGKILL);
  while (state_of(idle) != 'Z') {  // until the kernel has done it
  }
  EXPECT_EQ(trainer.train(some_task(), just_wait), first);
}

TEST(IsolatedTrainer, a_training_can_be_abandoned) {
  pid_t supervisor = 0;
  {
    IsolatedTrainer trainer;
    trainer.prepare(some_problem(), with({.hang = 1}));
    supervisor = children_of(getpid()).front();
    EXPECT_THROW(trainer.train(some_task(), [] { throw Stopped{Stop::interrupted}; }), Stopped);
  }
  EXPECT_NE(kill(supervisor, 0), 0);  // it is gone, and so is its training process
  EXPECT_TRUE(children_of(getpid()).empty());
}

TEST(IsolatedTrainer, reports_the_loss_of_its_supervisor) {
  IsolatedTrainer trainer;
  trainer.prepare(some_problem(), {});
  const pid_t supervisor = children_of(getpid()).front();
  kill(supervisor, SIGKILL);
  waitpid(supervisor, nullptr, 0);
  EXPECT_THROW(trainer.train(some_task(), just_wait), SupervisorLost);
}

TEST(Faults, strike_the_same_trainings_every_time_and_as_often_as_asked) {
  const Faults faults = {.nan = 0.2, .thrown = 0.1};
  int nan = 0, thrown = 0;
  for (std::uint32_t steps = 1; steps <= 2000; ++steps) {
    const GptGenome genome = {.steps = steps};
    const auto struck = [&] {
      try {
        faults.strike(1, genome, 0, false);
        return 0;
      } catch (const Error&) {
        return 1;
      } catch (const std::exception&) {
        return 2;
      }
    };
    const int what = struck();
    EXPECT_EQ(struck(), what);
    nan += what == 1;
    thrown += what == 2;
  }
  EXPECT_NEAR(nan, 400, 80);
  EXPECT_NEAR(thrown, 200, 60);
}

TEST(Faults, are_read_from_a_list) {
  const Faults faults = faults_from("nan:0.1,throw:0.2,hang:0.05,segv:0.03,oom:0.02,spin:0.01");
  EXPECT_EQ(faults.nan, 0.1);
  EXPECT_EQ(faults.thrown, 0.2);
  EXPECT_EQ(faults.hang, 0.05);
  EXPECT_EQ(faults.segv, 0.03);
  EXPECT_EQ(faults.oom, 0.02);
  EXPECT_EQ(faults.spin, 0.01);
  EXPECT_EQ(faults_from("").nan, 0);
  EXPECT_TRUE(contains(error_of([] { faults_from("sleep:0.1"); }), "inject (sleep)"));
  for (const char* wrong : {"nan", "nan:", "nan:x", "nan:2", "nan:-1", "nan:0.1x", ":0.1", ","}) {
    EXPECT_TRUE(contains(error_of([&] { faults_from(wrong); }), "inject (")) << wrong;
  }
  EXPECT_TRUE(contains(error_of([] { faults_from("nan:0.6,throw:0.6"); }), "1.2"));
}

}  // namespace
}  // namespace microgpt::test
