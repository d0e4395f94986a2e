// The islands of one coordinator: what they report, and to whom they write.
#include "microgpt/evolution/archipelago.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "../support/errors.hpp"
#include "../support/landscape.hpp"
#include "../support/numbers.hpp"
#include "microgpt/evolution/report_sequence.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

/// Gives results in a random order.
class Shuffled final : public Evaluator {
 public:
  explicit Shuffled(std::uint64_t order) : rng_(rng_of(order)) {}
  void submit(std::span<const Task> tasks) override {
    waiting_.insert(waiting_.end(), tasks.begin(), tasks.end());
  }
  Trial wait() override {
    std::swap(waiting_[rng_.below(waiting_.size())], waiting_.back());
    const Task task = waiting_.back();
    waiting_.pop_back();
    return {.task = task, .evaluation = fake(task.genome)};
  }
  std::size_t pending() const override { return waiting_.size(); }

 private:
  std::vector<Task> waiting_;
  Rng rng_;
};

/// Keeps what is sent; what is received was put there before.
class Letterbox final : public IslandChannel {
 public:
  void send(const Migrant& migrant) override { sent.push_back(migrant); }
  void send(const GenerationReport& report) override { reports.push_back(report); }
  std::optional<Message> poll() override {
    if (incoming.empty()) return std::nullopt;
    Message message = incoming.front();
    incoming.pop_front();
    return message;
  }
  Message wait() override { return poll().value(); }

  std::vector<Migrant> sent;
  std::vector<GenerationReport> reports;
  std::deque<Message> incoming;
};

EvolutionConfig config_of(Mode mode, std::size_t islands) {
  return {.mode = mode,
          .strategy = StrategyKind::classic,
          .population = 6,
          .generations = 7,
          .seed = 3,
          .islands = islands,
          .migration_interval = 2};
}

std::vector<std::size_t> all_of(std::size_t islands) {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < islands; ++i) numbers.push_back(i);
  return numbers;
}

std::vector<GenerationReport> reports_of(const EvolutionConfig& config, std::uint64_t order) {
  Shuffled evaluator(order);
  std::vector<GenerationReport> reports;
  Archipelago archipelago(
      config, {}, fake_cost, all_of(config.islands), evaluator, nullptr,
      {.report = [&](const GenerationReport& report) { reports.push_back(report); }});
  archipelago.run();
  return reports;
}

constexpr Mode kModes[] = {Mode::generational, Mode::steady_state};

TEST(Archipelago, reports_each_generation_once_in_order_and_each_training_once) {
  for (const Mode mode : kModes) {
    for (const std::size_t islands : {1U, 2U, 3U, 5U}) {
      SCOPED_TRACE(fmt::format("{}, {} islands", name(mode), islands));
      std::map<std::size_t, std::uint32_t> generations;
      std::set<std::uint64_t> trained, born;
      std::size_t last = 0;
      for (const GenerationReport& report : reports_of(config_of(mode, islands), 1)) {
        for (const Trial& trial : report.trials) {
          EXPECT_TRUE(trained.insert(trial.task.id).second);
          EXPECT_EQ(trial.task.island, report.island);
        }
        last += report.last;
        if (report.members.empty()) continue;
        EXPECT_EQ(report.members.front().generation, ++generations[report.island]);
        EXPECT_EQ(report.members.size(), 6U);
        for (const Organism& o : report.members) {
          EXPECT_TRUE(born.insert(o.id).second);
          EXPECT_EQ(o.island, report.island);
          EXPECT_EQ(o.id % islands, report.island);
          EXPECT_TRUE(o.evaluation.has_value());
        }
      }
      EXPECT_EQ(last, islands);
      EXPECT_EQ(born.size(), islands * 42);
      EXPECT_TRUE(std::includes(born.begin(), born.end(), trained.begin(), trained.end()));
    }
  }
}

/// Everyone in the order in which they are recorded.
std::vector<Organism> history_of(const EvolutionConfig& config, std::uint64_t order) {
  ReportSequence sequence(config.islands);
  std::vector<Organism> history;
  for (const GenerationReport& report : reports_of(config, order)) {
    sequence.add(report);
    while (const auto members = sequence.next()) {
      history.insert(history.end(), members->begin(), members->end());
    }
  }
  EXPECT_TRUE(sequence.finished());
  return history;
}

TEST(Archipelago, the_history_does_not_depend_on_the_order_of_results) {
  for (const Mode mode : kModes) {
    const std::vector<Organism> first = history_of(config_of(mode, 3), 1);
    ASSERT_EQ(first.size(), 3U * 42);
    for (std::uint64_t order = 2; order <= 6; ++order) {
      const std::vector<Organism> other = history_of(config_of(mode, 3), order);
      ASSERT_EQ(other.size(), first.size());
      for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(other[i].id, first[i].id);
        EXPECT_EQ(other[i].genome, first[i].genome);
        EXPECT_EQ(other[i].origin, first[i].origin);
        EXPECT_EQ(other[i].evaluation, first[i].evaluation);
      }
    }
  }
}

// With some of these budgets an island ends before a migration that others reach.
TEST(Archipelago, an_island_that_ends_early_holds_nobody_up) {
  for (const Mode mode : kModes) {
    EvolutionConfig config = config_of(mode, 3);
    for (config.budget_flops = 1e7; config.budget_flops < 1e9; config.budget_flops *= 1.1) {
      SCOPED_TRACE(fmt::format("{}, {:g} FLOPs", name(mode), config.budget_flops));
      std::size_t last = 0;
      double flops = 0;
      for (const GenerationReport& report : reports_of(config, 1)) {
        last += report.last;
        if (report.last) flops += report.flops;
      }
      EXPECT_EQ(last, 3U);
      EXPECT_GT(flops, 0);
      EXPECT_LE(flops, config.budget_flops);
    }
  }
}

// Whenever its budget is spent: while the first generation is bred, too.
TEST(Archipelago, an_island_that_ends_tells_that_of_another_coordinator) {
  for (const Mode mode : kModes) {
    EvolutionConfig config = config_of(mode, 2);
    for (config.budget_flops = 1e7; config.budget_flops < 1e9; config.budget_flops *= 1.1) {
      SCOPED_TRACE(fmt::format("{}, {:g} FLOPs", name(mode), config.budget_flops));
      Shuffled evaluator(1);
      Letterbox channel;
      channel.incoming.emplace_back(Migrant{.island = 0, .last = true});
      Archipelago archipelago(config, {}, fake_cost, std::vector<std::size_t>{0}, evaluator,
                              &channel, {.report = [](const GenerationReport&) {}});
      archipelago.run();
      ASSERT_FALSE(channel.sent.empty());
      EXPECT_TRUE(channel.sent.back().last);
      EXPECT_EQ(std::ranges::count(channel.sent, true, &Migrant::last), 1);
    }
  }
}

TEST(Archipelago, trials_of_others_go_to_them) {
  Shuffled evaluator(1);
  std::vector<Trial> others;
  Archipelago archipelago(config_of(Mode::generational, 1), {}, fake_cost, all_of(1), evaluator,
                          nullptr,
                          {.report = [](const GenerationReport&) {},
                           .replicate = [&](const Trial& trial) { others.push_back(trial); }});
  evaluator.submit(std::vector<Task>(2, Task{.id = 0, .replicate = 3}));
  archipelago.run();
  EXPECT_EQ(others.size(), 2U);
  EXPECT_EQ(archipelago.history().size(), 42U);
}

TEST(Archipelago, migrants_cross_to_and_from_the_islands_of_others) {
  Shuffled evaluator(1);
  Letterbox channel;
  Migrant stranger = {.island = 0};
  stranger.organism.emplace().id = 1;
  stranger.organism->genome["steps"] = 123;
  stranger.organism->evaluation = fake(stranger.organism->genome);
  for (int i = 0; i < 3; ++i) channel.incoming.emplace_back(stranger);
  GenerationReport foreign = {.island = 1};
  channel.incoming.emplace_back(foreign);
  std::map<std::size_t, std::size_t> reports;  // by island
  Archipelago archipelago(
      config_of(Mode::generational, 2), {}, fake_cost, std::vector<std::size_t>{0}, evaluator,
      &channel, {.report = [&](const GenerationReport& report) { ++reports[report.island]; }});
  archipelago.run();
  ASSERT_EQ(channel.sent.size(), 4U);  // after 2, 4 and 6 generations, and that it has ended
  for (const Migrant& migrant : channel.sent) EXPECT_EQ(migrant.island, 1U);
  EXPECT_TRUE(channel.sent.back().last);
  EXPECT_EQ(channel.sent[0].organism->id, best_of(archipelago.history().first(12), 1).front().id);
  const Organism& settler = archipelago.history()[17];  // the last place of the third generation
  EXPECT_EQ(settler.origin, Origin::migrant);
  EXPECT_EQ(settler.genome["steps"], 123U);
  EXPECT_EQ(settler.parents, std::vector<std::uint64_t>{1});
  EXPECT_EQ(settler.island, 0U);
  EXPECT_EQ(reports[0], 8U);
  EXPECT_EQ(reports[1], 1U);
}

TEST(Archipelago, islands_that_are_bred_nowhere_are_an_error) {
  Shuffled evaluator(1);
  Archipelago archipelago(config_of(Mode::generational, 2), {}, fake_cost,
                          std::vector<std::size_t>{0}, evaluator, nullptr,
                          {.report = [](const GenerationReport&) {}});
  EXPECT_TRUE(contains(error_of([&] { archipelago.run(); }), "island 1 is bred nowhere"));
}

GenerationReport report_of(std::size_t island, std::uint64_t id, bool last = false) {
  GenerationReport report = {.island = island, .last = last, .flops = 10, .saved = 2};
  if (!last) report.members.emplace_back().id = id;
  return report;
}

TEST(ReportSequence, takes_turns_from_island_to_island_and_skips_those_that_have_ended) {
  ReportSequence sequence(3);
  const auto next = [&]() -> std::optional<std::uint64_t> {
    const auto members = sequence.next();
    return members ? std::optional(members->front().id) : std::nullopt;
  };
  sequence.add(report_of(2, 20));
  sequence.add(report_of(0, 0));
  sequence.add(report_of(0, 1));
  EXPECT_EQ(next(), 0U);
  EXPECT_EQ(next(), std::nullopt);  // island 1 is next
  sequence.add(report_of(1, 10));
  EXPECT_EQ(next(), 10U);
  EXPECT_EQ(next(), 20U);
  EXPECT_EQ(next(), 1U);
  EXPECT_EQ(next(), std::nullopt);
  sequence.add(report_of(2, 21));
  sequence.add(report_of(1, 0, true));
  EXPECT_EQ(next(), 21U);
  EXPECT_FALSE(sequence.finished());
  sequence.add(report_of(0, 0, true));
  sequence.add(report_of(2, 0, true));
  EXPECT_EQ(next(), std::nullopt);
  EXPECT_TRUE(sequence.finished());
  EXPECT_EQ(sequence.flops(), 30);
  EXPECT_EQ(sequence.saved(), 6U);
  EXPECT_FALSE(sequence.space_exhausted());
}

}  // namespace
}  // namespace microgpt::test
