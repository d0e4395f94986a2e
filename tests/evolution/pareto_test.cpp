// Fronts of loss and cost, and searches for them.
#include "microgpt/evolution/pareto.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "../support/errors.hpp"
#include "../support/landscape.hpp"
#include "../support/numbers.hpp"
#include "microgpt/core/elementary.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "surrogate/front.hpp"
#include "surrogate/improvement.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

bool dominates(double loss_a, double cost_a, double loss_b, double cost_b) {
  return loss_a <= loss_b && cost_a <= cost_b && (loss_a < loss_b || cost_a < cost_b);
}

/// The front by its definition, point against point.
std::vector<std::size_t> plain_front(std::span<const double> loss, std::span<const double> cost) {
  std::vector<std::size_t> front;
  for (std::size_t i = 0; i < loss.size(); ++i) {
    bool listed = true;
    for (std::size_t j = 0; j < loss.size(); ++j) {
      if (dominates(loss[j], cost[j], loss[i], cost[i])) listed = false;
      if (j < i && loss[j] == loss[i] && cost[j] == cost[i]) listed = false;
    }
    if (listed) front.push_back(i);
  }
  std::sort(front.begin(), front.end(),
            [&](std::size_t a, std::size_t b) { return cost[a] < cost[b]; });
  return front;
}

using Indices = std::vector<std::size_t>;

TEST(ParetoFront, of_a_few_points) {
  const std::vector<double> loss = {3.0, 2.5, 2.0, 2.5, 2.0, 1.0};
  const std::vector<double> cost = {9, 2, 3, 1, 3, 8};
  EXPECT_EQ(pareto_front(loss, cost), (Indices{3, 2, 5}));
}

TEST(ParetoFront, of_no_point_one_point_and_equal_points) {
  EXPECT_EQ(pareto_front({}, {}), Indices{});
  const std::vector<double> one = {std::numeric_limits<double>::infinity()};
  EXPECT_EQ(pareto_front(one, one), Indices{0});
  const std::vector<double> equal(5, 2.0);
  EXPECT_EQ(pareto_front(equal, equal), Indices{0});
}

TEST(ParetoFront, agrees_with_its_definition) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Rng rng = test::rng_of(seed);
    const std::size_t count = rng.below(60);
    std::vector<double> loss = test::random_numbers(rng, count);
    std::vector<double> cost = test::random_numbers(rng, count);
    if (seed % 2 == 0) {  // on a coarse grid: many ties, many duplicates
      const double cells = static_cast<double>(1 + rng.below(12));
      for (double& l : loss) l = std::round(l * cells);
      for (double& c : cost) c = std::round(c * cells);
    }
    EXPECT_EQ(pareto_front(loss, cost), plain_front(loss, cost)) << "seed " << seed;
  }
}

constexpr std::size_t kTokens = 27;

Organism organism(std::uint64_t id, std::uint32_t n_emb, double loss) {
  Organism o;
  o.id = id;
  o.genome["n_emb"] = n_emb;
  o.flops = n_emb;
  o.evaluation.emplace().loss = loss;
  o.evaluation->fitness = loss;
  return o;
}

TEST(Hypervolume, is_the_area_that_a_front_dominates) {
  const std::vector<Organism> history = {organism(0, 16, 2.5), organism(1, 8, 2.75),
                                         organism(2, 32, 2.25), organism(3, 12, 2.9)};
  const auto front = pareto_members(history, CostKind::flops, kTokens);
  ASSERT_EQ(front.size(), 3U);
  EXPECT_NEAR(hypervolume(front, 3, 64), std::log(2) * (0.25 + 0.5 + 0.75), 1e-12);
  EXPECT_NEAR(hypervolume(front, 2.6, 64), std::log(2) * (0.1 + 0.35), 1e-12);
  EXPECT_NEAR(hypervolume(front, 3, 24), std::log(2) * 0.25 + std::log(1.5) * 0.5, 1e-12);
  EXPECT_EQ(hypervolume(front, 3, 8), 0);
  EXPECT_EQ(hypervolume({}, 3, 64), 0);
}

TEST(Finalists, are_the_best_or_spread_over_the_front) {
  std::vector<Organism> history;
  for (std::uint32_t i = 0; i < 9; ++i) history.push_back(organism(i, 8 + 4 * i, 3 - 0.1 * i));
  history.push_back(organism(9, 44, 2.21));  // second best, and dominated
  const auto ids = [&](Goal goal, std::size_t count) {
    std::vector<std::uint64_t> found;
    for (const Organism& o : finalists_of(history, goal, count, kTokens)) found.push_back(o.id);
    return found;
  };
  using Ids = std::vector<std::uint64_t>;
  EXPECT_EQ(ids(Goal::loss, 2), (Ids{8, 9}));
  EXPECT_EQ(ids(Goal::loss_and_flops, 1), (Ids{8}));
  EXPECT_EQ(ids(Goal::loss_and_parameters, 3), (Ids{8, 4, 0}));
  EXPECT_EQ(ids(Goal::loss_and_flops, 100).size(), 9U);
  EXPECT_EQ(ids(Goal::loss_and_flops, 0), Ids{});
}

TEST(Front, expects_what_samples_show) {
  constexpr double kMost = 3, kWorst = 1;
  const std::vector<Front::Point> points = {{0, 0.5}, {1, -0.5}, {2, -1}, {1.5, 0.2}, {5, -9}};
  const Front front(points, kMost, kWorst);
  Rng rng = rng_of(1);
  const auto area = [&](std::vector<Front::Point> all) {  // by its definition, in small squares
    constexpr double kStep = 0.01;
    double sum = 0;
    for (double cost = -2 + kStep / 2; cost < kMost; cost += kStep) {
      double best = kWorst;
      for (const Front::Point& p : all) {
        if (p.log_cost <= cost && p.log_cost < kMost) best = std::min(best, p.value);
      }
      sum += kStep * (kWorst - best);
    }
    return sum;
  };
  const double before = area(points);
  for (const double cost : {-1.0, 0.5, 1.0, 2.5}) {
    for (const double mean : {0.8, -0.6}) {
      constexpr double kDeviation = 0.7;
      constexpr int kSamples = 4000;
      double growth = 0;
      for (int i = 0; i < kSamples; ++i) {
        std::vector<Front::Point> more = points;
        const double normal = std::sqrt(-2 * std::log(1 - rng.uniform())) *
                              std::cos(2 * std::numbers::pi * rng.uniform());
        more.push_back({cost, mean + kDeviation * normal});
        growth += (area(more) - before) / kSamples;
      }
      EXPECT_NEAR(std::exp(front.log_expected_growth(cost, mean, kDeviation)), growth,
                  0.07 * growth + 0.01)
          << cost << ' ' << mean;
    }
  }
  EXPECT_EQ(front.log_expected_growth(kMost, -9, 0.1), -std::numeric_limits<double>::infinity());
}

TEST(Front, where_everything_costs_the_same_is_expected_improvement) {
  const Front front({{0, -1.25}, {0, 0.5}, {0, 2}}, 1, 2);
  for (const double mean : {-3.0, -1.0, 4.0}) {
    EXPECT_EQ(front.log_expected_growth(0, mean, 0.5),
              elementary::log(0.5) + log_expected_improvement((-1.25 - mean) / 0.5));
  }
}

// A small regression; bench/search_quality measures it with real trainings.
TEST(Strategy, quality_a_search_for_the_front_finds_a_better_one) {
  constexpr std::uint64_t kSeeds = 10;
  std::size_t better_fronts = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const auto volume = [&](Goal goal) {
      Evolution evolution(
          {.strategy = StrategyKind::guided, .goal = goal, .generations = 10, .seed = seed}, {},
          fake_cost);
      while (!evolution.finished()) evolution.tell(results_of(evolution.ask()));
      return hypervolume(pareto_members(evolution.history(), CostKind::flops, kTokens), 3,
                         largest_cost({}, fake_cost).flops);
    };
    better_fronts += volume(Goal::loss_and_flops) > volume(Goal::loss);
  }
  EXPECT_GE(better_fronts, 9U);
}

TEST(Evolution, looks_for_a_front_with_the_guided_strategy_only) {
  EvolutionConfig config = {.goal = Goal::loss_and_flops};
  EXPECT_EQ(error_of([&] { validate(config); }),
            "objective (loss,flops) needs the guided strategy: classic looks for the lowest loss "
            "alone");
  config.strategy = StrategyKind::guided;
  EXPECT_NO_THROW(validate(config));
}

}  // namespace
}  // namespace microgpt::test
