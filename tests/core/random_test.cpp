#include "microgpt/core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "../support/errors.hpp"
#include "../support/numbers.hpp"

namespace microgpt::test {

using namespace core;
namespace {

using Words = std::array<std::uint32_t, 4>;

/// Philox4x32-10, written from the paper (Salmon et al., 2011, section 3.3).
Words philox(Words counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t first = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t second = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(second >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(second),
               static_cast<std::uint32_t>(first >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(first)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

std::vector<std::uint64_t> first_numbers(Rng rng, std::size_t count) {
  std::vector<std::uint64_t> numbers(count);
  for (std::uint64_t& number : numbers) number = rng.next();
  return numbers;
}

/// Whether a count of successes is within five standard deviations of what is expected.
::testing::AssertionResult plausible(std::size_t count, std::size_t trials, double probability) {
  const double n = static_cast<double>(trials);
  const double sigma = std::sqrt(n * probability * (1 - probability));
  return close(static_cast<double>(count), n * probability, 5 * sigma / (n * probability), 0);
}

// The vectors of philox4x32-10 in tests/kat_vectors of the Random123 distribution.
TEST(Philox, the_reference_of_these_tests_gives_the_known_answers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, the_zero_stream_starts_with_the_known_answer_of_philox) {
  Rng rng(0, Stream{0}, 0);
  EXPECT_EQ(rng.next(), 0xe169c58d6627e8d5U);
  EXPECT_EQ(rng.next(), 0x9b00dbd8bc57ac4cU);
}

TEST(Rng, block_purpose_and_id_are_the_counter_and_the_seed_is_the_key) {
  Rng choice = rng_of(1);
  for (std::uint32_t i = 0; i < 200; ++i) {
    const std::uint64_t seed = choice.next(), id = choice.next();
    const auto purpose = static_cast<Stream>(1 + i % 4);
    SCOPED_TRACE(fmt::format("seed {} purpose {} id {}", seed, 1 + i % 4, id));
    Rng rng(seed, purpose, id);
    for (std::uint32_t block = 0; block < 5; ++block) {
      const Words words = philox(
          {block, 1 + i % 4, static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(id >> 32)},
          {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
      EXPECT_EQ(rng.next(), words[0] | std::uint64_t{words[1]} << 32);
      EXPECT_EQ(rng.next(), words[2] | std::uint64_t{words[3]} << 32);
    }
  }
}

// All results published with a seed depend on these numbers.
TEST(Rng, the_numbers_of_a_stream_are_pinned) {
  EXPECT_EQ(
      first_numbers(Rng(42, Stream::split, 0), 3),
      (std::vector<std::uint64_t>{0x7dbf5de842e0b8b3, 0x6aaf03eb2fe739d4, 0x6880ffbe220383a8}));
  EXPECT_EQ(
      first_numbers(Rng(42, Stream::weights, 7), 3),
      (std::vector<std::uint64_t>{0xb22875edd48f55fb, 0x6539228927f140a2, 0x4eae855a55446192}));
  EXPECT_EQ(
      first_numbers(Rng(~std::uint64_t{0}, Stream::breeding, std::uint64_t{1} << 40), 3),
      (std::vector<std::uint64_t>{0x40a70c61c74e04be, 0x31d4f7681c8635e8, 0x64919f4167aa20e0}));
}

TEST(Rng, the_same_seed_purpose_and_id_give_the_same_numbers) {
  EXPECT_EQ(first_numbers(Rng(5, Stream::names, 9), 1000),
            first_numbers(Rng(5, Stream::names, 9), 1000));
}

TEST(Rng, streams_of_another_seed_purpose_or_id_share_no_number) {
  std::set<std::uint64_t> seen;
  std::size_t drawn = 0;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32}) {
    for (const Stream purpose : {Stream::split, Stream::weights, Stream::names, Stream::breeding}) {
      for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32}) {
        for (const std::uint64_t number : first_numbers(Rng(seed, purpose, id), 100)) {
          seen.insert(number);
          ++drawn;
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), drawn);
}

TEST(Rng, uniform_is_a_multiple_of_two_to_the_minus_53_below_1) {
  Rng rng = rng_of(2), twin = rng_of(2);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double u = rng.uniform();
    ASSERT_EQ(u, static_cast<double>(twin.next() >> 11) / 9007199254740992.0);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
  }
  EXPECT_NEAR(sum / 100'000, 0.5, 5 * std::sqrt(1.0 / 12 / 100'000));
}

TEST(Rng, uniform_and_log_uniform_stay_in_their_range_and_fill_it) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    std::size_t low_half = 0, low_half_of_logs = 0;
    for (int i = 0; i < 1000; ++i) {
      const double u = rng.uniform(-3, 5);
      ASSERT_TRUE(u >= -3 && u < 5) << u;
      if (u < 1) ++low_half;
      const double l = rng.log_uniform(1e-4, 1e-2);
      ASSERT_TRUE(l >= 1e-4 && l < 1e-2) << l;
      if (l < 1e-3) ++low_half_of_logs;
    }
    EXPECT_TRUE(plausible(low_half, 1000, 0.5));
    EXPECT_TRUE(plausible(low_half_of_logs, 1000, 0.5));
  }
}

// exp(log(16)) is a little less than 16.
TEST(Rng, log_uniform_stays_in_a_narrow_range) {
  for (const double low : {1e-4, 0.01, 0.1, 16.0, 128.0}) {
    Rng rng = rng_of(1);
    EXPECT_EQ(rng.log_uniform(low, low), low);
    const double high = low * (1 + 1e-15);
    for (int i = 0; i < 1000; ++i) {
      const double drawn = rng.log_uniform(low, high);
      ASSERT_TRUE(drawn >= low && drawn <= high) << fmt::format("{:a} of {:a}", drawn, low);
    }
  }
}

TEST(Rng, below_gives_each_number_of_its_range_equally_often) {
  for (const std::size_t count : {1U, 2U, 3U, 7U, 27U}) {
    SCOPED_TRACE(fmt::format("count {}", count));
    Rng rng = rng_of(count);
    std::vector<std::size_t> frequency(count);
    for (int i = 0; i < 30'000; ++i) {
      const std::size_t drawn = rng.below(count);
      ASSERT_LT(drawn, count);
      ++frequency[drawn];
    }
    for (const std::size_t f : frequency) {
      EXPECT_TRUE(plausible(f, 30'000, 1 / static_cast<double>(count)));
    }
  }
}

// 2^64 is one and a third times this range: the remainder alone would fall into the first third
// every second time.
TEST(Rng, below_is_unbiased_where_the_remainder_alone_is_not) {
  constexpr std::size_t kThird = std::size_t{1} << 62;
  Rng rng = rng_of(3);
  std::size_t in_first_third = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::size_t drawn = rng.below(3 * kThird);
    ASSERT_LT(drawn, 3 * kThird);
    if (drawn < kThird) ++in_first_third;
  }
  EXPECT_TRUE(plausible(in_first_third, 10'000, 1.0 / 3));
}

TEST(Rng, shuffle_permutes_and_favours_no_order) {
  std::array<std::size_t, 6> frequency{};  // of the six orders of three items
  for (std::uint64_t seed = 0; seed < 6000; ++seed) {
    Rng rng = rng_of(seed);
    std::vector<std::size_t> items = {0, 1, 2};
    shuffle(items, rng);
    ASSERT_TRUE(std::is_permutation(items.begin(), items.end(), std::vector{0U, 1U, 2U}.begin()))
        << "seed " << seed;
    ++frequency[items[0] * 2 + (items[1] > items[2] ? 1 : 0)];
  }
  for (const std::size_t f : frequency) EXPECT_TRUE(plausible(f, 6000, 1.0 / 6));
}

TEST(Rng, shuffle_leaves_nothing_and_one_item_as_they_are) {
  Rng rng = rng_of(4);
  std::vector<int> nothing, one = {5};
  shuffle(nothing, rng);
  shuffle(one, rng);
  EXPECT_TRUE(nothing.empty());
  EXPECT_EQ(one, std::vector{5});
}

TEST(Rng, pick_gives_each_item_equally_often) {
  Rng rng = rng_of(5);
  const std::vector<int> items = {10, 20, 30};
  std::size_t twenties = 0;
  for (int i = 0; i < 9000; ++i) {
    if (pick<int>(items, rng) == 20) ++twenties;
  }
  EXPECT_TRUE(plausible(twenties, 9000, 1.0 / 3));
}

TEST(SampleWithoutReplacement, gives_distinct_indices_in_range) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const std::size_t size = 1 + rng.below(20), count = rng.below(size + 1);
    const std::vector<std::size_t> drawn = sample_without_replacement(count, size, rng);
    EXPECT_EQ(drawn.size(), count);
    EXPECT_EQ(std::set<std::size_t>(drawn.begin(), drawn.end()).size(), count);
    for (const std::size_t index : drawn) EXPECT_LT(index, size);
  }
}

TEST(SampleWithoutReplacement, gives_each_index_equally_often_in_each_place) {
  std::array<std::array<std::size_t, 5>, 2> frequency{};
  Rng rng = rng_of(6);
  for (int i = 0; i < 10'000; ++i) {
    const std::vector<std::size_t> drawn = sample_without_replacement(2, 5, rng);
    for (std::size_t place = 0; place < 2; ++place) ++frequency[place][drawn[place]];
  }
  for (const auto& place : frequency) {
    for (const std::size_t f : place) EXPECT_TRUE(plausible(f, 10'000, 0.2));
  }
}

TEST(SampleWithoutReplacement, throws_if_more_are_wanted_than_there_are) {
  Rng rng = rng_of(7);
  EXPECT_TRUE(contains(error_of([&] { sample_without_replacement(6, 5, rng); }), "6"));
}

}  // namespace
}  // namespace microgpt::test
