// Islands: the same histories whichever island is ahead.
#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "../support/errors.hpp"
#include "../support/landscape.hpp"
#include "../support/numbers.hpp"
#include "microgpt/evolution/evolution.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

Trial failure_of(const Organism& organism) {
  return {.task = task_of(organism), .evaluation = failed_evaluation("as it happens")};
}

/// A ring of islands. In each turn a random one takes in what has come, breeds, and learns one
/// result; so one may be far ahead of another.
class Ring {
 public:
  Ring(EvolutionConfig config, std::uint64_t order) : rng_(rng_of(order)) {
    for (config.island = 0; config.island < config.islands; ++config.island) {
      islands_.push_back({.evolution = Evolution(config, {}, fake_cost)});
    }
  }

  void run() {
    for (std::size_t turns = 0; turns < 1'000'000; ++turns) {
      std::vector<std::size_t> unfinished;
      for (std::size_t i = 0; i < islands_.size(); ++i) {
        if (!islands_[i].evolution.finished()) unfinished.push_back(i);
      }
      if (unfinished.empty()) return;
      turn(unfinished[rng_.below(unfinished.size())]);
    }
    ADD_FAILURE() << "the islands wait for each other";
  }

  std::vector<Organism> history(std::size_t island) const {
    const auto history = islands_[island].evolution.history();
    return {history.begin(), history.end()};
  }

 private:
  struct Island {
    Evolution evolution;
    std::deque<std::optional<Organism>> arrivals = {};
    bool emigrated = false;
    std::vector<Organism> waiting = {};
  };

  void turn(std::size_t number) {
    Island& island = islands_[number];
    if (island.evolution.migration_due()) {
      if (!island.emigrated) {
        islands_[(number + 1) % islands_.size()].arrivals.push_back(island.evolution.emigrant());
      }
      island.emigrated = island.arrivals.empty();
      if (!island.arrivals.empty()) {
        island.evolution.immigrate(island.arrivals.front());
        island.arrivals.pop_front();
      }
    }
    for (const Organism& o : island.evolution.ask()) island.waiting.push_back(o);
    if (island.waiting.empty()) return;
    const std::size_t which = rng_.below(island.waiting.size());
    const Organism chosen = island.waiting[which];
    island.waiting.erase(island.waiting.begin() + static_cast<std::ptrdiff_t>(which));
    island.evolution.tell(
        std::vector{chosen.genome["n_ctx"] == 24 ? failure_of(chosen) : result_of(chosen)});
  }

  std::deque<Island> islands_;
  Rng rng_;
};

constexpr Mode kModes[] = {Mode::generational, Mode::steady_state};

EvolutionConfig config_of(Mode mode, StrategyKind strategy, std::uint64_t seed) {
  return {.mode = mode,
          .strategy = strategy,
          .population = 6,
          .generations = 9,
          .seed = seed,
          .islands = 3,
          .migration_interval = 2};
}

TEST(Islands, histories_do_not_depend_on_which_island_is_ahead) {
  for (const Mode mode : kModes) {
    for (const StrategyKind strategy :
         {StrategyKind::classic, StrategyKind::guided, StrategyKind::random}) {
      for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(fmt::format("{}, {}, seed {}", name(mode), name(strategy), seed));
        Ring one(config_of(mode, strategy, seed), 1), other(config_of(mode, strategy, seed), 2);
        one.run();
        other.run();
        for (std::size_t i = 0; i < 3; ++i) {
          ASSERT_EQ(one.history(i).size(), 54U);
          expect_same(one.history(i), other.history(i));
        }
      }
    }
  }
}

TEST(Islands, the_best_of_each_is_born_again_on_the_next_one) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Ring ring(config_of(Mode::generational, StrategyKind::classic, seed), seed);
    ring.run();
    for (std::size_t i = 0; i < 3; ++i) {
      const auto before = ring.history((i + 2) % 3), here = ring.history(i);
      // Migrations after 2, 4, 6 and 8 generations of six; the migrant takes the last place.
      for (std::size_t born = 12; born < 54; born += 12) {
        const Organism& migrant = here[born + 5];
        const Organism best = best_of(std::span(before).first(born), 1).front();
        EXPECT_EQ(migrant.origin, Origin::migrant);
        EXPECT_EQ(migrant.parents, std::vector{best.id});
        EXPECT_EQ(migrant.genome, best.genome);
        EXPECT_EQ(migrant.evaluation, best.evaluation);
        EXPECT_EQ(migrant.generation, born / 6 + 1);
      }
      EXPECT_EQ(std::ranges::count(here, Origin::migrant, &Organism::origin), 4);
    }
  }
}

TEST(Islands, ids_are_unique_and_children_differ_from_island_to_island) {
  Ring ring(config_of(Mode::steady_state, StrategyKind::classic, 1), 1);
  ring.run();
  std::set<std::uint64_t> ids;
  std::set<Genome> first;
  for (std::size_t i = 0; i < 3; ++i) {
    for (const Organism& o : ring.history(i)) ids.insert(o.id);
    first.insert(ring.history(i)[1].genome);
  }
  EXPECT_EQ(ids.size(), 3U * 54U);
  EXPECT_EQ(first.size(), 3U);
}

// With more slots than births before the first migration, nobody has finished by then.
TEST(Islands, nobody_leaves_before_anyone_is_known) {
  EvolutionConfig config = config_of(Mode::steady_state, StrategyKind::classic, 1);
  config.slots = 40;
  Ring ring(config, 1);
  ring.run();
  const auto history = ring.history(0);
  EXPECT_EQ(history.size(), 54U);
  EXPECT_LT(std::ranges::count(history, Origin::migrant, &Organism::origin), 4);
}

TEST(Islands, one_island_has_no_migration) {
  Evolution evolution({.generations = 4, .migration_interval = 1}, {}, fake_cost);
  while (!evolution.finished()) {
    EXPECT_FALSE(evolution.migration_due());
    for (const Organism& o : evolution.ask()) {
      evolution.tell(std::vector{result_of(o)});
    }
  }
  EXPECT_TRUE(
      contains(error_of([&] { evolution.immigrate(std::nullopt); }), "no migration is due"));
}

TEST(Islands, settings_that_are_impossible_throw) {
  EXPECT_TRUE(contains(error_of([] { validate({.islands = 0}); }), "islands (0)"));
  EXPECT_TRUE(contains(error_of([] { validate({.islands = 2, .island = 2}); }), "island (2)"));
  EXPECT_TRUE(contains(error_of([] { validate({.islands = 2, .migration_interval = 0}); }),
                       "migration-interval (0)"));
}

}  // namespace
}  // namespace microgpt::test
