#include "gaussian_process.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "microgpt/core/random.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

using Point = GaussianProcess::Point;

Point random_point(Rng& rng) {
  Point point(7);
  for (double& x : point) x = rng.uniform();
  return point;
}

const std::vector<Variable> kNumbers(7, Variable{false});

struct Data {
  std::vector<Point> points;
  std::vector<double> values;
};

// Two variables matter, one of them more; the others do not.
double valley(const Point& x) {
  return 3 * (x[2] - 0.4) * (x[2] - 0.4) + 0.5 * std::sin(3 * x[5]) - 0.5;
}

Data sample(std::size_t count, double noise) {
  Rng rng(1, Stream::breeding, 0);
  Data data;
  for (std::size_t i = 0; i < count; ++i) {
    data.points.push_back(random_point(rng));
    data.values.push_back(valley(data.points.back()) + noise * rng.uniform(-1, 1));
  }
  return data;
}

GaussianProcess::Prediction predict(const GaussianProcess& model, const Point& point) {
  return model.predict(std::span(&point, 1)).front();
}

TEST(GaussianProcess, one_point_is_known_there_and_unknown_far_away) {
  const Point origin(7, 0), far(7, 1);
  const GaussianProcess model(kNumbers, {origin}, {1.0});
  EXPECT_NEAR(predict(model, origin).mean, 1, 0.25);
  EXPECT_LT(predict(model, origin).deviation, 0.5);
  EXPECT_LT(predict(model, far).mean, predict(model, origin).mean);
  EXPECT_GT(predict(model, far).deviation, predict(model, origin).deviation);
}

TEST(GaussianProcess, predicts_what_it_has_not_seen) {
  const Data data = sample(80, 0.02);
  const GaussianProcess model(kNumbers, data.points, data.values);
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
  const GaussianProcess model(kNumbers, data.points, data.values);
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
  const std::vector<Point> points(10, Point(7, 0));
  std::vector<double> values;
  for (int i = 0; i < 10; ++i) values.push_back(i % 2 == 0 ? 1 : -1);
  const auto [mean, deviation] = predict(GaussianProcess(kNumbers, points, values), Point(7, 0));
  EXPECT_NEAR(mean, 0, 1e-9);
  EXPECT_TRUE(std::isfinite(deviation));
}

// Of four categories the third is best; the numbers that stand for them say nothing.
TEST(GaussianProcess, categories_are_alike_or_not) {
  std::vector<Point> points;
  std::vector<double> values;
  Rng rng(3, Stream::names, 1);
  for (int i = 0; i < 40; ++i) {
    points.push_back({static_cast<double>(i % 4), rng.uniform()});
    values.push_back((i % 4 == 2 ? -1.7 : 0.6) + 0.1 * rng.uniform(-1, 1));
  }
  const GaussianProcess model({{true}, {false}}, points, values);
  for (int category = 0; category < 4; ++category) {
    EXPECT_NEAR(predict(model, {static_cast<double>(category), 0.5}).mean,
                category == 2 ? -1.7 : 0.6, 0.2);
  }
  // One that nobody has seen is as far from each of the others.
  const GaussianProcess two({{true}}, {{0}, {1}}, {-1, 1});
  EXPECT_NEAR(predict(two, {5}).mean, 0, 1e-9);
}

TEST(GaussianProcess, predictions_do_not_depend_on_how_many_are_made_together) {
  Rng rng(1, Stream::names, 1);
  std::vector<Point> points(40, Point(7));
  std::vector<double> values(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (double& x : points[i]) x = rng.uniform();
    values[i] = rng.uniform(-1, 1);
  }
  const GaussianProcess model(kNumbers, {points.begin(), points.begin() + 20},
                              {values.begin(), values.begin() + 20});
  const auto together = model.predict(points);
  ASSERT_EQ(together.size(), points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(together[i].mean, predict(model, points[i]).mean);
    EXPECT_EQ(together[i].deviation, predict(model, points[i]).deviation);
  }
  EXPECT_TRUE(model.predict({}).empty());
}

}  // namespace
}  // namespace microgpt::test
