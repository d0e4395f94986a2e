#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "../support/blocks.hpp"
#include "../support/errors.hpp"
#include "../support/gradient_check.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Shape {
  std::size_t rows, cols;
};
constexpr Shape kShapes[] = {{1, 1}, {1, 9}, {7, 1}, {3, 4}, {5, 17}, {2, 27}, {4, 16}};

/// One value of an activation, its derivative by backward(), and the one in its history.
template <class Real>
struct Outcome {
  Real value, gradient, local_derivative;
};

template <class Real, class Operation>
Outcome<Real> outcome_of(const Operation& operation, double at) {
  Tape<Real> tape;
  const Block<Real> x = tape.zeros(1, 1);
  x.data()[0] = static_cast<Real>(at);
  const Block<Real> y = operation(x);
  tape.backward(y[0]);
  return {y[0].data(), x[0].grad(), y[0].history()[0].local_derivative};
}

/// Values against `expected(x)` within `tolerance`, and gradients, for blocks of many shapes.
template <class Operation, class Expected>
void expect_activation(const Operation& operation, const Expected& expected, double tolerance) {
  Rng rng = rng_of(3);
  for (const auto& [rows, cols] : kShapes) {
    SCOPED_TRACE(fmt::format("{} x {}", rows, cols));
    Tape<double> tape;
    const Block<double> x = tape.zeros(rows, cols);
    const std::vector<double> inputs = random_numbers(rng, rows * cols, -4, 4);
    std::copy(inputs.begin(), inputs.end(), x.data().begin());
    const Block<double> y = operation(x);
    EXPECT_EQ(y.rows(), rows);
    EXPECT_EQ(y.cols(), cols);
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_TRUE(close(y.data()[i], expected(inputs[i]), tolerance)) << inputs[i];
    }
    expect_gradients_match(
        [&](Tape<double>&, Block<double> block) { return weighted_sum(operation(block)); }, inputs);
  }
}

template <class Real>
Block<Real> relu_squared_of(Block<Real> x) {
  return relu_squared(x);
}

TEST(ReluSquared, value_is_the_square_of_the_positive_part_and_gradients_match) {
  expect_activation(
      relu_squared_of<double>, [](double x) { return std::max(x, 0.0) * std::max(x, 0.0); }, 0);
}

TEST(ReluSquared, of_zeros_large_numbers_and_nan) {
  for (const double x : {0.0, -0.0, -1e4, -1e300, -kInfinity}) {
    const auto [value, gradient, local] = outcome_of<double>(relu_squared_of<double>, x);
    EXPECT_EQ(value, 0) << x;
    EXPECT_EQ(gradient, 0) << x;
    EXPECT_EQ(local, 0) << x;
  }
  EXPECT_EQ(outcome_of<double>(relu_squared_of<double>, 1e4).value, 1e8);
  EXPECT_EQ(outcome_of<double>(relu_squared_of<double>, 1e4).gradient, 2e4);
  EXPECT_EQ(outcome_of<float>(relu_squared_of<float>, 3).local_derivative, 6);
  EXPECT_TRUE(std::isnan(outcome_of<double>(relu_squared_of<double>, kNaN).value));
  EXPECT_TRUE(std::isnan(outcome_of<double>(relu_squared_of<double>, kNaN).gradient));
}

}  // namespace
}  // namespace microgpt::test
