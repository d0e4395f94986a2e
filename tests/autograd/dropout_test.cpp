#include <gtest/gtest.h>

#include <algorithm>
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

/// What dropout multiplies `count` elements by.
std::vector<double> multipliers(std::size_t count, double rate, Rng& rng) {
  Tape<double> tape;
  const Block<double> x = tape.zeros(1, count);
  std::fill(x.data().begin(), x.data().end(), 1.0);
  return copy(dropout(x, rate, rng).data());
}

TEST(Dropout, drops_a_share_of_the_elements_and_scales_the_others) {
  constexpr std::size_t kCount = 200'000;
  for (const double rate : {1.0 / 16, 0.25, 0.5, 0.875, 0.1}) {
    SCOPED_TRACE(rate);
    Rng rng = rng_of(1);
    const std::vector<double> found = multipliers(kCount, rate, rng);
    const auto dropped = static_cast<double>(std::ranges::count(found, 0.0));
    const double sigma = std::sqrt(rate * (1 - rate) / kCount);
    EXPECT_NEAR(dropped / kCount, rate, 5 * sigma);
    double sum = 0;
    for (const double multiplier : found) {
      const double expected = multiplier == 0 ? 0 : 1 / (1 - rate);
      ASSERT_NEAR(multiplier, expected, 2e-4);
      sum += multiplier;
    }
    EXPECT_NEAR(sum / kCount, 1, 5 * sigma / (1 - rate));
  }
}

// Each element takes 16 bits of a draw, the lowest first.
TEST(Dropout, compares_the_random_bits_in_order) {
  constexpr double kRate = 0.375;
  Rng rng = rng_of(2), same = rng_of(2);
  const std::vector<double> found = multipliers(11, kRate, rng);
  std::vector<double> expected;
  for (int draw = 0; draw < 3; ++draw) {
    const std::uint64_t bits = same.next();
    for (int part = 0; part < 4; ++part) {
      const auto chance = static_cast<double>(bits >> (16 * part) & 0xFFFF);
      expected.push_back(chance < kRate * 65536 ? 0 : 1.6);
    }
  }
  expected.pop_back();
  EXPECT_EQ(found, expected);
  EXPECT_EQ(rng.next(), same.next()) << "three draws for eleven elements";
}

TEST(Dropout, is_the_same_for_one_seed_and_another_for_another) {
  Rng first = rng_of(3), again = rng_of(3), other = rng_of(4);
  const std::vector<double> found = multipliers(100, 0.5, first);
  EXPECT_EQ(multipliers(100, 0.5, again), found);
  EXPECT_NE(multipliers(100, 0.5, other), found);
  EXPECT_NE(multipliers(100, 0.5, first), found) << "the next ones of the same stream";
}

TEST(Dropout, gradients_match) {
  Rng rng = rng_of(5);
  for (const std::size_t count : {1U, 4U, 9U, 70U}) {
    SCOPED_TRACE(count);
    expect_gradients_match(
        [](Tape<double>&, Block<double> x) {
          Rng masks = rng_of(6);
          // In this order: on the way back x has a gradient when that of `first` is added.
          const Block<double> first = dropout(x, 0.4, masks);
          return weighted_sum(add(first, dropout(add(x, x), 0.2, masks)));
        },
        random_numbers(rng, count));
  }
}

TEST(Dropout, of_rate_0_is_the_block_itself_and_draws_nothing) {
  Tape<double> tape;
  const Block<double> x = tape.zeros(3, 5);
  Rng rng = rng_of(7), same = rng_of(7);
  for (const double rate : {0.0, 1e-9}) {
    EXPECT_EQ(dropout(x, rate, rng).first(), x.first());
    EXPECT_EQ(tape.record_count(), 0U);
  }
  EXPECT_EQ(rng.next(), same.next());
}

TEST(Dropout, of_a_rate_just_below_1_drops_almost_everything) {
  Rng rng = rng_of(8);
  for (const double multiplier : multipliers(200'000, 1 - 1e-12, rng)) {
    ASSERT_TRUE(multiplier == 0 || multiplier == 65536) << multiplier;
  }
}

TEST(Dropout, does_not_depend_on_the_instruction_set) {
  const auto outcome = [](Simd simd) {
    Tape<float> tape(simd);
    Rng rng = rng_of(10);
    const Block<float> x = random_block(tape, rng, 7, 9);
    const Block<float> y = dropout(x, 0.3, rng);
    tape.backward(mean(y));
    std::vector<float> found = copy(y.data());
    found.insert(found.end(), x.grad().begin(), x.grad().end());
    return found;
  };
  for (const Simd simd : supported_simd()) {
    EXPECT_TRUE(same_bits(outcome(simd), outcome(Simd::portable))) << name(simd);
  }
}

TEST(Dropout, of_a_rate_that_is_none_throws) {
  Tape<double> tape;
  const Block<double> x = tape.zeros(1, 2);
  Rng rng = rng_of(9);
  EXPECT_TRUE(contains(error_of([&] { dropout(x, 1, rng); }), "rate is 1"));
  EXPECT_TRUE(contains(error_of([&] { dropout(x, -0.25, rng); }), "rate is -0.25"));
  EXPECT_THROW(dropout(x, std::numeric_limits<double>::quiet_NaN(), rng), Error);
}

}  // namespace
}  // namespace microgpt::test
