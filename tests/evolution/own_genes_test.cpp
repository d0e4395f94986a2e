// A search knows nothing of GPTs: here the organisms are points of Branin's function.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>
#include <set>

#include "../support/errors.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

/// Two coordinates, a penalty that one of three methods has, and a damping that only the method
/// "damped" uses.
const GeneTable& own_genes() {
  static const GeneTable table(
      {{.name = "x", .low = -5, .high = 10, .primordial = 2},
       {.name = "y", .low = 0, .high = 15, .primordial = 7},
       {.name = "method",
        .kind = GeneKind::category,
        .high = 2,
        .categories = {"plain", "damped", "slow"},
        .primordial = 2},
       {.name = "damping", .low = 0.001, .high = 1, .logarithmic = true, .primordial = 0.1},
       {.name = "passes", .kind = GeneKind::whole, .low = 1, .high = 64, .primordial = 8}},
      {{0, 4, "below", [](double x, double passes) { return x < passes; }}},
      {.without_effect =
           [](const Genome& genome) {
             std::vector<const Gene*> found;
             if (genome["method"] != 1) found.push_back(&genome.genes()["damping"]);
             return found;
           },
       .check = nullptr,
       .check_largest = nullptr});
  return table;
}

SearchSpace own_space() {
  SearchSpace space = SearchSpace::primordial(own_genes());
  space["x"] = ListDomain{{-5, -3.14, -1, 0, 1, 3.14, 5, 9.42, 10}};
  space["y"] = LinearDomain{0, 15};
  space["method"] = ListDomain{{0, 1, 2}};
  space["damping"] = LogDomain{0.001, 1};
  space["passes"] = ListDomain{{1, 4, 16}};
  return space;
}

/// Its three minima have the value 0.398. Branin, "Widely convergent method for finding multiple
/// solutions of simultaneous nonlinear equations", 1972.
double branin(double x, double y) {
  constexpr double kPi = std::numbers::pi;
  const double a = y - 5.1 / (4 * kPi * kPi) * x * x + 5 / kPi * x - 6;
  return a * a + 10 * (1 - 1 / (8 * kPi)) * std::cos(x) + 10;
}

double value_of(const Genome& g) {
  const double penalties[] = {2, 20 * std::abs(std::log10(g["damping"] / 0.05)), 30};
  return branin(g["x"], g["y"]) + penalties[static_cast<std::size_t>(g["method"])];
}

Evolution evolved(const EvolutionConfig& config) {
  Evolution evolution(config, own_space());
  while (!evolution.finished()) {
    std::vector<Trial> trials;
    for (const Organism& o : evolution.ask()) {
      Evaluation evaluation;
      evaluation.fitness = evaluation.loss = value_of(o.genome);
      trials.push_back({.task = task_of(o), .evaluation = evaluation});
    }
    evolution.tell(trials);
  }
  return evolution;
}

double best_of(const Evolution& evolution) {
  return evolution::best_of(evolution.history(), 1).at(0).evaluation->fitness;
}

constexpr std::array kStrategies = {StrategyKind::classic, StrategyKind::random,
                                    StrategyKind::guided};

TEST(OwnGenes, every_strategy_breeds_valid_genomes_each_once) {
  const SearchSpace space = own_space();
  validate(space);
  for (const Mode mode : {Mode::generational, Mode::steady_state}) {
    for (const StrategyKind strategy : kStrategies) {
      SCOPED_TRACE(fmt::format("{} {}", name(mode), name(strategy)));
      std::set<Genome> genomes;
      std::set<double> methods;
      const Evolution evolution = evolved({.mode = mode, .strategy = strategy, .seed = 3});
      for (const Organism& o : evolution.history()) {
        validate(o.genome);
        EXPECT_TRUE(contains(space, o.genome)) << describe(o.genome);
        EXPECT_EQ(canonical(o.genome, space), o.genome) << describe(o.genome);
        EXPECT_TRUE(o.origin == Origin::elite || genomes.insert(o.genome).second);
        methods.insert(o.genome["method"]);
      }
      EXPECT_EQ(methods.size(), 3U);
    }
  }
}

TEST(OwnGenes, the_guided_search_finds_what_random_search_does_not) {
  std::size_t wins = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const EvolutionConfig guided = {
        .strategy = StrategyKind::guided, .generations = 12, .seed = seed};
    EvolutionConfig random = guided;
    random.strategy = StrategyKind::random;
    wins += best_of(evolved(guided)) < best_of(evolved(random));
  }
  EXPECT_GE(wins, 10U);
}

TEST(OwnGenes, what_has_no_effect_has_one_form) {
  const SearchSpace space = own_space();
  Genome genome(own_genes());
  genome["x"] = 3.14, genome["passes"] = 4, genome["damping"] = 0.5;
  EXPECT_EQ(canonical(genome, space)["damping"], 0.001);
  genome["method"] = 1;
  EXPECT_EQ(canonical(genome, space), genome);
}

TEST(OwnGenes, messages_name_gene_value_and_rule) {
  Genome genome(own_genes());
  EXPECT_EQ(describe(genome), "x 2  y 7  method slow  damping 0.1  passes 8");
  EXPECT_EQ(one_line(genome), "  x 2 y 7 method slow damping 0.1 passes 8");
  genome["x"] = 9;
  EXPECT_EQ(error_of([&] { validate(genome); }), "x (9) must be below passes (8)");
  genome["y"] = -1;
  EXPECT_EQ(error_of([&] { validate(genome); }), "y (-1) must be a number from 0 to 15");
  EXPECT_EQ(error_of([&] { genome["z"] = 1; }), "there is no gene z");
}

}  // namespace
}  // namespace microgpt::test
