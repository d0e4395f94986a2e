// A trial costs one organism at most, and leaves nothing behind.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include "../support/errors.hpp"
#include "../support/temporary_folder.hpp"
#include "microgpt/cluster/isolation/isolated_trainer.hpp"
#include "microgpt/core/files.hpp"

namespace microgpt::test {

using namespace cluster;
namespace {

const genome::OwnSpace& space() {
  return genome::read_own_space(
      "space.json", R"({"genes": {"x": {"kind": "real", "range": [0, 1], "default": 0.25}}})");
}

bool lives(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(file, line);
  return !line.empty() && line.compare(line.rfind(')'), 3, ") Z") != 0;
}

/// A trainer of trials that run a script with /bin/sh.
class Trials {
 public:
  explicit Trials(const std::string& script, double seconds = 0, std::uint32_t cores = 0,
                  std::uint32_t gpus = 0, std::size_t slot = 0) {
    problem_.objective = Objective::minimum;
    problem_.command = Command{.arguments = {"/bin/sh", "-c", script, "sh", "{x}", "{genome}"},
                               .trials = (folder_ / "trials").string(),
                               .space = space().json,
                               .seconds = seconds,
                               .cores = cores,
                               .gpus = gpus,
                               .slot = slot};
    trainer_.prepare(problem_, {.deadline_factor = 0});
  }
  Evaluation run_until(const std::function<void()>& poll) {
    return trainer_.train({.id = 3, .genome = Genome(space().space.genes()), .flops = 1}, poll);
  }
  Evaluation run() {
    return run_until([] {});
  }
  std::filesystem::path of(const std::string& file) const {
    return folder_ / "trials" / "000003" / file;
  }

  /// Whether the process lives whose number the script has written to "started".
  bool has_left_something() const { return lives(std::stoi(read_file(of("started")))); }

 private:
  IsolatedTrainer trainer_;  // forks before anything else is there
  TemporaryFolder folder_;
  Problem problem_;
};

TEST(CommandTrial, runs_in_a_folder_of_its_own_and_returns_the_result) {
  Trials trials("cat \"$2\"; pwd; echo \"{\\\"loss\\\": $1}\"; echo careful >&2");
  const Evaluation evaluation = trials.run();
  EXPECT_EQ(evaluation.failure, "");
  EXPECT_EQ(evaluation.loss, 0.25);
  EXPECT_EQ(read_file(trials.of("genome.json")), "{\"x\":0.25}\n");
  EXPECT_EQ(read_file(trials.of("stdout")),
            "{\"x\":0.25}\n" + trials.of("").parent_path().string() + "\n{\"loss\": 0.25}\n");
  EXPECT_EQ(read_file(trials.of("stderr")), "careful\n");
}

TEST(CommandTrial, that_fails_says_why) {
  EXPECT_EQ(Trials("echo first >&2; echo '  no such matrix' >&2; exit 3").run().failure,
            "the command ended with code 3: no such matrix");
  EXPECT_EQ(Trials("kill -SEGV $$").run().failure, "the command was killed by SIGSEGV");
  EXPECT_TRUE(contains(Trials("true").run().failure, "no result"));
  EXPECT_TRUE(contains(Trials("echo '{\"loss\": nan}'").run().failure, "is not one JSON object"));
}

TEST(CommandTrial, that_is_killed_from_outside_is_tried_again) {
  EXPECT_EQ(Trials("kill -KILL $$").run().failure, "the training was killed by SIGKILL (3 tries)");
  Trials trials(
      "echo x >>../tries; test $(wc -l <../tries) = 3 || kill -TERM $$; "
      "echo '{\"loss\": 1}'");
  EXPECT_EQ(trials.run().failure, "");
}

TEST(CommandTrial, whose_time_is_up_is_ended_with_all_that_it_started) {
  Trials trials("sleep 1000 & echo $! >started; wait", 0.2);
  EXPECT_EQ(trials.run().failure, "not finished within --trial-time, 0.2 seconds");
  EXPECT_FALSE(trials.has_left_something());
}

// Also what has left its process group and its session, and holds standard output open.
TEST(CommandTrial, leaves_nothing_behind) {
  Trials trials(
      "setsid sh -c 'trap \"\" TERM HUP; echo $$ >started; while :; do sleep 1000; done' & "
      "while ! test -s started; do :; done; echo '{\"loss\": 1}'");
  EXPECT_EQ(trials.run().loss, 1);
  EXPECT_FALSE(trials.has_left_something());
}

TEST(CommandTrial, that_is_abandoned_is_ended) {
  Trials trials("trap '' TERM; echo $$ >number; mv number started; sleep 1000 & wait; sleep 1000");
  struct Enough {};
  const auto stop_when_started = [&] {
    if (std::filesystem::exists(trials.of("started"))) throw Enough{};
  };
  EXPECT_THROW(trials.run_until(stop_when_started), Enough);
  EXPECT_FALSE(trials.has_left_something());
}

TEST(CommandTrial, may_print_as_much_as_it_likes) {
  Trials trials(
      "head -c 30000000 /dev/zero | tr '\\0' x; echo; echo '{\"loss\": 2}'; "
      "head -c 3000000 /dev/zero >&2");
  EXPECT_EQ(trials.run().loss, 2);
  EXPECT_LT(std::filesystem::file_size(trials.of("stdout")), 1'100'000U);
  EXPECT_TRUE(contains(read_file(trials.of("stdout")), "more bytes are not kept"));
  EXPECT_LT(std::filesystem::file_size(trials.of("stderr")), 1'100'000U);
}

TEST(CommandTrial, sees_no_variables_of_mpi_and_usual_signals) {
  setenv("OMPI_COMM_WORLD_RANK", "3", 1), setenv("PMIX_RANK", "3", 1);
  Trials trials(
      "env | grep -c -e ^OMPI_ -e ^PMIX_ >mpi; "
      "grep SigIgn /proc/self/status | tr -d ' \\t' | cut -d: -f2 >ignored; "
      "echo \"{\\\"loss\\\": $GENE_X}\"");
  unsetenv("OMPI_COMM_WORLD_RANK"), unsetenv("PMIX_RANK");
  EXPECT_EQ(trials.run().loss, 0.25);
  EXPECT_EQ(read_file(trials.of("mpi")), "0\n");
  EXPECT_EQ(read_file(trials.of("ignored")), "0000000000000000\n");
}

TEST(CommandTrial, has_cores_and_gpus_of_its_own) {
  const std::string script =
      "echo \"$CUDA_VISIBLE_DEVICES $OMP_NUM_THREADS $(nproc)\" >seen; echo '{\"loss\": 1}'";
  Trials first(script, 0, 1, 2, 0);
  first.run();
  EXPECT_EQ(read_file(first.of("seen")), "0,1 1 1\n");
  Trials fourth(script, 0, 3, 2, 3);
  fourth.run();
  EXPECT_TRUE(read_file(fourth.of("seen")).starts_with("6,7 3 "));
}

TEST(CommandTrial, finds_an_empty_folder_when_it_is_tried_again) {
  Trials trials("test ! -e left || exit 9; touch left; echo '{\"loss\": 1}'");
  EXPECT_EQ(trials.run().failure, "");
  EXPECT_EQ(trials.run().failure, "");
}

}  // namespace
}  // namespace microgpt::test
