#include "microgpt/run/cache.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "../support/errors.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/genome/search_space.hpp"
#include "microgpt/run/journal.hpp"
#include "support/temporary_folder.hpp"

namespace microgpt::test {

using namespace run;
namespace {

Problem problem_of(std::uint64_t seed = 1) {
  Problem problem;
  problem.seed = seed;
  problem.dataset.checksum = "abc";
  return problem;
}

const Trial* find(const EvaluationCache& cache, const Genome& genome, std::uint32_t replicate) {
  return cache.find({.id = 77, .genome = genome, .replicate = replicate});
}

std::optional<Evaluation> evaluation_in(const EvaluationCache& cache, const Genome& genome,
                                        std::uint32_t replicate) {
  const Trial* known = find(cache, genome, replicate);
  return known == nullptr ? std::nullopt : std::optional(known->evaluation);
}

Trial trial_of(const Genome& genome, std::uint32_t replicate, const Evaluation& evaluation) {
  return {.task = {.genome = genome, .replicate = replicate}, .evaluation = evaluation};
}

struct Entry {
  Genome genome;
  std::uint32_t replicate;
  Evaluation evaluation;
};

Entry random_entry(Rng& rng) {
  Entry entry{.genome = random_genome({}, rng),
              .replicate = static_cast<std::uint32_t>(rng.below(3)),
              .evaluation = {}};
  Evaluation& e = entry.evaluation;
  if (rng.below(5) == 0) {
    e.failure = "a \"quoted\"\nreason, \x01 and so on";
    return entry;
  }
  e.fitness = rng.uniform(2, 3);
  e.loss = rng.uniform(2, 3);
  if (entry.replicate > 0) e.test_loss = rng.uniform(2, 3);
  if (rng.below(2) == 0) e.beauty = rng.uniform(-1, 1);
  for (std::size_t i = rng.below(20); i > 0; --i) e.learning.push_back(rng.uniform(0, 4));
  return entry;
}

TEST(EvaluationCache, gives_back_every_bit_in_memory_and_from_its_file) {
  const TemporaryFolder folder;
  Rng rng(1, Stream::breeding, 0);
  std::vector<Entry> entries;
  {
    EvaluationCache cache(problem_of(), folder / "cache");
    for (int i = 0; i < 300; ++i) {
      entries.push_back(random_entry(rng));
      const Entry& e = entries.back();
      EXPECT_FALSE(find(cache, e.genome, e.replicate));
      cache.add(trial_of(e.genome, e.replicate, e.evaluation));
      EXPECT_EQ(evaluation_in(cache, e.genome, e.replicate), e.evaluation);
    }
  }
  const EvaluationCache again(problem_of(), folder / "cache");
  for (const Entry& e : entries) {
    const std::optional<Evaluation> kept =
        e.evaluation.failed() ? std::nullopt : std::optional(e.evaluation);
    EXPECT_EQ(evaluation_in(again, e.genome, e.replicate), kept);
    EXPECT_FALSE(find(again, e.genome, e.replicate + 7));
  }
}

// Two coordinators trained one genome, and one training failed: each keeps the result it bred from.
// An organism that took over a failure has its own record, so all others took over the success.
TEST(EvaluationCache, remembers_of_two_trainings_of_a_genome_each_its_own_and_prefers_the_success) {
  for (const bool lucky_first : {true, false}) {
    EvaluationCache cache(problem_of());
    Trial lucky, unlucky;
    lucky.evaluation.loss = lucky.evaluation.fitness = 2.5;
    unlucky.evaluation.failure = "killed";
    unlucky.task.id = 1;
    cache.remember(lucky_first ? lucky : unlucky);
    cache.remember(lucky_first ? unlucky : lucky);
    EXPECT_EQ(cache.find(Task{.id = 0})->evaluation, lucky.evaluation);
    EXPECT_EQ(cache.find(Task{.id = 1})->evaluation, unlucky.evaluation);
    EXPECT_EQ(cache.find(Task{.id = 2})->evaluation, lucky.evaluation);
  }
}

TEST(EvaluationCache, knows_nothing_of_another_problem) {
  const TemporaryFolder folder;
  Evaluation e;
  e.fitness = e.loss = 2.5;
  EvaluationCache(problem_of(), folder / "cache").add(trial_of({}, 0, e));
  std::vector<Problem> others(5, problem_of());
  others[0].seed = 2;
  others[1].dataset.checksum = "abd";
  others[2].precision = Precision::f32;
  others[3].objective = Objective::last_step;
  others[4].objective = Objective::beauty;
  for (const Problem& other : others) {
    EXPECT_FALSE(find(EvaluationCache(other, folder / "cache"), {}, 0));
  }
  EXPECT_TRUE(find(EvaluationCache(problem_of(), folder / "cache"), {}, 0));
}

TEST(EvaluationCache, drops_a_last_line_that_was_not_finished) {
  const TemporaryFolder folder;
  Evaluation e;
  e.fitness = e.loss = 2.5;
  {
    EvaluationCache cache(problem_of(), folder / "cache");
    cache.add(trial_of(GptGenome{.steps = 1}, 0, e));
    cache.add(trial_of(GptGenome{.steps = 2}, 0, e));
  }
  const std::string whole = read_file(folder / "cache");
  const std::size_t first = whole.find('\n') + 1;
  for (std::size_t size = first; size < whole.size(); ++size) {
    std::ofstream(folder / "cache", std::ios::binary) << whole.substr(0, size);
    EvaluationCache cache(problem_of(), folder / "cache");
    EXPECT_TRUE(find(cache, GptGenome{.steps = 1}, 0));
    EXPECT_FALSE(find(cache, GptGenome{.steps = 2}, 0));
    EXPECT_EQ(cache.take_notices().size(), size > first ? 1U : 0U);
    cache.add(trial_of(GptGenome{.steps = 2}, 0, e));
    EXPECT_EQ(read_file(folder / "cache"), whole);
  }
}

/// The line of an evaluation.
std::string line_of(const Entry& entry) {
  const TemporaryFolder folder;
  EvaluationCache(problem_of(), folder / "cache")
      .add(trial_of(entry.genome, entry.replicate, entry.evaluation));
  return read_file(folder / "cache");
}

Entry good_entry(std::uint32_t steps) {
  Entry entry{.genome = GptGenome{.steps = steps}, .replicate = 1, .evaluation = {}};
  entry.evaluation.fitness = entry.evaluation.loss = 2.5;
  entry.evaluation.test_loss = 2.25;
  entry.evaluation.names = {"mara"};
  entry.evaluation.learning = {3.5, 2.75};
  return entry;
}

TEST(EvaluationCache, leaves_out_lines_that_it_does_not_understand) {
  const TemporaryFolder folder;
  const std::string good = line_of(good_entry(1)), last = line_of(good_entry(3));
  const auto replaced = [](const std::string& from, const std::string& to) {
    std::string line = line_of(good_entry(2));
    return line.replace(line.find(from), from.size(), to);
  };
  for (const std::string& bad : {std::string("nonsense\n"),
                                 std::string("[]\n"),
                                 std::string("{}\n"),
                                 std::string("\n"),
                                 good.substr(0, 90) + last,
                                 replaced("\"steps\":2", "\"steps\":-1"),
                                 replaced("\"n_head\":4", "\"n_head\":3"),
                                 replaced("\"loss\":2.5", "\"loss\":\"x\""),
                                 replaced("\"loss\":2.5", "\"loss\":-5"),
                                 replaced("\"loss\":2.5", "\"loss\":1e300"),
                                 replaced("\"fitness\":2.5", "\"fitness\":-1e10"),
                                 replaced("\"replicate\":1", "\"x\":0"),
                                 replaced("[3.5,2.75]", "[3.5,-2.75]"),
                                 replaced("[3.5,2.75]", "[3.5,\"2\"]"),
                                 replaced("[3.5,2.75]", "2"),
                                 replaced(",\"test_loss\":2.25", ""),
                                 replaced("\"test_loss\":2.25", "\"test_loss\":-1"),
                                 replaced("[\"mara\"]", "[\"\\ud800\"]"),
                                 replaced("[\"mara\"]", "[\"\\udc00\"]"),
                                 replaced("[\"mara\"]", R"(["","","","","",""])"),
                                 replaced("mara", "m\xe9")}) {
    std::ofstream(folder / "cache", std::ios::binary) << good << bad << last;
    EvaluationCache cache(problem_of(), folder / "cache");
    const std::vector<std::string> notices = cache.take_notices();
    ASSERT_EQ(notices.size(), 1U) << bad;
    EXPECT_TRUE(contains(notices[0], "cache: line 2: ")) << bad;
    EXPECT_TRUE(cache.take_notices().empty());
    EXPECT_TRUE(find(cache, GptGenome{.steps = 1}, 1));
    EXPECT_FALSE(find(cache, GptGenome{.steps = 2}, 1));
    EXPECT_TRUE(find(cache, GptGenome{.steps = 3}, 1));
  }
}

TEST(EvaluationCache, of_many_bad_lines_there_is_one_notice) {
  const TemporaryFolder folder;
  folder.file("cache", line_of(good_entry(1)) + "a\nb\nc\n");
  const auto notices = EvaluationCache(problem_of(), folder / "cache").take_notices();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_TRUE(contains(notices[0], "cache: line 2: not a JSON object; it and 2 more are left out"));
}

TEST(EvaluationCache, a_file_that_is_none_is_refused_and_left_alone) {
  const TemporaryFolder folder;
  for (const char* other : {"{}\n", "{\"seed\": 1}\n", "anna\nbob\n", "anna", "\n", "[]"}) {
    const auto file = folder.file("other", other);
    EXPECT_TRUE(contains(error_of([&] { EvaluationCache(problem_of(), file); }),
                         "other: is no cache of evaluations"))
        << other;
    EXPECT_EQ(read_file(file), other);
  }
}

/// The outcome of doing this in another process.
template <class Body>
int exit_code_of(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      _exit(body());
    } catch (const std::exception&) {
      _exit(99);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(EvaluationCache, that_cannot_be_written_is_refused_when_it_is_opened) {
  const TemporaryFolder folder;
  const auto file = folder.file("cache", line_of(good_entry(1)));
  std::filesystem::permissions(folder / "", std::filesystem::perms(0755));
  std::filesystem::permissions(file, std::filesystem::perms(0444));
  EXPECT_EQ(exit_code_of([&] {
              if (getuid() == 0 && setuid(65534) != 0) return 1;
              const std::string message = error_of([&] { EvaluationCache(problem_of(), file); });
              return contains(message, "cache: cannot be opened: Permission denied") ? 7 : 8;
            }),
            7);
}

// Lines longer than what a stream writes at once.
TEST(EvaluationCache, processes_may_add_to_one_file_at_once) {
  constexpr std::uint32_t kProcesses = 3, kLines = 1000;
  const TemporaryFolder folder;
  const auto add_all = [&](std::uint32_t process) {
    EvaluationCache cache(problem_of(), folder / "cache");
    for (std::uint32_t line = 1; line <= kLines; ++line) {
      Entry entry = good_entry(process * kLines + line);
      entry.evaluation.names.assign(4, std::string(2'100, static_cast<char>('a' + process)));
      cache.add(trial_of(entry.genome, entry.replicate, entry.evaluation));
    }
    return cache.take_notices().empty() ? 0 : 1;
  };
  std::vector<pid_t> processes;
  for (std::uint32_t process = 0; process < kProcesses; ++process) {
    processes.push_back(fork());
    if (processes.back() == 0) _exit(add_all(process));
  }
  for (const pid_t process : processes) {
    int status = 0;
    waitpid(process, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EvaluationCache cache(problem_of(), folder / "cache");
  EXPECT_EQ(cache.take_notices(), std::vector<std::string>());
  for (std::uint32_t steps = 1; steps <= kProcesses * kLines; ++steps) {
    ASSERT_TRUE(find(cache, GptGenome{.steps = steps}, 1)) << steps;
  }
}

// Another process died in the middle of a line after this one had opened the file.
TEST(EvaluationCache, begins_a_line_of_its_own_after_one_that_was_not_finished) {
  const TemporaryFolder folder;
  EvaluationCache cache(problem_of(), folder / "cache");
  std::ofstream(folder / "cache", std::ios::app) << line_of(good_entry(1)).substr(0, 99);
  const Entry entry = good_entry(2);
  cache.add(trial_of(entry.genome, entry.replicate, entry.evaluation));
  EvaluationCache again(problem_of(), folder / "cache");
  EXPECT_TRUE(find(again, GptGenome{.steps = 2}, 1));
  EXPECT_EQ(again.take_notices().size(), 1U);
}

TEST(EvaluationCache, that_was_removed_keeps_nothing_and_says_so_once) {
  const TemporaryFolder folder;
  EvaluationCache cache(problem_of(), folder / "cache");
  std::filesystem::remove(folder / "cache");
  for (const std::uint32_t steps : {1U, 2U})
    cache.add(trial_of(GptGenome{.steps = steps}, 1, good_entry(1).evaluation));
  const auto notices = cache.take_notices();
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_TRUE(contains(notices[0], "cache: has been removed; what is learnt is not kept there"));
}

/// Counts what it is asked to train.
class Counting final : public Evaluator {
 public:
  void submit(std::span<const Task> tasks) override {
    waiting_.insert(waiting_.end(), tasks.begin(), tasks.end());
  }
  Trial wait() override {
    ++trained;
    const Task task = waiting_.back();
    waiting_.pop_back();
    Trial trial = {.task = task};
    Evaluation& evaluation = trial.evaluation;
    evaluation.loss = evaluation.fitness = task.genome["steps"];
    evaluation.test_loss = 2.5;
    if (task.genome["lr"] == kFails) evaluation = failed_evaluation("killed");
    if (task.genome["lr"] == kDiverges) evaluation.loss = 1e12;
    return trial;
  }
  bool is_ready() override { return come > 0 && come-- > 0; }
  std::size_t pending() const override { return waiting_.size(); }
  std::size_t come = 0;  // results that wait() would give at once, after the next
  static constexpr double kFails = 1, kDiverges = 2;
  std::size_t trained = 0;

 private:
  std::vector<Task> waiting_;
};

TEST(CachedEvaluator, trains_only_what_is_new) {
  EvaluationCache cache(problem_of());
  Counting counting;
  CachedEvaluator evaluator(counting, cache);
  std::vector<Task> tasks(6);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    tasks[i] = {.id = i,
                .genome = GptGenome{.steps = 100 + static_cast<std::uint32_t>(i / 2)},
                .replicate = static_cast<std::uint32_t>(i % 2)};
  }
  EXPECT_EQ(evaluator.evaluate(tasks).size(), 6U);
  EXPECT_EQ(counting.trained, 6U);
  EXPECT_EQ(evaluator.saved(), 0U);
  for (Task& task : tasks) task.id += 100;
  tasks.push_back({.id = 7, .genome = GptGenome{.steps = 999}, .replicate = 0});
  const auto again = evaluator.evaluate(tasks);
  EXPECT_EQ(counting.trained, 7U);
  EXPECT_EQ(evaluator.saved(), 6U);
  ASSERT_EQ(again.size(), 7U);
  for (const Trial& one : again) {
    const auto task = std::find_if(tasks.begin(), tasks.end(),
                                   [&](const Task& t) { return t.id == one.task.id; });
    ASSERT_NE(task, tasks.end());
    EXPECT_EQ(one.task.replicate, task->replicate);
    EXPECT_EQ(one.evaluation.loss, task->genome["steps"]);
  }
}

/// Tasks of organisms with these ids and one genome.
std::vector<Task> tasks_of(const Genome& genome, const std::vector<std::uint64_t>& ids) {
  std::vector<Task> tasks;
  for (const std::uint64_t id : ids) tasks.push_back({.id = id, .genome = genome});
  return tasks;
}

TEST(CachedEvaluator, what_has_come_together_is_in_the_journal_before_the_first_of_it_is_seen) {
  const TemporaryFolder folder;
  EvaluationCache cache(problem_of());
  Journal journal(folder / "journal");
  journal.begin("{}");
  Counting counting;
  CachedEvaluator evaluator(counting, cache, &journal);
  std::vector<Task> tasks;
  for (std::uint32_t i = 1; i <= 5; ++i) {
    Task task;
    task.id = i, task.genome["steps"] = i;
    tasks.push_back(task);
  }
  evaluator.submit(tasks);
  const auto in_journal = [&] { return journaled(folder / "", "{}").size(); };
  EXPECT_EQ(in_journal(), 0U);
  counting.come = 2;
  std::set<std::uint64_t> seen = {evaluator.wait().task.id};
  EXPECT_EQ(in_journal(), 3U);
  seen.insert(evaluator.wait().task.id);
  seen.insert(evaluator.wait().task.id);
  EXPECT_EQ(in_journal(), 3U);
  EXPECT_EQ(counting.trained, 3U);
  EXPECT_EQ(evaluator.pending(), 2U);
  seen.insert(evaluator.wait().task.id);
  EXPECT_EQ(in_journal(), 4U);
  seen.insert(evaluator.wait().task.id);
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(evaluator.pending(), 0U);
}

TEST(CachedEvaluator, what_is_under_way_is_not_trained_again) {
  const TemporaryFolder folder;
  Journal journal(folder / "journal");
  journal.begin("{}");
  EvaluationCache cache(problem_of());
  Counting counting;
  CachedEvaluator evaluator(counting, cache, &journal);
  evaluator.submit(tasks_of(GptGenome{.steps = 7}, {0, 1, 2}));
  evaluator.submit(tasks_of(GptGenome{.steps = 8}, {3}));
  EXPECT_EQ(counting.pending(), 2U);
  EXPECT_EQ(evaluator.pending(), 4U);
  std::map<std::uint64_t, Trial> results;
  while (evaluator.pending() > 0) {
    const Trial result = evaluator.wait();
    EXPECT_TRUE(results.emplace(result.task.id, result).second);
    EXPECT_EQ(evaluator.pending(), 4 - results.size());
  }
  EXPECT_EQ(counting.trained, 2U);
  EXPECT_EQ(evaluator.saved(), 2U);
  for (std::uint64_t id = 0; id < 4; ++id) {
    const Trial& result = results.at(id);
    EXPECT_EQ(result.evaluation.loss, id == 3 ? 8 : 7);
    EXPECT_EQ(result.task.id, id);
    EXPECT_EQ(result.known, id == 1 || id == 2);
    EXPECT_EQ(result.timing.rank, result.known ? -1 : 0);
  }
  EXPECT_EQ(journaled(folder / "", "{}").size(), 2U);
}

// Elsewhere the same genome may succeed, so a resumed run must know which organism saw which
// result.
TEST(CachedEvaluator, whoever_takes_over_a_failure_has_it_on_record) {
  const TemporaryFolder folder;
  Journal journal(folder / "journal");
  journal.begin("{}");
  EvaluationCache cache(problem_of());
  Counting counting;
  CachedEvaluator evaluator(counting, cache, &journal);
  const GptGenome genome = {.lr = Counting::kFails};
  evaluator.evaluate(tasks_of(genome, {0, 1}));
  evaluator.evaluate(tasks_of(genome, {2}));
  evaluator.evaluate(tasks_of(genome, {0, 1, 2}));  // once more
  EXPECT_EQ(counting.trained, 1U);
  EXPECT_EQ(evaluator.saved(), 2U);
  EvaluationCache again(problem_of());
  Trial elsewhere;
  elsewhere.task.genome = genome, elsewhere.task.id = 9;
  elsewhere.evaluation.loss = elsewhere.evaluation.fitness = 2.5;
  const auto known = journaled(folder / "", "{}");
  EXPECT_EQ(known.size(), 3U);
  for (const Trial& one : known) again.remember(one);
  again.remember(elsewhere);
  for (const Task& task : tasks_of(genome, {0, 1, 2})) {
    EXPECT_EQ(again.find(task)->evaluation.failure, "killed");
    EXPECT_EQ(again.find(task)->task.id, task.id);
  }
  EXPECT_EQ(again.find(tasks_of(genome, {10}).front())->evaluation, elsewhere.evaluation);
}

TEST(CachedEvaluator, what_no_file_may_hold_is_a_failure) {
  const TemporaryFolder folder;
  Journal journal(folder / "journal");
  journal.begin("{}");
  EvaluationCache cache(problem_of());
  Counting counting;
  CachedEvaluator evaluator(counting, cache, &journal);
  const auto results = evaluator.evaluate(tasks_of(GptGenome{.lr = Counting::kDiverges}, {0}));
  ASSERT_EQ(results.size(), 1U);
  EXPECT_TRUE(contains(results[0].evaluation.failure, "loss (1000000000000) must be from 0"));
  EXPECT_EQ(results[0].evaluation.loss, kMaxLoss);
  EXPECT_EQ(journaled(folder / "", "{}").at(0).evaluation, results[0].evaluation);
}

}  // namespace
}  // namespace microgpt::test
