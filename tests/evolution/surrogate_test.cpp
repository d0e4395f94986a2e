// What the guided strategy knows: the model, the genes as its variables, and what it remembers.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include "microgpt/core/random.hpp"
#include "surrogate/gaussian_process.hpp"
#include "surrogate/improvement.hpp"
#include "surrogate/memory.hpp"
#include "surrogate/variables.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

using Point = std::vector<double>;

void add(Points& points, const Point& point) { std::ranges::copy(point, points.add()); }

Points points_of(std::initializer_list<Point> list) {
  Points points(list.begin()->size());
  for (const Point& point : list) add(points, point);
  return points;
}

Point random_point(Rng& rng) {
  Point point(7);
  for (double& x : point) x = rng.uniform();
  return point;
}

const std::vector<std::size_t> kSeven = {0, 1, 2, 3, 4, 5, 6};

GaussianProcess learnt(const Points& points, const std::vector<double>& values,
                       const std::vector<std::size_t>& variables = kSeven) {
  GaussianProcess model(variables);
  model.choose_scales(points, values);
  model.learn(points, values, Points(points.width()));
  return model;
}

struct Prediction {
  double mean, deviation;
};
Prediction predict(const GaussianProcess& model, const Point& point) {
  const Outlook outlook(model, points_of({point}));
  return {outlook.mean(0), std::sqrt(outlook.variance(0))};
}

// Two variables matter, one of them more; the others do not.
double valley(const Point& x) {
  return 3 * (x[2] - 0.4) * (x[2] - 0.4) + 0.5 * std::sin(3 * x[5]) - 0.5;
}

struct Data {
  Points points{7};
  std::vector<double> values;
};

Data sample(std::size_t count, double noise) {
  Rng rng(1, Stream::breeding, 0);
  Data data;
  for (std::size_t i = 0; i < count; ++i) {
    const Point point = random_point(rng);
    add(data.points, point);
    data.values.push_back(valley(point) + noise * rng.uniform(-1, 1));
  }
  return data;
}

TEST(GaussianProcess, one_point_is_known_there_and_unknown_far_away) {
  const Point origin(7, 0), far(7, 1);
  const GaussianProcess model = learnt(points_of({origin}), {1.0});
  EXPECT_NEAR(predict(model, origin).mean, 1, 0.25);
  EXPECT_LT(predict(model, origin).deviation, 0.5);
  EXPECT_LT(predict(model, far).mean, predict(model, origin).mean);
  EXPECT_GT(predict(model, far).deviation, predict(model, origin).deviation);
}

TEST(GaussianProcess, predicts_what_it_has_not_seen) {
  const Data data = sample(80, 0.02);
  const GaussianProcess model = learnt(data.points, data.values);
  Rng rng(2, Stream::breeding, 0);
  double squares = 0, spread = 0;
  constexpr int kTests = 200;
  for (int i = 0; i < kTests; ++i) {
    const Point point = random_point(rng);
    const double error = predict(model, point).mean - valley(point);
    squares += error * error / kTests;
    spread += valley(point) * valley(point) / kTests;
  }
  EXPECT_LT(std::sqrt(squares), 0.15 * std::sqrt(spread));
}

TEST(GaussianProcess, most_truths_lie_within_two_deviations) {
  const Data data = sample(60, 0.0);
  const GaussianProcess model = learnt(data.points, data.values);
  Rng rng(3, Stream::breeding, 0);
  int within = 0;
  for (int i = 0; i < 500; ++i) {
    const Point point = random_point(rng);
    const auto [mean, deviation] = predict(model, point);
    within += std::abs(mean - valley(point)) <= 2 * deviation + 0.02;
  }
  EXPECT_GT(within, 425);
}

TEST(GaussianProcess, equal_points_with_different_values_are_noise) {
  Points points(7);
  std::vector<double> values;
  for (int i = 0; i < 10; ++i) {
    points.add();
    values.push_back(i % 2 == 0 ? 1 : -1);
  }
  const GaussianProcess model = learnt(points, values);
  EXPECT_NEAR(predict(model, Point(7, 0)).mean, 0, 1e-9);
  for (const double mean : model.means()) EXPECT_NEAR(mean, 0, 1e-9);
}

TEST(GaussianProcess, its_means_are_those_of_an_outlook_on_what_it_knows) {
  const Data data = sample(30, 0.1);
  const GaussianProcess model = learnt(data.points, data.values);
  const Outlook outlook(model, data.points);
  for (std::size_t i = 0; i < data.values.size(); ++i) {
    EXPECT_NEAR(model.means()[i], outlook.mean(i), 1e-10);
  }
}

TEST(GaussianProcess, an_outlook_does_not_depend_on_how_many_are_looked_at_together) {
  const Data data = sample(40, 0.1);
  const GaussianProcess model = learnt(data.points, data.values);
  const Outlook together(model, data.points);
  for (std::size_t i = 0; i < data.values.size(); ++i) {
    const auto [mean, deviation] =
        predict(model, Point(data.points[i], data.points[i] + data.points.width()));
    EXPECT_EQ(together.mean(i), mean);
    EXPECT_EQ(std::sqrt(together.variance(i)), deviation);
  }
  EXPECT_NO_THROW(Outlook(model, Points(7)));
}

// A point that is underway, one that is supposed to be, and one that was evaluated with the value
// that was expected of it: all the same to the other points.
TEST(GaussianProcess, what_is_underway_makes_it_surer_and_moves_no_mean) {
  const Data data = sample(25, 0.1), candidates = sample(60, 0.1);
  GaussianProcess model = learnt(data.points, data.values);
  Outlook supposed(model, candidates.points);
  const Outlook before = supposed;
  constexpr std::size_t kFirst = 50, kSecond = 55;
  supposed.suppose(kFirst);
  supposed.suppose(kSecond);

  Points two(7);
  for (const std::size_t i : {kFirst, kSecond}) {
    std::copy_n(candidates.points[i], 7, two.add());
  }
  model.learn(data.points, data.values, two);
  const Outlook underway(model, candidates.points);

  Points all = data.points;
  all.add(two);
  std::vector<double> values = data.values;
  values.push_back(before.mean(kFirst)), values.push_back(before.mean(kSecond));
  model.learn(all, values, Points(7));
  const Outlook evaluated(model, candidates.points);

  for (std::size_t i = 0; i < candidates.values.size(); ++i) {
    EXPECT_EQ(supposed.mean(i), before.mean(i));
    EXPECT_EQ(underway.mean(i), before.mean(i));
    EXPECT_NEAR(evaluated.mean(i), before.mean(i), 1e-9);
    EXPECT_LE(supposed.variance(i), before.variance(i));
    EXPECT_NEAR(supposed.variance(i), underway.variance(i), 1e-9);
    EXPECT_NEAR(supposed.variance(i), evaluated.variance(i), 1e-9);
  }
  EXPECT_LT(supposed.variance(kFirst), before.variance(kFirst) / 2);
}

// Against the integral of (z + x) phi(x) over x > -z, by the trapezoidal rule.
TEST(Improvement, is_the_integral_that_it_stands_for) {
  for (const double z : {-8.0, -5.5, -4.5, -2.0, -0.5, 0.0, 0.5, 2.0, 6.0}) {
    constexpr double kStep = 1e-4;
    double integral = 0;
    for (double gain = kStep; gain < 16; gain += kStep) {
      const double x = gain - z;
      integral += kStep * gain * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
    }
    // 26.2.17 is exact to 8e-8, 3 % of what it is at -5; the series leaves out terms of 3 / z^2.
    EXPECT_NEAR(log_expected_improvement(z), std::log(integral), z < -5 ? 3.5 / (z * z) : 0.03)
        << z;
  }
}

TEST(Improvement, learns_from_failures_what_it_learns_from_the_worst) {
  const std::vector<double> distances = {0, 0.1, 0.4, 1, std::numeric_limits<double>::infinity()};
  const std::vector<double> values = model_values(distances);
  EXPECT_EQ(values[3], values[4]);
  EXPECT_GT(values[1] - values[0], (values[3] - values[2]) * 0.1 / 0.6);  // per nat
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / 5, squares += value * value / 5;
  EXPECT_NEAR(mean, 0, 1e-12);
  EXPECT_NEAR(squares, 1, 1e-12);
}

TEST(Variables, any_two_categories_are_at_distance_1) {
  SearchSpace space = SearchSpace::primordial();
  space["activation"] = ListDomain{{0, 1, 2, 3}};
  const Variables variables(space, false);
  Points points(variables.variable_of().size());
  ASSERT_EQ(points.width(), 4U);
  for (const double value : {0, 1, 2, 3}) {
    Genome genome;
    genome["activation"] = value;
    variables.add_point(genome, points);
  }
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      double squares = 0;
      for (std::size_t c = 0; c < 4; ++c) {
        squares += (points[a][c] - points[b][c]) * (points[a][c] - points[b][c]);
      }
      EXPECT_NEAR(squares, 1, 1e-12);
    }
  }
  EXPECT_EQ(variables.variable_of(), std::vector<std::size_t>(4, 0));
}

TEST(Variables, a_learning_rate_is_seen_with_the_width_that_it_is_for) {
  SearchSpace space;  // lr from 0.001 to 0.05, n_emb from 8
  const Variables variables(space, false);
  Points points(variables.variable_of().size());
  variables.add_point(GptGenome{.n_emb = 8, .lr = 0.01}, points);
  variables.add_point(GptGenome{.n_emb = 16, .lr = 0.005}, points);
  variables.add_point(GptGenome{.n_emb = 16, .lr = 0.01}, points);
  constexpr std::size_t kLr = 5;
  EXPECT_NEAR(points[0][kLr], points[1][kLr], 1e-12);
  EXPECT_GT(points[2][kLr], points[0][kLr]);
  EXPECT_NEAR(points[2][0] - points[0][0], std::log(2) / std::log(4), 1e-12);
}

TEST(Variables, tell_two_searches_apart_and_know_no_values_beyond_the_ends) {
  SearchSpace space;
  space["warmup"] = LogDomain{0.01, 0.1};
  const Variables one(space, false), two(space, true);
  ASSERT_EQ(two.variable_of().size(), one.variable_of().size() + 1);
  EXPECT_EQ(two.variable_of().back(), one.variable_of().back() + 1);
  Points points(two.variable_of().size());
  two.add_point(GptGenome{.n_ctx = 24, .warmup = 0.01}, points);
  two.add_point(GptGenome{.n_ctx = 160, .warmup = 0}, points, true);
  for (std::size_t c = 0; c + 1 < points.width(); ++c) EXPECT_EQ(points[0][c], points[1][c]);
  EXPECT_EQ(points[0][points.width() - 1], 0);
  EXPECT_GT(points[1][points.width() - 1], 0);
}

Organism evaluated(std::uint64_t id, double fitness) {
  Organism organism;
  organism.id = id;
  organism.genome["steps"] = static_cast<std::uint32_t>(id + 1);
  organism.evaluation.emplace().fitness = fitness;
  return organism;
}

TEST(Memory, keeps_the_best_and_some_of_the_others_of_any_number) {
  constexpr std::uint64_t kAll = 20'000;
  Memory memory;
  Rng rng(1, Stream::breeding, 0);
  std::vector<double> fitness;
  for (std::uint64_t id = 0; id < kAll; ++id) {
    fitness.push_back(rng.uniform());
    memory.add(evaluated(id, fitness.back()));
  }
  EXPECT_EQ(memory.count(), kAll);
  const auto ranking = memory.ranking();
  EXPECT_LT(ranking.size(), 100U);
  std::ranges::sort(fitness);
  for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(ranking[i].fitness, fitness[i]);
  // The others are of all times, and of all worth.
  std::size_t early = 0, bad = 0;
  for (std::size_t i = 64; i < ranking.size(); ++i) {
    early += ranking[i].id < kAll / 2;
    bad += ranking[i].fitness > 0.5;
  }
  const std::size_t others = ranking.size() - 64;
  EXPECT_GT(early, others / 4);
  EXPECT_LT(early, 3 * others / 4);
  EXPECT_GT(bad, others / 4);
}

TEST(Memory, keeps_the_front_of_fitness_and_cost) {
  Memory memory;
  memory.add(evaluated(0, 9), 1);  // the cheapest, and the worst
  memory.add(evaluated(1, 8), 2);
  memory.add(evaluated(2, 8.5), 3);  // dominated
  for (std::uint64_t id = 3; id < 200; ++id) {
    memory.add(evaluated(id, 2 + 0.01 * static_cast<double>(id % 50)),
               10 + static_cast<double>(id));
  }
  std::size_t cheap = 0;
  std::set<std::uint64_t> ids;
  for (const Memory::Known& known : memory.ranking()) {
    EXPECT_TRUE(ids.insert(known.id).second) << "nobody is known twice";
    cheap += known.id < 2;
  }
  EXPECT_EQ(cheap, 2U);
}

TEST(Memory, ranks_equals_by_age_and_failures_last) {
  Memory memory;
  memory.add(evaluated(0, kMaxLoss));
  memory.add(evaluated(1, 2.5));
  memory.add(evaluated(2, 2.25));
  memory.add(evaluated(3, 2.25));
  std::vector<std::uint64_t> ids;
  for (const Memory::Known& known : memory.ranking()) ids.push_back(known.id);
  EXPECT_EQ(ids, (std::vector<std::uint64_t>{2, 3, 1, 0}));
}

}  // namespace
}  // namespace microgpt::test
