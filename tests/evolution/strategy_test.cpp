// What holds for every strategy, and what tells them apart.
#include "microgpt/evolution/strategy.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

#include "../support/errors.hpp"
#include "../support/landscape.hpp"
#include "microgpt/core/stop.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/finals.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

std::vector<StrategyKind> every_strategy() {
  std::vector<StrategyKind> all;
  for (const StrategyEntry& entry : kStrategyEntries) all.push_back(entry.value);
  return all;
}

Evolution evolved(const EvolutionConfig& config, const SearchSpace& space = {},
                  bool reversed = false) {
  Evolution evolution(config, space, fake_cost);
  while (!evolution.finished()) {
    const auto born = evolution.ask();
    if (evolution.finished()) break;
    evolution.tell(results_of(born, reversed));
  }
  return evolution;
}

TEST(Strategy, names_are_read_back_and_others_refused) {
  for (const StrategyKind kind :
       {StrategyKind::classic, StrategyKind::random, StrategyKind::guided}) {
    EXPECT_EQ(from_name<StrategyKind>(name(kind)), kind);
  }
  EXPECT_EQ(error_of([] { from_name<StrategyKind>("lucky"); }),
            "strategy (lucky) must be classic, random or guided");
  EXPECT_NE(error_of([] { from_name<StrategyKind>("elite copies"); }), "");
}

TEST(Strategy, none_trains_a_genome_twice) {
  for (const StrategyKind strategy : every_strategy()) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      SCOPED_TRACE(fmt::format("{} {}", name(strategy), seed));
      const Evolution evolution = evolved({.strategy = strategy, .generations = 6, .seed = seed});
      std::set<Genome> genomes;
      for (const Organism& o : evolution.history()) {
        if (o.origin == Origin::elite) continue;
        EXPECT_TRUE(genomes.insert(o.genome).second) << describe(o.genome);
      }
      EXPECT_EQ(evolution.known_genomes_born(), 0U);
    }
  }
}

/// Four genomes.
const SearchSpace kTiny = [] {
  SearchSpace space = SearchSpace::primordial();
  space["n_emb"] = ListDomain{{8, 16}};
  space["n_layer"] = ListDomain{{1, 2}};
  space["steps"] = ListDomain{{100}};
  return space;
}();
constexpr std::array kModes = {Mode::generational, Mode::steady_state};

TEST(Strategy, a_search_ends_when_its_space_is_exhausted) {
  for (const Mode mode : kModes) {
    for (const StrategyKind strategy : every_strategy()) {
      for (const std::size_t population : {3U, 8U, 1000U}) {
        SCOPED_TRACE(fmt::format("{} {} {}", name(mode), name(strategy), population));
        // Known genomes cost nothing: the budget alone would never end the search.
        Evolution evolution({.mode = mode,
                             .strategy = strategy,
                             .population = population,
                             .generations = 1'000'000,
                             .budget_flops = 1e12,
                             .immigrants = 1,
                             .seed = 3},
                            kTiny, fake_cost);
        std::size_t trained = 0, attempts = 0;
        while (!evolution.finished()) {
          const auto born = evolution.ask([&] { ++attempts; });
          trained += born.size();
          evolution.tell(results_of(born));
        }
        EXPECT_EQ(trained, 4U);
        EXPECT_TRUE(evolution.space_exhausted());
        EXPECT_LT(evolution.history().size(), 3 * population + 10);
        EXPECT_LT(attempts, 4000 + 4 * population);
        for (const Organism& o : evolution.history()) EXPECT_EQ(o.evaluation, fake(o.genome));
      }
    }
  }
}

TEST(Strategy, a_search_ends_when_all_that_the_space_can_afford_is_known) {
  SearchSpace space = kTiny;
  space.max_training_flops = fake_cost(GptGenome{.n_emb = 16, .n_layer = 1, .steps = 100}).flops;
  for (const Mode mode : kModes) {
    for (const StrategyKind strategy : every_strategy()) {
      SCOPED_TRACE(fmt::format("{} {}", name(mode), name(strategy)));
      const Evolution evolution = evolved(
          {.mode = mode, .strategy = strategy, .population = 4, .generations = 100, .seed = 3},
          space);
      std::set<Genome> genomes;
      for (const Organism& o : evolution.history()) genomes.insert(o.genome);
      EXPECT_EQ(genomes.size(), 3U);  // 8 x 1, 8 x 2, 16 x 1
      EXPECT_LE(evolution.history().size(), 16U);
    }
  }
}

TEST(Strategy, breeding_can_be_broken_off) {
  Evolution evolution({.population = 1000}, {});
  int attempts = 0;
  EXPECT_THROW(evolution.ask([&] {
    if (++attempts == 10) throw Stopped{Stop::terminated};
  }),
               Stopped);
}

TEST(Strategy, has_parents_in_the_steady_state_though_fewer_than_its_elite_have_finished) {
  for (const StrategyKind strategy : every_strategy()) {
    for (std::size_t elite = 1; elite < 8; ++elite) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        SCOPED_TRACE(fmt::format("{} {} {}", name(strategy), elite, seed));
        const Evolution evolution = evolved({.mode = Mode::steady_state,
                                             .slots = 2,
                                             .strategy = strategy,
                                             .generations = 3,
                                             .elite = elite,
                                             .immigrants = 0,
                                             .seed = seed});
        for (const Organism& o : evolution.history()) {
          for (const std::uint64_t parent : o.parents) EXPECT_LT(parent, o.id);
        }
      }
    }
  }
}

TEST(Strategy, all_are_functions_of_the_seed_and_not_of_the_order_of_results) {
  for (const StrategyKind strategy : every_strategy()) {
    SCOPED_TRACE(name(strategy));
    const EvolutionConfig config = {.strategy = strategy, .generations = 5, .seed = 7};
    const Evolution a = evolved(config), b = evolved(config, {}, true);
    ASSERT_EQ(a.history().size(), b.history().size());
    for (std::size_t i = 0; i < a.history().size(); ++i) {
      EXPECT_EQ(a.history()[i].genome, b.history()[i].genome);
      EXPECT_EQ(a.history()[i].parents, b.history()[i].parents);
      EXPECT_EQ(a.history()[i].origin, b.history()[i].origin);
    }
  }
}

TEST(Strategy, every_genome_lies_in_the_space_and_costs_no_more_than_it_allows) {
  SearchSpace space;
  space.max_training_flops = 500'000;
  for (const StrategyKind strategy : every_strategy()) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      SCOPED_TRACE(fmt::format("{} {}", name(strategy), seed));
      const Evolution evolution =
          evolved({.strategy = strategy, .generations = 5, .seed = seed}, space);
      for (const Organism& o : evolution.history()) {
        EXPECT_TRUE(contains(space, o.genome)) << describe(o.genome);
        EXPECT_LE(fake_cost(o.genome).flops, space.max_training_flops) << describe(o.genome);
        EXPECT_EQ(o.flops, fake_cost(o.genome).flops);
      }
    }
  }
}

TEST(Strategy, a_space_in_which_nothing_is_cheap_enough_is_an_error) {
  SearchSpace space;
  space.max_training_flops = 1;
  Evolution evolution({}, space, fake_cost);
  const std::string message = error_of([&] { evolution.ask(); });
  EXPECT_NE(message.find("max_training_flops (1)"), std::string::npos) << message;
}

TEST(Strategy, a_budget_is_used_but_never_exceeded) {
  for (const StrategyKind strategy : every_strategy()) {
    for (const double budget : {1e6, 3e7}) {
      SCOPED_TRACE(fmt::format("{} {}", name(strategy), budget));
      const Evolution evolution = evolved({.strategy = strategy,
                                           .generations = 1000,
                                           .budget_flops = budget,
                                           .elite = 1,
                                           .seed = 5});
      double spent = 0, largest = 0;
      for (const Organism& o : evolution.history()) {
        if (o.origin == Origin::elite) continue;
        spent += o.flops;
        largest = std::max(largest, o.flops);
      }
      EXPECT_EQ(spent, evolution.flops());
      EXPECT_LE(spent, budget);
      EXPECT_GT(spent, budget - 2000 * 4 * 32 * 32);  // less than the most expensive one was left
    }
  }
}

TEST(Strategy, a_budget_for_nobody_finds_nobody) {
  const Evolution evolution = evolved({.generations = 10, .budget_flops = 1});
  EXPECT_TRUE(evolution.finished());
  EXPECT_EQ(evolution.generation_count(), 0U);
  EXPECT_TRUE(best_of(evolution.history(), 3).empty());
}

TEST(Strategy, random_search_has_neither_parents_nor_memory) {
  const Evolution evolution = evolved({.strategy = StrategyKind::random, .generations = 3});
  for (const Organism& o : evolution.history()) {
    EXPECT_EQ(o.origin, Origin::random);
    EXPECT_TRUE(o.parents.empty());
  }
}

TEST(Strategy, guided_search_starts_with_the_primordial_organism_trained_longest) {
  const Evolution evolution = evolved({.strategy = StrategyKind::guided, .generations = 1});
  EXPECT_EQ(evolution.history()[0].genome, (GptGenome{.steps = 2000}));
  EXPECT_EQ(evolution.history()[0].origin, Origin::primordial);
  SearchSpace without;
  without["n_ctx"] = ListDomain{{8}};
  const Evolution other = evolved({.strategy = StrategyKind::guided, .generations = 1}, without);
  EXPECT_TRUE(contains(without, other.history()[0].genome));
}

TEST(Strategy, guided_search_goes_on_when_everything_fails) {
  Evolution evolution({.strategy = StrategyKind::guided, .generations = 3}, {});
  while (!evolution.finished()) {
    std::vector<Trial> results;
    for (const Organism& o : evolution.ask()) {
      results.push_back({.task = {.id = o.id}, .evaluation = {}});
      results.back().evaluation.failure = "it was not to be";
    }
    evolution.tell(results);
  }
  EXPECT_TRUE(best_of(evolution.history(), 3).empty());
}

TEST(Evolution, the_best_are_different_genomes_that_did_not_fail) {
  const Evolution evolution = evolved({.generations = 5, .elite = 3, .immigrants = 2, .seed = 2});
  const auto best = best_of(evolution.history(), 4);
  ASSERT_EQ(best.size(), 4U);
  EXPECT_EQ(best[0].genome, champion_of(evolution.history(), {}).genome);
  std::set<Genome> genomes;
  for (std::size_t i = 0; i < best.size(); ++i) {
    EXPECT_TRUE(genomes.insert(best[i].genome).second);
    if (i == 0) continue;
    EXPECT_LE(best[i - 1].evaluation->fitness, best[i].evaluation->fitness);
  }
}

// A small regression of the quality of the search; bench/search_quality measures it with real
// trainings.
TEST(Strategy, quality_guided_search_beats_luck_and_the_classic_algorithm_for_the_same_compute) {
  constexpr std::uint64_t kSeeds = 20;
  const double budget = 80 * 1000 * 2.5 * 19 * 19;
  std::size_t beats_random = 0, beats_classic = 0;
  double excess = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto loss = [&](StrategyKind strategy) {
      const Evolution evolution = evolved(
          {.strategy = strategy, .generations = 1000, .budget_flops = budget, .seed = seed});
      return best_of(evolution.history(), 1)[0].evaluation->loss;
    };
    const double guided = loss(StrategyKind::guided);
    beats_random += guided < loss(StrategyKind::random);
    beats_classic += guided < loss(StrategyKind::classic);
    excess += (guided - 2.3) / kSeeds;
  }
  EXPECT_GE(beats_random, 19U);
  EXPECT_GE(beats_classic, 19U);
  EXPECT_LT(excess, 0.01);
}

}  // namespace
}  // namespace microgpt::test
