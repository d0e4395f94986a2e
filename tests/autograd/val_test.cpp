#include "microgpt/autograd/val.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "../support/errors.hpp"
#include "../support/gradient_check.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

using T = Tape<double>&;
using X = Block<double>;

TEST(Val, values_equal_those_of_plain_numbers) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const double a = rng.uniform(0.1, 5), b = rng.uniform(-3, 3);
    Tape<double> tape;
    const Val<double> x = tape.value(a), y = tape.value(b);
    EXPECT_EQ(x.data(), a);
    EXPECT_EQ((x + y).data(), a + b);
    EXPECT_EQ((x - y).data(), a - b);
    EXPECT_EQ((x * y).data(), a * b);
    EXPECT_EQ((x / y).data(), a / b);
    EXPECT_EQ((-x).data(), -a);
    EXPECT_EQ(exp(y).data(), elementary::exp(b));
    EXPECT_EQ(log(x).data(), elementary::log(a));
    EXPECT_EQ(relu(y).data(), std::max(b, 0.0));
    EXPECT_TRUE(close(pow(x, y).data(), std::pow(a, b), 1e-14, 0));
    EXPECT_TRUE(close(pow(x, b).data(), std::pow(a, b), 1e-14, 0));
    EXPECT_TRUE(close(pow(a, y).data(), std::pow(a, b), 1e-14, 0));
  }
}

TEST(Val, gradients_of_the_operators_match) {
  for (const std::vector<double>& at :
       {std::vector{0.3, 1.7}, {-2.0, 0.5}, {1e-3, -40.0}, {1.0, 1.0}}) {
    expect_gradients_match([](T, X x) { return x[0] + x[1]; }, at);
    expect_gradients_match([](T, X x) { return x[0] - x[1]; }, at);
    expect_gradients_match([](T, X x) { return x[0] * x[1]; }, at);
    expect_gradients_match([](T, X x) { return x[0] / x[1]; }, at);
    expect_gradients_match([](T, X x) { return -x[0]; }, at);
  }
}

TEST(Val, gradients_of_the_functions_match) {
  for (const double at : {0.2, 1.0, 3.7}) {
    expect_gradients_match([](T, X x) { return exp(x[0]); }, {at});
    expect_gradients_match([](T, X x) { return exp(-x[0]); }, {at});
    expect_gradients_match([](T, X x) { return log(x[0]); }, {at});
    expect_gradients_match([](T, X x) { return relu(x[0]); }, {at});
    expect_gradients_match([](T, X x) { return relu(-x[0]); }, {at});
    expect_gradients_match([](T, X x) { return pow(x[0], x[1]); }, {at, 1.3});
    expect_gradients_match([](T, X x) { return pow(x[0], x[1]); }, {at, -2.0});
    expect_gradients_match([](T, X x) { return pow(2.5, x[0]); }, {at});
    for (const double exponent : {0.0, 0.5, -0.5, 1.0, 2.0, 3.0, -1.0, -2.0, 0.3, -1.7, 70.0}) {
      SCOPED_TRACE(fmt::format("{} to the {}", at, exponent));
      expect_gradients_match([=](T, X x) { return pow(x[0] * 0.4, exponent); }, {at});
    }
    for (const double exponent : {0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 65.0}) {
      SCOPED_TRACE(fmt::format("{} to the {}", -at, exponent));
      expect_gradients_match([=](T, X x) { return pow(x[0] * 0.4, exponent); }, {-at});
    }
  }
}

TEST(Val, mixes_with_plain_numbers_on_either_side) {
  Tape<double> tape;
  const Val<double> x = tape.value(3);
  EXPECT_EQ((x + 2.0).data(), 5);
  EXPECT_EQ((2.0 + x).data(), 5);
  EXPECT_EQ((x - 2).data(), 1);
  EXPECT_EQ((2 - x).data(), -1);
  EXPECT_EQ((x * 2.0f).data(), 6);
  EXPECT_EQ((2 * x).data(), 6);
  EXPECT_EQ((x / 2).data(), 1.5);
  EXPECT_EQ((6 / x).data(), 2);
  EXPECT_EQ(pow(x, 2).data(), 9);
  EXPECT_TRUE(close(pow(2, x).data(), 8, 1e-15, 0));

  expect_gradients_match([](T, X a) { return a[0] + 2.0; }, {3});
  expect_gradients_match([](T, X a) { return 2.0 + a[0]; }, {3});
  expect_gradients_match([](T, X a) { return a[0] - 2.0; }, {3});
  expect_gradients_match([](T, X a) { return 2.0 - a[0]; }, {3});
  expect_gradients_match([](T, X a) { return a[0] * 2.0; }, {3});
  expect_gradients_match([](T, X a) { return 2.0 * a[0]; }, {3});
  expect_gradients_match([](T, X a) { return a[0] / 2.0; }, {3});
  expect_gradients_match([](T, X a) { return 2.0 / a[0]; }, {3});
}

TEST(Val, single_precision_has_the_same_algebra) {
  Tape<float> tape;
  const Val<float> x = tape.value(3.0f), y = tape.value(2.0f);
  const Val<float> z = log(exp(relu(1 - 2.0 / (x * y + 1)))) + pow(x, 2) - pow(y, -0.5) / x;
  tape.backward(z);
  EXPECT_TRUE(close(z.data(), 1 - 2.0 / 7 + 9 - std::sqrt(0.5) / 3, 1e-6));
  // dz/dx = 2 y / (x y + 1)^2 + 2 x + y^-1/2 / x^2;  dz/dy = 2 x / (x y + 1)^2 + y^-3/2 / (2 x)
  EXPECT_TRUE(close(x.grad(), 4.0 / 49 + 6 + std::sqrt(0.5) / 9, 1e-6));
  EXPECT_TRUE(close(y.grad(), 6.0 / 49 + std::pow(2.0, -1.5) / 6, 1e-6));
}

TEST(Val, gradients_accumulate_over_a_value_used_twice) {
  expect_gradients_match([](T, X x) { return x[0] + x[0]; }, {3});
  expect_gradients_match([](T, X x) { return x[0] * x[0]; }, {3});
  expect_gradients_match([](T, X x) { return x[0] - x[0]; }, {3});
  expect_gradients_match([](T, X x) { return x[0] / x[0]; }, {3});
  expect_gradients_match([](T, X x) { return pow(x[0], x[0]); }, {1.5});
  expect_gradients_match(
      [](T, X x) {
        const Val<double> both = x[0] * x[1];
        return both * exp(both) + relu(both) / x[0];
      },
      {0.7, 1.2});
}

TEST(Val, gradients_of_random_expressions_match) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const auto expression = [seed](T, X x) {
      Rng rng = rng_of(seed);
      std::vector<Val<double>> values = {x[0], x[1], x[2]};
      const auto any = [&] { return values[rng.below(values.size())]; };
      for (int i = 0; i < 12; ++i) {
        switch (rng.below(6)) {
          case 0:
            values.push_back(any() + any());
            break;
          case 1:
            values.push_back(any() - 0.5 * any());
            break;
          case 2:
            values.push_back(any() * any() * 0.3);
            break;
          case 3:
            values.push_back(any() / (1.5 + pow(any(), 2)));
            break;
          case 4:
            values.push_back(exp(-pow(any(), 2)));
            break;
          default:
            values.push_back(log(1 + relu(any())));
            break;
        }
      }
      return values.back() + values[values.size() - 2] + values[values.size() - 3];
    };
    Rng rng = rng_of(seed + 1000);
    expect_gradients_match(expression, random_numbers(rng, 3, -1.5, 1.5));
  }
}

TEST(Val, no_recursion_limits_the_length_of_a_chain) {
  Tape<double> tape;
  const Val<double> x = tape.value(1);
  Val<double> y = x;
  for (int i = 0; i < 500'000; ++i) y = y + x;
  tape.backward(y);
  EXPECT_EQ(y.data(), 500'001);
  EXPECT_EQ(x.grad(), 500'001);
}

TEST(Relu, has_value_and_derivative_0_at_its_kink) {
  for (const double at : {0.0, -0.0}) {
    Tape<double> tape;
    const Val<double> x = tape.value(at);
    const Val<double> y = relu(x);
    tape.backward(y);
    EXPECT_EQ(y.data(), 0);
    EXPECT_EQ(x.grad(), 0);
    EXPECT_EQ(y.history()[0].local_derivative, 0);
  }
}

TEST(Relu, lets_nan_through) {
  Tape<double> tape;
  const Val<double> y = relu(tape.value(kNaN)) + 1;
  EXPECT_TRUE(std::isnan(y.data()));
  EXPECT_EQ(relu(tape.value(-kInfinity)).data(), 0);
  EXPECT_EQ(relu(tape.value(kInfinity)).data(), kInfinity);
}

TEST(Val, nan_comes_out_of_every_operation) {
  Tape<double> tape;
  const Val<double> nan = tape.value(kNaN), one = tape.value(1);
  for (const Val<double> y : {nan + one, one - nan, nan * 0.0, one / nan, -nan, exp(nan), log(nan),
                              pow(nan, 2.5), pow(nan, 3), pow(one + one, nan)}) {
    EXPECT_TRUE(std::isnan(y.data()));
  }
}

TEST(Division, by_zero_throws_with_the_dividend) {
  Tape<double> tape;
  const Val<double> x = tape.value(7), zero = tape.value(0);
  EXPECT_TRUE(contains(error_of([&] { x / zero; }), "7"));
  EXPECT_THROW(x / -zero, Error);
  EXPECT_THROW(x / 0, Error);
  EXPECT_THROW(1.0 / zero, Error);
  EXPECT_THROW(zero / zero, Error);
}

TEST(Log, of_zero_or_less_throws_with_the_value) {
  Tape<double> tape;
  EXPECT_THROW(log(tape.value(0)), Error);
  EXPECT_THROW(log(tape.value(-0.0)), Error);
  EXPECT_TRUE(contains(error_of([&] { log(tape.value(-2.5)); }), "-2.5"));
  EXPECT_NO_THROW(log(tape.value(std::numeric_limits<double>::denorm_min())));
}

TEST(Pow, of_two_values_throws_unless_the_base_is_positive) {
  Tape<double> tape;
  const Val<double> two = tape.value(2);
  EXPECT_THROW(pow(tape.value(0), two), Error);
  EXPECT_TRUE(contains(error_of([&] { pow(tape.value(-1.5), two); }), "-1.5"));
  EXPECT_THROW(pow(-1.5, two), Error);
}

TEST(Pow, with_a_constant_exponent_throws_where_it_is_not_a_real_number) {
  Tape<double> tape;
  const Val<double> zero = tape.value(0), minus_eight = tape.value(-8);
  EXPECT_TRUE(contains(error_of([&] { pow(minus_eight, 0.25); }), "-8 to 0.25"));
  EXPECT_THROW(pow(minus_eight, 0.5), Error);
  EXPECT_THROW(pow(minus_eight, -0.5), Error);
  EXPECT_THROW(pow(zero, -1), Error);
  EXPECT_THROW(pow(zero, -0.5), Error);
  EXPECT_THROW(pow(zero, -70), Error);
  EXPECT_EQ(pow(minus_eight, 3).data(), -512);
  EXPECT_EQ(pow(minus_eight, -1).data(), -0.125);
  EXPECT_TRUE(close(pow(tape.value(-1.1), 65).data(), -std::pow(1.1, 65), 1e-14, 0));
}

TEST(Pow, of_zero_has_the_limits_as_value_and_derivative) {
  const auto value_and_derivative = [](double exponent) {
    Tape<double> tape;
    const Val<double> x = tape.value(0);
    const Val<double> y = pow(x, exponent);
    tape.backward(y);
    return std::pair(y.data(), x.grad());
  };
  EXPECT_EQ(value_and_derivative(0), std::pair(1.0, 0.0));
  EXPECT_EQ(value_and_derivative(1), std::pair(0.0, 1.0));
  EXPECT_EQ(value_and_derivative(2), std::pair(0.0, 0.0));
  EXPECT_EQ(value_and_derivative(70), std::pair(0.0, 0.0));
  EXPECT_EQ(value_and_derivative(1.5), std::pair(0.0, 0.0));
  EXPECT_EQ(value_and_derivative(0.3).first, 0);
}

}  // namespace
}  // namespace microgpt::test
