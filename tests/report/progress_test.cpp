#include "microgpt/report/progress.hpp"

#include <gtest/gtest.h>

#include <regex>

#include "microgpt/core/text.hpp"

namespace microgpt::test {

using namespace report;
namespace {

const EvolutionConfig kConfig = {
    .population = 4, .generations = 3, .elite = 1};  // 4 + 3 + 3 births

Task task(std::uint64_t id, double flops, std::uint32_t replicate = 0) {
  return {.id = id, .genome = {}, .replicate = replicate, .flops = flops};
}

Trial trial(const Task& task, const Evaluation& evaluation, bool known) {
  return {.task = task, .evaluation = evaluation, .known = known};
}

Evaluation worth(double loss) {
  Evaluation evaluation;
  evaluation.fitness = evaluation.loss = loss;
  evaluation.names = {"mara"};
  return evaluation;
}

std::string joined(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, "\n"));
}

TEST(Progress, knows_nothing_of_the_end_before_the_first_training) {
  Progress progress(kConfig, Objective::loss, 2, 100);
  EXPECT_EQ(progress.remaining_flops(), std::nullopt);
  EXPECT_NE(joined(progress.lines(100, {}, 0, {})).find("time unknown"), std::string::npos);
}

TEST(Progress, predicts_the_births_to_come_and_the_finals_from_flops) {
  Progress progress(kConfig, Objective::loss, 2, 100);
  progress.finished(trial(task(0, 10), worth(2.0), false));
  progress.finished(trial(task(1, 30), worth(3.0), false));
  // Eight births of 20 on average, two trainings of the best, which takes 10.
  EXPECT_EQ(progress.remaining_flops(), 8 * 20 + 2 * 10);
  EXPECT_EQ(progress.remaining_seconds(104), 180 * 4 / 40.0);
  progress.finished(trial(task(0, 10, 1), worth(2.0), false));
  EXPECT_EQ(progress.remaining_flops(), 8 * 20 + 1 * 10);
}

TEST(Progress, results_that_were_known_do_not_make_it_look_faster) {
  Progress progress(kConfig, Objective::loss, 0, 0);
  for (std::uint64_t id = 0; id < 5; ++id) progress.finished(trial(task(id, 20), worth(2), true));
  EXPECT_EQ(progress.remaining_flops(), 5 * 20);
  EXPECT_EQ(progress.remaining_seconds(1), std::nullopt);
  progress.finished(trial(task(5, 20), worth(2), false));
  EXPECT_EQ(progress.remaining_seconds(1), 4 * 20 / 20.0);
}

TEST(Progress, with_a_budget_the_rest_of_it_is_left) {
  EvolutionConfig config = kConfig;
  config.budget_flops = 100;
  Progress progress(config, Objective::loss, 0, 0);
  progress.finished(trial(task(0, 30), worth(2), false));
  EXPECT_EQ(progress.remaining_flops(), 70);
}

TEST(Progress, says_who_is_best_and_who_works) {
  Progress progress(kConfig, Objective::loss, 0, 100);
  progress.finished(trial(task(0, 10), worth(2.5), false));
  progress.finished(trial(task(1, 10), failed_evaluation("bad luck"), false));
  progress.finished(trial(task(2, 10), worth(2.25), false));
  progress.generation(1);
  const std::vector<WorkerState> running = {{.rank = 1, .task = task(7, 10), .since = 104},
                                            {.rank = 2, .task = {}}};
  const std::string text = joined(progress.lines(105, running, 4, {.width = 120}));
  for (const char* part :
       {"generation 2/3", "3 done, 1 running, 3 waiting, 1 failed", "2.2500",
        "mean of the last 2: 2.3750", "#2", "says mara", "1 #7 1.0 s", "2 idle", "0:05 gone"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(Progress, beauty_is_shown_as_people_know_it) {
  Progress progress(kConfig, Objective::beauty, 0, 0);
  progress.finished(trial(task(0, 10), worth(-1.5), false));
  EXPECT_NE(joined(progress.lines(1, {}, 0, {})).find("+1.5000"), std::string::npos);
}

TEST(Progress, no_line_is_longer_than_the_screen_is_wide) {
  Progress progress(kConfig, Objective::loss, 5, 0);
  Task long_task = task(123456789, 1e12);
  progress.finished(trial(long_task, worth(2), false));
  progress.finished(trial(task(1, 1), failed_evaluation("x"), false));
  std::vector<WorkerState> running;
  for (int rank = 1; rank < 100; ++rank) {
    running.push_back({.rank = rank, .task = long_task, .since = 0});
  }
  const std::regex colour("\x1b\\[[0-9]*m");
  for (std::size_t width = 0; width < 150; ++width) {
    for (const bool colours : {false, true}) {
      for (const std::string& line :
           progress.lines(5, running, 1000000, {.width = width, .colours = colours})) {
        EXPECT_LE(decode_utf8(std::regex_replace(line, colour, "")).size(), width) << line;
      }
    }
  }
}

TEST(Progress, colours_are_only_where_they_were_asked_for) {
  Progress progress(kConfig, Objective::loss, 0, 0);
  progress.finished(trial(task(0, 10), worth(2), false));
  progress.finished(trial(task(1, 10), failed_evaluation("x"), false));
  EXPECT_EQ(joined(progress.lines(1, {}, 0, {})).find('\x1b'), std::string::npos);
  EXPECT_NE(joined(progress.lines(1, {}, 0, {.colours = true})).find("\x1b[31m1 failed\x1b[0m"),
            std::string::npos);
}

TEST(Progress, counts_what_is_done_of_the_trainings_in_progress) {
  Progress progress(kConfig, Objective::loss, 0, 0);
  Trial first = trial(task(0, 100), worth(2), false);
  first.timing.seconds = 10;  // ten operations a second
  progress.finished(first);
  std::vector<WorkerState> running = {{.rank = 1, .task = task(1, 100), .since = 10},
                                      {.rank = 2, .task = task(2, 50), .since = 10}};
  ASSERT_EQ(progress.remaining_flops(), 900);
  EXPECT_DOUBLE_EQ(progress.remaining_seconds(10, running).value(), 45);
  EXPECT_DOUBLE_EQ(progress.remaining_seconds(14, running).value(), 41);
  EXPECT_DOUBLE_EQ(progress.remaining_seconds(20, running).value(), (900 - 100 - 50) / 20.0);
  running[0].task->flops = 2000;  // the last long training is waited for
  EXPECT_DOUBLE_EQ(progress.remaining_seconds(14, running).value(), 196);
}

TEST(Progress, its_bar_never_becomes_shorter) {
  Progress progress(kConfig, Objective::loss, 0, 0);
  const auto percent = [&] {
    const std::string line = progress.lines(1, {}, 0, {})[0];
    return std::stoi(line.substr(line.find(" %") - 3));
  };
  progress.finished(trial(task(0, 10), worth(2), false));
  EXPECT_EQ(percent(), 10);
  progress.finished(trial(task(1, 90), worth(2), false));
  EXPECT_EQ(percent(), 20);
  progress.finished(trial(task(2, 1), failed_evaluation("x"), false));
  EXPECT_EQ(percent(), 30);
  EvolutionConfig config = kConfig;
  config.budget_flops = 100;
  Progress budgeted(config, Objective::loss, 5, 0);
  const auto of_budget = [&] {
    const std::string line = budgeted.lines(1, {}, 0, {})[0];
    return std::stoi(line.substr(line.find(" %") - 3));
  };
  budgeted.finished(trial(task(0, 1), worth(2), false));
  budgeted.finished(trial(task(1, 49), worth(3), false));
  EXPECT_EQ(of_budget(), 47);  // 50 of 100 and five finals of 1
  budgeted.finished(trial(task(2, 10), worth(1), false));
  EXPECT_EQ(of_budget(), 47) << "the finals have become dearer: 60 of 150";
}

TEST(Progress, says_what_the_best_is_to_be_compared_with) {
  Progress progress(kConfig, Objective::loss, 0, 0, 1, "bigram 2.4283");
  progress.finished(trial(task(0, 10), worth(2.5), false));
  EXPECT_NE(joined(progress.lines(1, {}, 0, {})).find("2.5000   bigram 2.4283   mean"),
            std::string::npos);
}

TEST(Wrapped, breaks_lines_at_spaces_and_indents_what_goes_on) {
  EXPECT_EQ(wrapped("one two three four\n", 9), "one two\n  three\n  four\n");
  EXPECT_EQ(wrapped("one two three four", 80), "one two three four");
  EXPECT_EQ(wrapped("  a  table   of columns\nand more\n", 80),
            "  a  table   of columns\nand more\n");
  EXPECT_EQ(wrapped("averylongword here\n", 6), "averylongword\n  here\n");
  EXPECT_EQ(wrapped("  one two\nthree four", 6), "  one\n    two\nthree\n  four");
  EXPECT_EQ(wrapped("", 5), "");
  EXPECT_EQ(wrapped("\n\n", 5), "\n\n");
  EXPECT_EQ(wrapped("\u4E00\u4E00 \u4E00\u4E00", 6), "\u4E00\u4E00\n  \u4E00\u4E00") << "wide";
  EXPECT_EQ(wrapped("\u4E00\u4E00 \u4E00\u4E00", 9), "\u4E00\u4E00 \u4E00\u4E00");
}

TEST(Bar, is_filled_in_eighths_of_a_cell) {
  EXPECT_EQ(bar(0, 4), "····");
  EXPECT_EQ(bar(1, 4), "████");
  EXPECT_EQ(bar(0.5, 4), "██··");
  EXPECT_EQ(bar(0.125, 4), "▌···");
  EXPECT_EQ(bar(7, 2), "██");
}

TEST(ClockTime, has_hours_if_there_are_any) {
  EXPECT_EQ(clock_time(9.9), "0:09");
  EXPECT_EQ(clock_time(125), "2:05");
  EXPECT_EQ(clock_time(4023), "1:07:03");
  EXPECT_EQ(clock_time(-1), "0:00");
}

TEST(Progress, in_the_steady_state_everyone_is_trained) {
  EvolutionConfig config = kConfig;
  config.mode = Mode::steady_state;
  Progress progress(config, Objective::loss, 0, 0);
  progress.finished(trial(task(0, 10), worth(2), false));
  EXPECT_EQ(progress.remaining_flops(), 11 * 10);
}

TEST(Progress, what_a_run_that_goes_on_knows_is_done) {
  Progress progress(kConfig, Objective::loss, 0, 0);
  for (std::uint64_t id = 0; id < 5; ++id) progress.finished(trial(task(id, 20), worth(2), true));
  EXPECT_NE(joined(progress.lines(1, {}, 0, {})).find(" 50 %"), std::string::npos);
}

TEST(Shortened, counts_columns) {
  EXPECT_EQ(shortened("abcd", 4), "abcd");
  EXPECT_EQ(shortened("abcde", 4), "abc…");
  EXPECT_EQ(shortened("李山李", 4), "李…");
  EXPECT_EQ(shortened("abc", 0), "");
}

}  // namespace
}  // namespace microgpt::test
