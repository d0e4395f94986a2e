#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "../support/blocks.hpp"
#include "../support/errors.hpp"
#include "../support/gradient_check.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

using Integers = std::vector<std::uint32_t>;

struct Shape {
  std::size_t rows, cols;
};
constexpr Shape kShapes[] = {{1, 1}, {1, 9}, {7, 1}, {3, 4}, {2, 8}, {5, 17}, {2, 27}, {4, 16}};

/// e^x over the sum of e^x, without protection from overflow.
std::vector<double> naive_softmax(std::span<const double> row) {
  double sum = 0;
  for (const double x : row) sum += std::exp(x);
  std::vector<double> probabilities;
  for (const double x : row) probabilities.push_back(std::exp(x) / sum);
  return probabilities;
}

/// One target per row, varying from row to row.
Integers targets_for(std::size_t rows, std::size_t cols) {
  Integers targets;
  for (std::size_t t = 0; t < rows; ++t) {
    targets.push_back(static_cast<std::uint32_t>((5 * t + cols - 1) % cols));
  }
  return targets;
}

TEST(Softmax, value_is_e_to_the_x_over_its_sum) {
  Rng rng = rng_of(1);
  for (const auto& [rows, cols] : kShapes) {
    SCOPED_TRACE(fmt::format("{} x {}", rows, cols));
    Tape<double> tape;
    const Block<double> x = random_block(tape, rng, rows, cols);
    for (double& number : x.data()) number *= 8;
    const Block<double> y = softmax(x);
    for (std::size_t t = 0; t < rows; ++t) {
      const std::vector<double> expected = naive_softmax(x.data().subspan(t * cols, cols));
      for (std::size_t c = 0; c < cols; ++c) {
        EXPECT_TRUE(close(y(t, c).data(), expected[c], 1e-14, 0));
      }
    }
  }
}

TEST(Softmax, gradients_match) {
  Rng rng = rng_of(2);
  for (const auto& [rows, cols] : kShapes) {
    SCOPED_TRACE(fmt::format("{} x {}", rows, cols));
    expect_gradients_match(
        [rows = rows, cols = cols](Tape<double>&, Block<double> x) {
          return weighted_sum(softmax(Operands(x).next(rows, cols)));
        },
        random_numbers(rng, rows * cols, -3, 3));
  }
}

TEST(Softmax, sums_to_1_and_ignores_a_shift) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    Tape<double> tape;
    const std::size_t cols = 1 + rng.below(40);
    const Block<double> x = tape.zeros(1, cols), shifted = tape.zeros(1, cols);
    const double shift = std::floor(rng.uniform(-1000, 1000));
    for (std::size_t c = 0; c < cols; ++c) {
      x.data()[c] = std::floor(rng.uniform(-2000, 2000)) / 64;  // so that the shift is exact
      shifted.data()[c] = x.data()[c] + shift;
    }
    const Block<double> y = softmax(x);
    double sum = 0;
    for (const double probability : y.data()) {
      EXPECT_GE(probability, 0);
      sum += probability;
    }
    EXPECT_TRUE(close(sum, 1, 1e-14));
    EXPECT_TRUE(same_bits(copy(softmax(shifted).data()), copy(y.data())));
  }
}

TEST(Softmax, neither_overflows_nor_divides_by_zero) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Tape<double> tape;
  const Block<double> x = tape.zeros(3, 3);
  const std::vector<double> inputs = {1e300,  1e300, -1e300, -1e300,    -1e300,
                                      -1e300, 0,     0,      -kInfinity};
  std::copy(inputs.begin(), inputs.end(), x.data().begin());
  const std::vector<double> y = copy(softmax(x).data());
  const std::vector<double> expected = {0.5, 0.5, 0, 1 / 3.0, 1 / 3.0, 1 / 3.0, 0.5, 0.5, 0};
  for (std::size_t i = 0; i < 9; ++i) EXPECT_TRUE(close(y[i], expected[i], 1e-15)) << i;
}

TEST(CrossEntropy, value_is_minus_the_logarithm_of_the_probability_of_the_target) {
  Rng rng = rng_of(3);
  for (const auto& [rows, cols] : kShapes) {
    SCOPED_TRACE(fmt::format("{} x {}", rows, cols));
    Tape<double> tape;
    const Block<double> logits = random_block(tape, rng, rows, cols);
    for (double& number : logits.data()) number *= 8;
    const Integers targets = targets_for(rows, cols);
    const Block<double> losses = cross_entropy<double>(logits, targets);
    ASSERT_EQ(losses.rows(), rows);
    ASSERT_EQ(losses.cols(), 1U);
    for (std::size_t t = 0; t < rows; ++t) {
      const double p = naive_softmax(logits.data().subspan(t * cols, cols))[targets[t]];
      EXPECT_TRUE(close(losses[t].data(), -std::log(p), 1e-14));
    }
  }
}

TEST(CrossEntropy, gradients_match) {
  Rng rng = rng_of(4);
  for (const auto& [rows, cols] : kShapes) {
    SCOPED_TRACE(fmt::format("{} x {}", rows, cols));
    const Integers targets = targets_for(rows, cols);
    const auto inputs = random_numbers(rng, rows * cols, -3, 3);
    const auto losses = [&, rows = rows, cols = cols](Block<double> x) {
      return cross_entropy<double>(Operands(x).next(rows, cols), targets);
    };
    expect_gradients_match([&](Tape<double>&, Block<double> x) { return weighted_sum(losses(x)); },
                           inputs);
    expect_gradients_match([&](Tape<double>&, Block<double> x) { return mean(losses(x)); }, inputs);
  }
}

TEST(CrossEntropy, is_finite_for_a_target_that_is_nearly_impossible) {
  Tape<double> tape;
  const Block<double> logits = tape.zeros(1, 3);
  logits.data()[0] = 1e4;
  const Val<double> loss = cross_entropy<double>(logits, Integers{2})[0];
  tape.backward(loss);
  EXPECT_EQ(loss.data(), 1e4);
  EXPECT_EQ(copy(logits.grad()), (std::vector<double>{1, 0, -1}));
}

TEST(CrossEntropy, of_nan_is_nan) {
  for (std::size_t place = 0; place < 3; ++place) {
    Tape<double> tape;
    const Block<double> logits = tape.zeros(1, 3);
    logits.data()[place] = std::numeric_limits<double>::quiet_NaN();
    EXPECT_TRUE(std::isnan(cross_entropy<double>(logits, Integers{1})[0].data())) << place;
    EXPECT_TRUE(std::isnan(softmax(logits)[1].data())) << place;
  }
}

TEST(CrossEntropy, of_targets_that_do_not_fit_throws) {
  Tape<double> tape;
  const Block<double> logits = tape.zeros(2, 3);
  EXPECT_TRUE(contains(error_of([&] { cross_entropy<double>(logits, Integers{0}); }), "1 targets"));
  EXPECT_TRUE(contains(error_of([&] {
                         cross_entropy<double>(logits, Integers{0, 3});
                       }),
                       "target 3"));
}

}  // namespace
}  // namespace microgpt::test
