#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "../support/blocks.hpp"
#include "../support/gradient_check.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

struct Shape {
  std::size_t rows, cols;
};
constexpr Shape kShapes[] = {{1, 1}, {1, 9}, {7, 1}, {3, 4}, {2, 8}, {5, 17}, {2, 27}, {4, 16}};

TEST(Rmsnorm, value_is_each_row_over_its_root_mean_square) {
  Rng rng = rng_of(1);
  for (const auto& [rows, cols] : kShapes) {
    SCOPED_TRACE(fmt::format("{} x {}", rows, cols));
    Tape<double> tape;
    const Block<double> x = random_block(tape, rng, rows, cols);
    const Block<double> y = rmsnorm(x);
    for (std::size_t t = 0; t < rows; ++t) {
      double squares = 0;
      for (std::size_t c = 0; c < cols; ++c) squares += x(t, c).data() * x(t, c).data();
      const double rms = std::sqrt(squares / static_cast<double>(cols) + 1e-5);
      for (std::size_t c = 0; c < cols; ++c) {
        EXPECT_TRUE(close(y(t, c).data(), x(t, c).data() / rms, 1e-14));
      }
    }
  }
}

TEST(Rmsnorm, gradients_match) {
  Rng rng = rng_of(2);
  for (const auto& [rows, cols] : kShapes) {
    SCOPED_TRACE(fmt::format("{} x {}", rows, cols));
    expect_gradients_match(
        [rows = rows, cols = cols](Tape<double>&, Block<double> x) {
          return weighted_sum(rmsnorm(Operands(x).next(rows, cols)));
        },
        random_numbers(rng, rows * cols, 0.2, 2));
  }
}

TEST(Rmsnorm, a_row_of_zeros_stays_zero_with_a_finite_gradient) {
  Tape<double> tape;
  const Block<double> x = tape.zeros(1, 9);
  const Block<double> y = rmsnorm(x);
  tape.backward(weighted_sum(y));
  for (std::size_t c = 0; c < 9; ++c) {
    EXPECT_EQ(y[c].data(), 0);
    EXPECT_TRUE(std::isfinite(x[c].grad()));
  }
  EXPECT_TRUE(close(x[0].grad(), 1 / std::sqrt(1e-5), 1e-14));
}

TEST(Rmsnorm, rows_do_not_see_each_other) {
  Tape<double> tape;
  Rng rng = rng_of(3);
  const Block<double> x = random_block(tape, rng, 3, 17);
  const std::vector<double> before = copy(rmsnorm(x).data());
  for (std::size_t c = 0; c < 17; ++c) x.data()[17 + c] *= 1e6;
  const std::vector<double> after = copy(rmsnorm(x).data());
  for (std::size_t c = 0; c < 17; ++c) {
    EXPECT_EQ(after[c], before[c]);
    EXPECT_EQ(after[34 + c], before[34 + c]);
    EXPECT_NE(after[17 + c], before[17 + c]);
  }
}

}  // namespace
}  // namespace microgpt::test
