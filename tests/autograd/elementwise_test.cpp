#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "../support/blocks.hpp"
#include "../support/errors.hpp"
#include "../support/gradient_check.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

struct Shape {
  std::size_t rows, cols;
};
constexpr Shape kShapes[] = {{1, 1}, {1, 9}, {7, 1}, {3, 4}, {5, 17}, {2, 27}, {4, 16}};

TEST(Add, value_is_the_sum_and_gradients_match) {
  Rng rng = rng_of(1);
  for (const auto& [rows, cols] : kShapes) {
    SCOPED_TRACE(fmt::format("{} x {}", rows, cols));
    Tape<double> tape;
    const auto a = random_block(tape, rng, rows, cols), b = random_block(tape, rng, rows, cols);
    const Block<double> sum = add(a, b);
    EXPECT_EQ(sum.rows(), rows);
    EXPECT_EQ(sum.cols(), cols);
    for (std::size_t i = 0; i < sum.size(); ++i) {
      EXPECT_EQ(sum.data()[i], a.data()[i] + b.data()[i]);
    }
    expect_gradients_match(
        [rows = rows, cols = cols](Tape<double>&, Block<double> x) {
          Operands operands(x);
          const Block<double> first = operands.next(rows, cols);
          return weighted_sum(add(first, operands.next(rows, cols)));
        },
        random_numbers(rng, 2 * rows * cols));
  }
}

TEST(Add, of_a_block_to_itself_doubles_its_gradient) {
  Rng rng = rng_of(2);
  expect_gradients_match(
      [](Tape<double>&, Block<double> x) { return weighted_sum(add(add(x, x), x)); },
      random_numbers(rng, 9));
}

TEST(Add, of_other_shapes_throws) {
  Tape<double> tape;
  EXPECT_TRUE(contains(error_of([&] { add(tape.zeros(2, 3), tape.zeros(3, 2)); }), "2 x 3"));
  EXPECT_THROW(add(tape.zeros(1, 6), tape.zeros(2, 3)), Error);
}

TEST(FusedRelu, value_is_the_larger_of_x_and_0_and_gradients_match) {
  Rng rng = rng_of(3);
  for (const auto& [rows, cols] : kShapes) {
    SCOPED_TRACE(fmt::format("{} x {}", rows, cols));
    Tape<double> tape;
    const Block<double> x = random_block(tape, rng, rows, cols);
    const Block<double> y = relu(x);
    for (std::size_t i = 0; i < y.size(); ++i) {
      EXPECT_EQ(y.data()[i], std::max(x.data()[i], 0.0));
    }
    expect_gradients_match(
        [](Tape<double>&, Block<double> inputs) { return weighted_sum(relu(inputs)); },
        random_numbers(rng, rows * cols));
  }
}

TEST(FusedRelu, treats_0_and_nan_as_the_scalar_one_does) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  Tape<double> tape;
  const Block<double> x = tape.zeros(1, 5);
  const std::vector<double> inputs = {0.0, -0.0, kNaN, -kNaN, 2.0};
  std::copy(inputs.begin(), inputs.end(), x.data().begin());
  const Block<double> y = relu(x);
  std::vector<Val<double>> scalar;
  for (std::size_t i = 0; i < 5; ++i) scalar.push_back(relu(x[i]));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_TRUE(same_bits<double>({y.data()[i]}, {scalar[i].data()})) << i;
    EXPECT_EQ(y[i].history()[0].local_derivative, scalar[i].history()[0].local_derivative) << i;
  }
  tape.backward(y[0] + y[1] + y[2] + y[3] + y[4]);
  EXPECT_EQ(copy(x.grad()), (std::vector<double>{0, 0, 1, 1, 1}));
}

TEST(Mean, value_is_the_arithmetic_mean_and_gradients_match) {
  Rng rng = rng_of(4);
  for (const auto& [rows, cols] : kShapes) {
    SCOPED_TRACE(fmt::format("{} x {}", rows, cols));
    Tape<double> tape;
    const Block<double> x = random_block(tape, rng, rows, cols);
    double sum = 0;
    for (const double number : x.data()) sum += number;
    EXPECT_EQ(mean(x).data(), sum / static_cast<double>(x.size()));
    expect_gradients_match(
        [](Tape<double>&, Block<double> inputs) { return mean(inputs) * 3 + inputs[0]; },
        random_numbers(rng, rows * cols));
  }
}

TEST(Mean, of_nothing_throws) {
  Tape<double> tape;
  tape.value(0);
  EXPECT_THROW(mean(tape.zeros(0, 5)), Error);
}

}  // namespace
}  // namespace microgpt::test
