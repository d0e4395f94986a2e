// The steady state: the same history however fast the workers are, and nobody waits without need.
#include <gtest/gtest.h>

#include <map>
#include <queue>

#include "../support/landscape.hpp"
#include "microgpt/evolution/evolution.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

EvolutionConfig steady(std::uint64_t seed, StrategyKind strategy = StrategyKind::classic) {
  return {.mode = Mode::steady_state, .strategy = strategy, .generations = 8, .seed = seed};
}

/// A cluster on a clock of its own: each training takes its cost, times a deviation, times the
/// slowness of its worker. Gives the history and the share of the time that workers were busy.
struct Outcome {
  std::vector<Organism> history;
  double utilisation;
};

Outcome run(const EvolutionConfig& config, std::size_t workers, double deviation,
            double slow_factor = 1) {
  Evolution evolution(config, {}, fake_cost);
  Rng rng(config.seed, Stream::names, workers);
  struct Running {
    double until;
    std::uint64_t id;
    std::size_t worker;
    auto operator<=>(const Running&) const = default;
  };
  std::priority_queue<Running, std::vector<Running>, std::greater<>> running;
  std::vector<std::size_t> idle;
  for (std::size_t w = 0; w < workers; ++w) idle.push_back(w);
  std::queue<Organism> waiting;
  double now = 0, busy = 0;
  while (!evolution.finished()) {
    for (const Organism& o : evolution.ask()) waiting.push(o);
    while (!waiting.empty() && !idle.empty()) {
      const std::size_t worker = idle.back();
      idle.pop_back();
      const double seconds = waiting.front().flops * rng.uniform(1 - deviation, 1 + deviation) *
                             (worker == 0 ? slow_factor : 1);
      busy += seconds;
      running.push({now + seconds, waiting.front().id, worker});
      waiting.pop();
    }
    const Running next = running.top();
    running.pop();
    now = next.until;
    idle.push_back(next.worker);
    evolution.tell(results_of(evolution.history().subspan(next.id, 1)));
  }
  return {{evolution.history().begin(), evolution.history().end()},
          busy / (now * static_cast<double>(workers))};
}

TEST(SteadyState, the_history_does_not_depend_on_workers_or_their_speed) {
  for (const StrategyKind strategy :
       {StrategyKind::classic, StrategyKind::guided, StrategyKind::random}) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      SCOPED_TRACE(fmt::format("{} {}", name(strategy), seed));
      const auto alone = run(steady(seed, strategy), 1, 0).history;
      EXPECT_EQ(alone.size(), 64U);
      for (const std::size_t workers : {2U, 3U, 5U, 16U, 40U}) {
        expect_same(run(steady(seed, strategy), workers, 0.9, 10).history, alone);
      }
    }
  }
}

TEST(SteadyState, parents_have_finished_on_the_virtual_clock_before_their_children_are_born) {
  const auto history = run(steady(3), 4, 0.5).history;
  // Replays the clock: 16 slots.
  std::priority_queue<std::pair<double, std::size_t>, std::vector<std::pair<double, std::size_t>>,
                      std::greater<>>
      slots;
  std::map<std::uint64_t, double> finished;
  for (std::size_t i = 0; i < history.size(); ++i) {
    double now = 0;
    if (slots.size() == 16) {
      now = slots.top().first;
      finished[slots.top().second] = now;
      slots.pop();
    }
    for (const std::uint64_t parent : history[i].parents) {
      ASSERT_TRUE(finished.contains(parent)) << "organism " << i << ", parent " << parent;
      EXPECT_LE(finished[parent], now);
    }
    slots.push({now + history[i].flops, i});
  }
}

TEST(SteadyState, has_the_same_operators_and_immigrants_as_a_generation) {
  std::map<Origin, int> origins;
  for (const Organism& o : run(steady(1), 8, 0.1).history) ++origins[o.origin];
  EXPECT_EQ(origins[Origin::elite], 0);  // it lives on, and need not be born again
  for (const Origin origin : {Origin::random, Origin::immigrant, Origin::crossover, Origin::mutant,
                              Origin::hypermutant}) {
    EXPECT_GT(origins[origin], 0) << name(origin);
  }
  EXPECT_EQ(origins[Origin::random], 16);  // the first of each slot
}

TEST(SteadyState, one_slot_is_one_after_another) {
  EvolutionConfig config = steady(2);
  config.slots = 1;
  Evolution evolution(config, {}, fake_cost);
  std::size_t asked = 0;
  while (!evolution.finished()) {
    const auto born = evolution.ask();
    ASSERT_EQ(born.size(), 1U);
    ++asked;
    evolution.tell(results_of(born));
  }
  EXPECT_EQ(asked, 64U);
}

TEST(SteadyState, a_budget_ends_it_without_losing_anyone) {
  EvolutionConfig config = steady(4);
  config.generations = 1000;
  config.budget_flops = 1e8;
  const auto history = run(config, 4, 0.5).history;
  double spent = 0;
  for (const Organism& o : history) {
    EXPECT_TRUE(o.evaluation.has_value());
    spent += o.flops;
  }
  EXPECT_LE(spent, config.budget_flops);
  EXPECT_GT(spent, config.budget_flops - 2000 * 4 * 32 * 32);
}

TEST(SteadyState, generations_are_as_many_births_as_the_population_has_members) {
  Evolution evolution(steady(1), {}, fake_cost);
  while (!evolution.finished()) {
    for (const Organism& o : evolution.ask()) {
      evolution.tell(std::vector{result_of(o)});
    }
  }
  ASSERT_EQ(evolution.generation_count(), 8U);
  for (std::size_t g = 0; g < 8; ++g) {
    ASSERT_EQ(evolution.generation(g).size(), 8U);
    EXPECT_EQ(evolution.generation(g)[0].id, 8 * g);
    EXPECT_EQ(evolution.generation(g)[0].generation, g + 1);
  }
}

TEST(SteadyState, keeps_workers_busier_than_generations_do) {
  EvolutionConfig config = steady(1);
  config.generations = 100;
  const double utilisation = run(config, 8, 0.1).utilisation;
  config.mode = Mode::generational;
  EXPECT_GT(utilisation, 0.95);
  EXPECT_LT(run(config, 8, 0.1).utilisation, utilisation - 0.2);
}

}  // namespace
}  // namespace microgpt::test
