#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

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

template <class Real>
Block<Real> gelu_of(Block<Real> x) {
  return gelu(x);
}

/// As Hendrycks and Gimpel write it down.
double plain_gelu(double x) {
  const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1 + std::tanh(inner));
}

TEST(Gelu, value_is_that_of_the_form_with_a_tanh_and_gradients_match) {
  expect_activation(gelu_of<double>, plain_gelu, 1e-14);
  for (int i = -1000; i <= 1000; ++i) {
    const float x = static_cast<float>(i) / 100;
    const auto [value, gradient, local] = outcome_of<float>(gelu_of<float>, double{x});
    const auto exact = outcome_of<double>(gelu_of<double>, double{x});
    ASSERT_TRUE(close(value, plain_gelu(double{x}), 1e-6, 0.1)) << x;
    ASSERT_TRUE(close(gradient, exact.gradient, 2e-6)) << x;
    ASSERT_EQ(gradient, local) << x;
  }
}

TEST(Gelu, differs_little_from_x_times_the_normal_distribution) {
  for (double x = -6; x <= 6; x += 0.01) {
    const double normal = x * 0.5 * std::erfc(-x / std::numbers::sqrt2);
    ASSERT_NEAR(outcome_of<double>(gelu_of<double>, x).value, normal, 5e-4) << x;
  }
}

/// For arguments so large that e^-u or x^3 overflows, and for 0 and NaN.
template <class Real>
void expect_gelu_of_special_numbers() {
  constexpr double kLargest = std::numeric_limits<Real>::max();
  for (const double x : {-30.0, -1e4, -1e15, -kLargest, -kInfinity}) {
    const auto [value, gradient, local] = outcome_of<Real>(gelu_of<Real>, x);
    EXPECT_NEAR(value, 0, 1e-20) << x;
    EXPECT_NEAR(gradient, 0, 1e-20) << x;
    EXPECT_NEAR(local, 0, 1e-20) << x;
  }
  for (const double x : {30.0, 1e4, 1e15, kLargest, kInfinity}) {
    const auto [value, gradient, local] = outcome_of<Real>(gelu_of<Real>, x);
    EXPECT_EQ(value, static_cast<Real>(x)) << x;
    EXPECT_EQ(gradient, 1) << x;
    EXPECT_EQ(local, 1) << x;
  }
  for (const double zero : {0.0, -0.0}) {
    const auto [value, gradient, local] = outcome_of<Real>(gelu_of<Real>, zero);
    EXPECT_TRUE(same_bits<Real>({value, gradient, local}, {static_cast<Real>(zero), 0.5, 0.5}));
  }
  EXPECT_TRUE(std::isnan(outcome_of<Real>(gelu_of<Real>, kNaN).value));
  EXPECT_TRUE(std::isnan(outcome_of<Real>(gelu_of<Real>, kNaN).gradient));
}

TEST(Gelu, of_zeros_large_numbers_and_nan) {
  expect_gelu_of_special_numbers<double>();
  expect_gelu_of_special_numbers<float>();
}

TEST(Swiglu, value_is_x_times_the_gate_times_its_sigmoid_and_gradients_match) {
  Rng rng = rng_of(4);
  for (const auto& [rows, cols] : kShapes) {
    SCOPED_TRACE(fmt::format("{} x {}", rows, cols));
    Tape<double> tape;
    const auto gate = random_block(tape, rng, rows, cols), x = random_block(tape, rng, rows, cols);
    for (double& number : gate.data()) number *= 5;
    const Block<double> y = swiglu(gate, x);
    EXPECT_EQ(y.rows(), rows);
    EXPECT_EQ(y.cols(), cols);
    for (std::size_t i = 0; i < y.size(); ++i) {
      const double g = gate.data()[i];
      EXPECT_TRUE(close(y.data()[i], g / (1 + std::exp(-g)) * x.data()[i], 1e-15));
    }
    expect_gradients_match(
        [rows = rows, cols = cols](Tape<double>&, Block<double> inputs) {
          Operands operands(inputs);
          const Block<double> first = operands.next(rows, cols);
          return weighted_sum(swiglu(first, operands.next(rows, cols)));
        },
        random_numbers(rng, 2 * rows * cols, -3, 3));
  }
}

// Both gradients are then added to the same numbers.
TEST(Swiglu, gradients_match_for_one_block_as_gate_and_operand) {
  Rng rng = rng_of(5);
  expect_gradients_match([](Tape<double>&, Block<double> x) { return weighted_sum(swiglu(x, x)); },
                         random_numbers(rng, 37, -3, 3));
}

/// The value and the two gradients.
template <class Real>
std::vector<Real> swiglu_outcome(double at, double with) {
  Tape<Real> tape;
  const Block<Real> gate = tape.zeros(1, 1), x = tape.zeros(1, 1);
  gate.data()[0] = static_cast<Real>(at);
  x.data()[0] = static_cast<Real>(with);
  const Block<Real> y = swiglu(gate, x);
  tape.backward(y[0]);
  return {y[0].data(), gate[0].grad(), x[0].grad()};
}

template <class Real>
void expect_swiglu_of_special_numbers() {
  using Reals = std::vector<Real>;
  for (const double gate : {-1e4, -1e30, -kInfinity}) {
    EXPECT_EQ(swiglu_outcome<Real>(gate, 3), (Reals{0, 0, 0})) << gate;
  }
  for (const double gate : {1e4, 1e30, kInfinity}) {
    const Real g = static_cast<Real>(gate);
    EXPECT_EQ(swiglu_outcome<Real>(gate, 3), (Reals{g * 3, 3, g})) << gate;
  }
  EXPECT_TRUE(same_bits(swiglu_outcome<Real>(0.0, 3), Reals{0, Real(1.5), 0}));
  EXPECT_TRUE(same_bits(swiglu_outcome<Real>(-0.0, 3), Reals{-Real{0}, Real(1.5), 0}));
  for (const Real number : swiglu_outcome<Real>(kNaN, 3)) EXPECT_TRUE(std::isnan(number));
}

TEST(Swiglu, of_zeros_large_gates_and_nan) {
  expect_swiglu_of_special_numbers<double>();
  expect_swiglu_of_special_numbers<float>();
}

TEST(Swiglu, of_other_shapes_throws) {
  Tape<double> tape;
  EXPECT_TRUE(
      contains(error_of([&] { swiglu(tape.zeros(2, 3), tape.zeros(3, 2)); }), "2 x 3 and 3 x 2"));
  EXPECT_THROW(swiglu(tape.zeros(1, 6), tape.zeros(2, 3)), Error);
}

}  // namespace
}  // namespace microgpt::test
