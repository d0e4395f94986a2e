#include "microgpt/autograd/rotary.hpp"

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

double angle_of(std::size_t position, std::size_t pair, std::size_t pairs, double base) {
  const double share = static_cast<double>(pair) / static_cast<double>(pairs);
  return static_cast<double>(position) * std::pow(base, -share);
}

TEST(RotaryTable, holds_cosines_and_sines_of_thousands_of_positions) {
  constexpr std::size_t kPositions = 4096;
  for (const double base : {1.0, 2.0, 100.0, 10000.0, 1e6}) {
    for (const std::size_t pairs : {1U, 2U, 3U, 16U, 64U}) {
      const RotaryTable<double> table(kPositions, pairs, base);
      ASSERT_EQ(table.positions(), kPositions);
      ASSERT_EQ(table.pairs(), pairs);
      double worst = 0;
      for (std::size_t p = 0; p < kPositions; ++p) {
        ASSERT_EQ(table.turns(p).size(), 2 * pairs);
        for (std::size_t i = 0; i < pairs; ++i) {
          const double angle = angle_of(p, i, pairs, base);
          worst = std::max(worst, std::abs(table.turns(p)[i] - std::cos(angle)));
          worst = std::max(worst, std::abs(table.turns(p)[pairs + i] - std::sin(angle)));
        }
      }
      EXPECT_LE(worst, 1e-12) << base << ", " << pairs << " pairs";
    }
  }
}

TEST(RotaryTable, of_floats_holds_the_rounded_numbers_of_doubles) {
  const RotaryTable<double> exact(300, 5);
  const RotaryTable<float> rounded(300, 5);
  for (std::size_t p = 0; p < 300; ++p) {
    for (std::size_t i = 0; i < 10; ++i) {
      ASSERT_EQ(rounded.turns(p)[i], static_cast<float>(exact.turns(p)[i]));
    }
  }
}

TEST(RotaryTable, of_a_base_below_1_throws) {
  EXPECT_TRUE(contains(error_of([] { RotaryTable<double>(3, 2, 0.5); }), "0.5"));
  EXPECT_THROW(RotaryTable<double>(3, 2, std::numeric_limits<double>::quiet_NaN()), Error);
  EXPECT_THROW(RotaryTable<double>(3, 2, std::numeric_limits<double>::infinity()), Error);
}

struct Heads {
  std::size_t count, width;
};
constexpr Heads kHeads[] = {{1, 1}, {3, 1}, {1, 2},  {2, 3}, {3, 4},
                            {1, 7}, {2, 8}, {1, 40}, {2, 33}};
const Integers kPositions = {3, 0, 8, 3, 1};

TEST(Rotary, turns_each_pair_by_the_angle_of_its_position) {
  Rng rng = rng_of(1);
  for (const auto& [heads, width] : kHeads) {
    SCOPED_TRACE(fmt::format("{} heads of {}", heads, width));
    const std::size_t pairs = width / 2;
    Tape<double> tape;
    const Block<double> x = random_block(tape, rng, kPositions.size(), heads * width);
    const Block<double> y = rotary(x, heads, kPositions, RotaryTable<double>(9, pairs));
    ASSERT_EQ(y.rows(), x.rows());
    ASSERT_EQ(y.cols(), x.cols());
    for (std::size_t t = 0; t < x.rows(); ++t) {
      for (std::size_t h = 0; h < x.cols(); h += width) {
        for (std::size_t i = 0; i < pairs; ++i) {
          const double angle = angle_of(kPositions[t], i, pairs, 10000);
          const double a = x(t, h + i).data(), b = x(t, h + i + pairs).data();
          const double cosine = std::cos(angle), sine = std::sin(angle);
          EXPECT_NEAR(y(t, h + i).data(), a * cosine - b * sine, 1e-14);
          EXPECT_NEAR(y(t, h + i + pairs).data(), a * sine + b * cosine, 1e-14);
        }
        if (width % 2 != 0) {
          EXPECT_EQ(y(t, h + width - 1).data(), x(t, h + width - 1).data());
        }
      }
    }
  }
}

TEST(Rotary, gradients_match) {
  Rng rng = rng_of(2);
  for (const auto& [heads, width] : kHeads) {
    SCOPED_TRACE(fmt::format("{} heads of {}", heads, width));
    expect_gradients_match(
        [heads = heads, width = width](Tape<double>&, Block<double> numbers) {
          const Block<double> x = Operands(numbers).next(kPositions.size(), heads * width);
          // The tables are gone before the way back.
          const auto y = rotary(x, heads, kPositions, RotaryTable<double>(9, width / 2));
          const RotaryTable<double> steep(9, width / 2, 3);
          return weighted_sum(add(y, rotary(add(x, y), heads, kPositions, steep)));
        },
        random_numbers(rng, kPositions.size() * heads * width));
  }
}

// What the embedding is for: a query and a key know how far apart they are, not where.
TEST(Rotary, the_product_of_two_rows_depends_on_their_distance_alone) {
  Rng rng = rng_of(3);
  const RotaryTable<double> table(60, 4);
  const auto product_at = [&](Block<double> rows, std::uint32_t first, std::uint32_t second) {
    const Block<double> turned = rotary(rows, 1, Integers{first, second}, table);
    double product = 0;
    for (std::size_t c = 0; c < 8; ++c) product += turned(0, c).data() * turned(1, c).data();
    return product;
  };
  Tape<double> tape;
  const Block<double> rows = random_block(tape, rng, 2, 8);
  EXPECT_NEAR(product_at(rows, 2, 7), product_at(rows, 50, 55), 1e-13);
  EXPECT_GT(std::abs(product_at(rows, 2, 7) - product_at(rows, 2, 8)), 1e-3);
}

TEST(Rotary, of_shapes_that_do_not_fit_throws) {
  Tape<double> tape;
  const Block<double> x = tape.zeros(2, 12);
  const RotaryTable<double> table(5, 2);
  const auto error = [&](std::size_t heads, const Integers& positions) {
    return error_of([&] { rotary(x, heads, positions, table); });
  };
  EXPECT_TRUE(contains(error(5, {0, 1}), "12 channels for 5 heads"));
  EXPECT_TRUE(contains(error(0, {0, 1}), "12 channels for 0 heads"));
  EXPECT_TRUE(contains(error(3, {0, 1, 2}), "3 positions for 2 rows"));
  EXPECT_TRUE(contains(error(2, {0, 1}), "2 pairs for 6 channels"));
  EXPECT_TRUE(contains(error(3, {0, 5}), "5 is not below 5"));
}

}  // namespace
}  // namespace microgpt::test
