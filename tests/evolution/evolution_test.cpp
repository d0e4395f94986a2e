#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/finals.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "../support/errors.hpp"
#include "../support/landscape.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

Evolution evolved(const EvolutionConfig& config, bool reversed = false) {
  Evolution evolution(config, {});
  while (!evolution.finished()) {
    evolution.tell(results_of(evolution.ask(), reversed));
  }
  return evolution;
}

TEST(Evolution, a_generation_has_the_documented_origins) {
  const Evolution evolution = evolved({.generations = 3, .seed = 5});
  ASSERT_EQ(evolution.history().size(), 24U);
  std::map<Origin, int> first, second;
  for (const Organism& o : evolution.generation(0)) ++first[o.origin];
  for (const Organism& o : evolution.generation(1)) ++second[o.origin];
  EXPECT_EQ(first, (std::map<Origin, int>{{Origin::random, 8}}));
  EXPECT_EQ(second, (std::map<Origin, int>{{Origin::elite, 1},
                                           {Origin::immigrant, 2},
                                           {Origin::crossover, 2},
                                           {Origin::mutant, 2},
                                           {Origin::hypermutant, 1}}));
}

TEST(Evolution, the_elite_is_not_evaluated_again) {
  Evolution evolution({}, {});
  evolution.tell(results_of(evolution.ask()));
  EXPECT_EQ(evolution.ask().size(), 7U);
}

TEST(Evolution, the_order_of_results_does_not_matter) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    const Evolution a = evolved({.generations = 5, .seed = seed});
    const Evolution b = evolved({.generations = 5, .seed = seed}, true);
    for (std::size_t i = 0; i < a.history().size(); ++i) {
      EXPECT_EQ(a.history()[i].genome, b.history()[i].genome);
      EXPECT_EQ(a.history()[i].parents, b.history()[i].parents);
    }
  }
}

TEST(Evolution, the_best_of_a_generation_never_worsens_with_an_elite) {
  const auto best = [](std::span<const Organism> generation) {
    return std::min_element(generation.begin(), generation.end(), better)->evaluation->fitness;
  };
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const Evolution evolution = evolved({.generations = 6, .seed = seed});
    for (std::size_t g = 1; g < 6; ++g) {
      EXPECT_LE(best(evolution.generation(g)), best(evolution.generation(g - 1)));
    }
    EXPECT_EQ(champion_of(evolution.history(), {}).evaluation->fitness,
              best(evolution.generation(5)));
  }
}

TEST(Evolution, parents_come_from_the_generation_before) {
  const Evolution evolution = evolved({.population = 12, .generations = 4, .seed = 3});
  for (const Organism& o : evolution.history()) {
    const bool parentless = o.origin == Origin::random || o.origin == Origin::immigrant;
    EXPECT_EQ(o.parents.size(), parentless ? 0U : o.origin == Origin::crossover ? 2U : 1U);
    for (const std::uint64_t parent : o.parents) {
      EXPECT_EQ(evolution.history()[parent].generation + 1, o.generation);
    }
  }
}

TEST(Evolution, finds_better_organisms_than_it_started_with) {
  double first = 0, last = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Evolution evolution = evolved({.generations = 10, .seed = seed});
    const auto start = evolution.generation(0);
    first += std::min_element(start.begin(), start.end(), better)->evaluation->fitness;
    last += champion_of(evolution.history(), {}).evaluation->fitness;
  }
  EXPECT_LT(last, first - 50 * 0.05);
}

TEST(Evolution, goes_on_when_everything_fails) {
  Evolution evolution({.generations = 3}, {});
  while (!evolution.finished()) {
    std::vector<Trial> results;
    for (const Organism& o : evolution.ask())
      results.push_back({.task = {.id = o.id}, .evaluation = {}});
    for (Trial& trial : results) trial.evaluation.failure = "it was not to be";
    evolution.tell(results);
  }
  EXPECT_EQ(champion_of(evolution.history(), {}).id, 0U);  // of equals, the one born first
}

TEST(Evolution, the_aesthetic_engine_copies_its_elite_with_one_change) {
  const EvolutionConfig config = {.strategy = StrategyKind::elite_copies,
                                  .population = 12,
                                  .generations = 5,
                                  .elite = 2,
                                  .immigrants = 0};
  Evolution evolution(config, aesthetic_space());
  while (!evolution.finished()) evolution.tell(results_of(evolution.ask()));
  for (std::size_t g = 1; g < 5; ++g) {
    const auto before = evolution.generation(g - 1);
    std::vector<Organism> ranking(before.begin(), before.end());
    std::sort(ranking.begin(), ranking.end(), better);
    for (const Organism& o : evolution.generation(g)) {
      ASSERT_EQ(o.parents.size(), 1U);
      EXPECT_TRUE(o.parents[0] == ranking[0].id || o.parents[0] == ranking[1].id);
    }
  }
}

TEST(Evolution, refuses_results_that_are_not_awaited) {
  Evolution evolution({}, {});
  const auto results = results_of(evolution.ask());
  EXPECT_EQ(evolution.awaited(), 8U);
  EXPECT_TRUE(evolution.ask().empty());  // nobody can be bred yet
  auto foreign = results;
  foreign.back().task.id = 99;
  EXPECT_THROW(evolution.tell(std::span(foreign).last(1)), Error);
  evolution.tell(std::span(results).first(3));
  EXPECT_EQ(evolution.awaited(), 5U);
  EXPECT_TRUE(evolution.ask().empty());
  EXPECT_THROW(evolution.tell(std::span(results).first(1)), Error);  // a second time
  evolution.tell(std::span(results).subspan(3));
  EXPECT_EQ(evolution.ask().size(), 7U);
}

TEST(Evolution, refuses_settings_that_cannot_be) {
  EXPECT_THROW(Evolution({.population = 0}, {}), Error);
  EXPECT_THROW(Evolution({.generations = 0}, {}), Error);
  EXPECT_THROW(Evolution({.elite = 8, .immigrants = 1}, {}), Error);
  EXPECT_THROW(Evolution({.tournament = 9}, {}), Error);
  EXPECT_THROW(Evolution({.tournament = 0}, {}), Error);
  EXPECT_THROW(Evolution({.strategy = StrategyKind::elite_copies, .elite = 0}, {}), Error);
  EXPECT_THROW(Evolution({.budget_flops = -1}, {}), Error);
  SearchSpace space;
  space.max_training_flops = -1;
  EXPECT_THROW(Evolution({}, space), Error);
  EXPECT_NO_THROW(Evolution({.population = 1, .elite = 1, .immigrants = 0, .tournament = 1}, {}));
}

/// All that is in the journal of a run: the births of those who were trained.
RecordedBirths recorded(std::span<const Organism> history) {
  RecordedBirths births;
  for (const Organism& o : history) {
    if (!is_copy(o)) births[o.id] = {o.genome, o.origin, o.parents};
  }
  return births;
}

struct Replayed {
  std::vector<Organism> history;
  std::size_t attempts = 0;  // to breed
};

Replayed replayed(const EvolutionConfig& config, const RecordedBirths& births) {
  Evolution evolution(config, {}, fake_cost);
  evolution.replay(births);
  Replayed result;
  while (!evolution.finished()) {
    evolution.tell(results_of(evolution.ask([&] { ++result.attempts; })));
  }
  result.history.assign(evolution.history().begin(), evolution.history().end());
  return result;
}

constexpr StrategyKind kStrategies[] = {StrategyKind::classic, StrategyKind::guided,
                                        StrategyKind::random};

TEST(Replay, those_who_are_recorded_are_not_bred_again) {
  for (const Mode mode : {Mode::generational, Mode::steady_state}) {
    for (const StrategyKind strategy : kStrategies) {
      SCOPED_TRACE(fmt::format("{} {}", name(mode), name(strategy)));
      const EvolutionConfig config = {
          .mode = mode, .strategy = strategy, .generations = 12, .seed = 3};
      const Replayed whole = replayed(config, {});
      EXPECT_GT(whole.attempts, 80U);
      const Replayed again = replayed(config, recorded(whole.history));
      expect_same(again.history, whole.history);
      EXPECT_LE(again.attempts, 11U);  // the elite, one in each generation
    }
  }
}

// A run that is killed has the results that arrived: all of the beginning, some of what was then
// in training, and what they are decides nothing.
TEST(Replay, a_run_goes_on_as_it_would_have_gone_wherever_it_was_killed) {
  Rng rng(5, Stream::breeding, 0);
  for (const Mode mode : {Mode::generational, Mode::steady_state}) {
    for (const StrategyKind strategy : kStrategies) {
      const EvolutionConfig config = {
          .mode = mode, .strategy = strategy, .generations = 10, .budget_flops = 3e7, .seed = 4};
      const Replayed whole = replayed(config, {});
      for (int kill = 0; kill < 20; ++kill) {
        SCOPED_TRACE(fmt::format("{} {} {}", name(mode), name(strategy), kill));
        RecordedBirths births = recorded(whole.history);
        const std::size_t arrived = rng.below(whole.history.size() + 1);
        std::erase_if(births, [&](const auto& birth) {
          return birth.first >= arrived && (birth.first >= arrived + 16 || rng.below(2) == 0);
        });
        expect_same(replayed(config, births).history, whole.history);
      }
    }
  }
}

TEST(Replay, a_longer_run_begins_as_the_shorter_one_did) {
  for (const Mode mode : {Mode::generational, Mode::steady_state}) {
    for (const StrategyKind strategy : kStrategies) {
      SCOPED_TRACE(fmt::format("{} {}", name(mode), name(strategy)));
      EvolutionConfig config = {
          .mode = mode, .strategy = strategy, .generations = 1000, .budget_flops = 3e7, .seed = 4};
      const Replayed shorter = replayed(config, {});
      const RecordedBirths births = recorded(shorter.history);
      config.budget_flops = 6e7;
      const Replayed longer = replayed(config, births);
      ASSERT_GT(longer.history.size(), shorter.history.size() + 5);
      expect_same(std::span(longer.history).first(shorter.history.size()), shorter.history);
      // Killed and resumed, it is the same again.
      RecordedBirths all = recorded(longer.history);
      std::erase_if(all, [&](const auto& birth) {
        return !births.contains(birth.first) && birth.first % 3 == 0;
      });
      expect_same(replayed(config, all).history, longer.history);
    }
  }
}

TEST(Evolution, begins_with_the_enqueued_genomes) {
  const std::vector<Genome> given = {GptGenome{.n_emb = 8, .lr = 0.01, .steps = 500},
                                     GptGenome{.n_emb = 24, .lr = 0.002, .steps = 300}};
  for (const Mode mode : {Mode::generational, Mode::steady_state}) {
    for (const StrategyKind strategy : kStrategies) {
      SCOPED_TRACE(fmt::format("{} {}", name(mode), name(strategy)));
      const EvolutionConfig config = {
          .mode = mode, .strategy = strategy, .generations = 4, .seed = 2, .enqueued = given};
      const Replayed whole = replayed(config, {});
      for (std::size_t i = 0; i < given.size(); ++i) {
        EXPECT_EQ(whole.history[i].genome, given[i]);
        EXPECT_EQ(whole.history[i].origin, Origin::enqueued);
      }
      EXPECT_NE(whole.history[2].origin, Origin::enqueued);
      std::set<Genome> all;
      for (const Organism& o : whole.history) {
        EXPECT_TRUE(o.origin == Origin::elite || all.insert(o.genome).second);
      }
      expect_same(replayed(config, recorded(whole.history)).history, whole.history);
    }
  }
  // One that the budget is too small for is found out before the search, whoever could be bred.
  const Genome dear = GptGenome{.n_emb = 32, .n_layer = 4, .steps = 2000};
  const Evolution poor({.budget_flops = fake_cost(dear).flops - 1, .enqueued = {dear}}, {},
                       fake_cost);
  EXPECT_NE(error_of([&] { poor.require_room(); }), "");
  EXPECT_EQ(error_of([] { Evolution({.enqueued = {GptGenome{.n_emb = 17, .n_head = 1}}}, {}); }),
            "n_emb (17) is not in the search space");
}

struct Tournament : testing::Test {
  const Evolution evolution = evolved({.generations = 1, .seed = 9});
  const std::vector<std::size_t> places = {0, 1, 2, 3, 4, 5, 6, 7};
  const Ancestors all = {
      .history = evolution.history(), .parents = places, .ranking = {}, .underway = {}};
};

TEST_F(Tournament, members_are_distinct_so_a_tournament_of_all_is_won_by_the_best) {
  const auto best = std::ranges::min_element(all.history, better);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng(seed, Stream::breeding, 0);
    EXPECT_EQ(tournament(all, 8, rng).id, best->id);
  }
}

TEST_F(Tournament, the_worst_never_wins_against_others) {
  const auto worst = std::ranges::max_element(all.history, better);
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Rng rng(seed, Stream::breeding, 0);
    EXPECT_NE(tournament(all, 2, rng).id, worst->id);
  }
}

}  // namespace
}  // namespace microgpt::test
