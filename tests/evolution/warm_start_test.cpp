// What a search learns from an earlier one.
#include "microgpt/evolution/warm_start.hpp"

#include <gtest/gtest.h>

#include <set>

#include "../support/errors.hpp"
#include "../support/landscape.hpp"
#include "microgpt/evolution/evolution.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

constexpr std::uint64_t kSeeds = 10;

std::vector<Organism> searched(const EvolutionConfig& config, const SearchSpace& space = {}) {
  Evolution evolution(config, space, fake_cost);
  while (!evolution.finished()) evolution.tell(results_of(evolution.ask()));
  return {evolution.history().begin(), evolution.history().end()};
}

EvolutionConfig config_of(std::uint64_t seed, std::size_t generations) {
  return {.strategy = StrategyKind::guided, .generations = generations, .seed = seed};
}

std::vector<EarlierResult> lessons(std::uint64_t seed) {
  return lessons_of(searched(config_of(100 + seed, 10)));
}

double best_loss(std::span<const Organism> history) {
  return std::ranges::min_element(history, better)->evaluation->loss;
}

TEST(WarmStart, lessons_are_the_best_and_some_of_the_others_without_failures) {
  std::vector<Organism> history(200);
  for (std::size_t i = 0; i < history.size(); ++i) {
    history[i].genome["steps"] = static_cast<std::uint32_t>(1 + i / 2);  // each genome twice
    history[i].evaluation = i % 10 == 0 ? failed_evaluation("bad luck") : Evaluation();
    if (i % 10 != 0) history[i].evaluation->fitness = 10 - 0.01 * static_cast<double>(i);
  }
  const std::vector<EarlierResult> lessons = lessons_of(history);
  ASSERT_EQ(lessons.size(), 48U);
  EXPECT_DOUBLE_EQ(lessons.front().fitness, 10 - 1.98);
  EXPECT_EQ(lessons.back().genome["steps"], 1U);  // the worst is among the others
  std::set<Genome> genomes;
  for (std::size_t i = 0; i < lessons.size(); ++i) {
    EXPECT_TRUE(genomes.insert(lessons[i].genome).second);
    if (i == 0) continue;
    EXPECT_LE(lessons[i - 1].fitness, lessons[i].fitness);
  }
}

TEST(WarmStart, begins_where_the_earlier_search_ended) {
  double warm = 0, cold = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    EvolutionConfig config = config_of(seed, 1);
    cold += best_loss(searched(config)) / kSeeds;
    config.earlier = lessons(seed);
    const std::vector<Organism> history = searched(config);
    EXPECT_LE(best_loss(history), fake(config.earlier.front().genome).loss);
    warm += best_loss(history) / kSeeds;
    for (const Organism& o : history) {
      EXPECT_NE(o.origin, Origin::primordial);
      EXPECT_TRUE(o.parents.empty() || o.parents.front() < o.id);
    }
  }
  EXPECT_LT(warm, cold - 0.02);
}

TEST(WarmStart, is_not_believed_where_results_contradict_it) {
  double misled = 0, cold = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    EvolutionConfig config = config_of(seed, 10);
    cold += best_loss(searched(config)) / kSeeds;
    config.earlier = lessons(seed);
    std::ranges::reverse(config.earlier);  // the worst are said to be the best
    for (EarlierResult& result : config.earlier) result.fitness = 5 - result.fitness;
    misled += best_loss(searched(config)) / kSeeds;
  }
  EXPECT_LT(misled, cold + 0.02);
}

TEST(WarmStart, breeds_nothing_that_the_space_does_not_hold) {
  SearchSpace space;
  space["n_emb"] = ListDomain{{48, 64, 96}};
  space["activation"] = ListDomain{{0, 1, 2}};
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    EvolutionConfig config = config_of(seed, 3);
    config.earlier = lessons(seed);
    for (const Organism& o : searched(config, space)) {
      EXPECT_TRUE(contains(space, o.genome)) << describe(o.genome);
    }
  }
}

TEST(WarmStart, finds_somebody_where_the_earlier_search_knows_nobody) {
  SearchSpace space = SearchSpace::primordial();  // one genome, which is born at once
  space["n_emb"] = ListDomain{{64}};
  EvolutionConfig config = config_of(1, 2);
  config.earlier = lessons(1);
  const std::vector<Organism> history = searched(config, space);
  ASSERT_FALSE(history.empty());
  for (const Organism& o : history) EXPECT_EQ(o.genome["n_emb"], 64U);
}

TEST(WarmStart, is_refused_where_nobody_would_learn_from_it) {
  const std::vector<EarlierResult> some(8), few(7);
  EXPECT_EQ(error_of([&] { validate({.strategy = StrategyKind::classic, .earlier = some}); }),
            "strategy (classic) learns nothing from an earlier search: only guided does");
  EXPECT_EQ(error_of([&] { validate({.strategy = StrategyKind::guided, .earlier = few}); }),
            "an earlier search must have at least 8 results to teach anything, not 7");
}

}  // namespace
}  // namespace microgpt::test
