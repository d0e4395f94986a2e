#include "statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <vector>

#include "../tests/support/errors.hpp"
#include "../tests/support/numbers.hpp"

namespace microgpt::statistics {

using namespace core;
namespace {

using test::close;
using test::contains;
using test::error_of;
using test::random_numbers;
using test::rng_of;

using Numbers = std::vector<double>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Numbers minus(const Numbers& a, const Numbers& b) {
  Numbers result;
  std::transform(a.begin(), a.end(), b.begin(), std::back_inserter(result), std::minus());
  return result;
}

Numbers negated(Numbers values) {
  for (double& value : values) value = -value;
  return values;
}

/// 1, 2, ..., n.
Numbers up_to(std::size_t n) {
  Numbers result(n);
  std::iota(result.begin(), result.end(), 1.0);
  return result;
}

/// Whole numbers in [-5, 5], so that there are zeros and ties.
Numbers random_differences(Rng& rng, std::size_t count) {
  Numbers result(count);
  for (double& value : result) value = static_cast<double>(rng.below(11)) - 5;
  return result;
}

Numbers without_zeros(Numbers values) {
  std::erase(values, 0.0);
  return values;
}

/// The mean of the ranks that values[i] would have in each order of equal values.
double mid_rank(const Numbers& values, std::size_t i) {
  const auto below =
      std::count_if(values.begin(), values.end(), [&](double value) { return value < values[i]; });
  const auto equal = std::count(values.begin(), values.end(), values[i]);
  return static_cast<double>(below) + static_cast<double>(equal + 1) / 2;
}

/// The signed-rank test by its definition: all 2^n signs are equally likely.
double wilcoxon_of_all_signs(const Numbers& differences) {
  const Numbers nonzero = without_zeros(differences);
  Numbers magnitudes = nonzero;
  for (double& magnitude : magnitudes) magnitude = std::abs(magnitude);
  const auto rank_sum = [&](const auto& is_positive) {
    double sum = 0;
    for (std::size_t i = 0; i < nonzero.size(); ++i) {
      if (is_positive(i)) sum += mid_rank(magnitudes, i);
    }
    return sum;
  };
  const double w = rank_sum([&](std::size_t i) { return nonzero[i] > 0; });
  const std::size_t all = std::size_t{1} << nonzero.size();
  std::size_t at_most = 0, at_least = 0;
  for (std::size_t signs = 0; signs < all; ++signs) {
    const double sum = rank_sum([&](std::size_t i) { return (signs >> i & 1) == 1; });
    if (sum <= w) ++at_most;
    if (sum >= w) ++at_least;
  }
  const std::size_t lighter = std::min(at_most, at_least);
  return std::min(1.0, 2 * static_cast<double>(lighter) / static_cast<double>(all));
}

TEST(Mean, is_the_sum_over_the_count) {
  EXPECT_EQ(mean(Numbers{3}), 3);
  EXPECT_EQ(mean(Numbers{1, 2, 6}), 3);
  EXPECT_TRUE(contains(error_of([] { mean({}); }), "no mean"));
}

TEST(StandardDeviation, divides_by_one_less_than_the_count) {
  EXPECT_EQ(standard_deviation(Numbers{5, 5, 5}), 0);
  EXPECT_EQ(standard_deviation(Numbers{1, 2, 3}), 1);
  EXPECT_TRUE(
      close(standard_deviation(Numbers{2, 4, 4, 4, 5, 5, 7, 9}), std::sqrt(32.0 / 7), 1e-15));
  EXPECT_TRUE(contains(error_of([] { standard_deviation(Numbers{1}); }), "1 values"));
}

TEST(InterquartileMean, is_the_mean_of_the_middle_half) {
  EXPECT_EQ(interquartile_mean(up_to(8)), 4.5);
  EXPECT_EQ(interquartile_mean(Numbers{100, 2, -100, 4}), 3);
  EXPECT_EQ(interquartile_mean(Numbers{kInfinity, 7, 5, -kInfinity}), 6);
}

TEST(InterquartileMean, weights_the_boundary_by_the_fraction_within) {
  EXPECT_EQ(interquartile_mean(Numbers{7}), 7);
  EXPECT_EQ(interquartile_mean(Numbers{1, 4}), 2.5);               // half of each
  EXPECT_EQ(interquartile_mean(Numbers{0, 3, 9}), 3.5);            // (0/4 + 3 + 9/4) / 1.5
  EXPECT_EQ(interquartile_mean(Numbers{0, 1, 2, 3, 9}), 2);        // (3/4 + 2 + 3 * 3/4) / 2.5
  EXPECT_EQ(interquartile_mean(Numbers{-50, 0, 1, 2, 6, 50}), 2);  // (0/2 + 1 + 2 + 6/2) / 3
}

// Four copies of each value have whole quarters.
TEST(InterquartileMean, of_copies_of_the_values_is_the_same) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const Numbers values = random_numbers(rng, 1 + rng.below(20));
    Numbers copies;
    for (const double value : values) copies.insert(copies.end(), 4, value);
    std::sort(copies.begin(), copies.end());
    const auto quarter = static_cast<std::ptrdiff_t>(values.size());
    const Numbers middle(copies.begin() + quarter, copies.end() - quarter);
    EXPECT_TRUE(close(interquartile_mean(values), mean(middle), 1e-14));
  }
}

TEST(InterquartileMean, throws_without_values_and_for_nan) {
  EXPECT_TRUE(contains(error_of([] { interquartile_mean({}); }), "no values"));
  EXPECT_TRUE(contains(error_of([] { interquartile_mean(Numbers{1, kNan}); }), "not a number"));
}

// The mean of a resample of {0, 1} is 0, 1/2 or 1 with the probabilities 1/4, 1/2 and 1/4.
TEST(BootstrapInterval, has_the_quantiles_of_the_resamples) {
  Rng rng = rng_of(1);
  const Numbers values = {0, 1};
  const Interval narrow = bootstrap_interval(values, mean, 0.4, 10'000, rng);
  EXPECT_EQ(narrow.low, 0.5);
  EXPECT_EQ(narrow.high, 0.5);
  const Interval wide = bootstrap_interval(values, mean, 0.6, 10'000, rng);
  EXPECT_EQ(wide.low, 0);
  EXPECT_EQ(wide.high, 1);
}

TEST(BootstrapInterval, of_one_resample_is_a_point) {
  Rng rng = rng_of(2), twin = rng_of(2);
  const Numbers values = {1, 2, 4, 8};
  Numbers resample;
  for (int i = 0; i < 4; ++i) resample.push_back(values[twin.below(4)]);
  const Interval interval = bootstrap_interval(values, mean, 0.95, 1, rng);
  EXPECT_EQ(interval.low, mean(resample));
  EXPECT_EQ(interval.high, mean(resample));
}

TEST(BootstrapInterval, encloses_the_statistic) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const Numbers values = random_numbers(rng, 5 + rng.below(30));
    for (const auto statistic : {mean, interquartile_mean}) {
      const Interval interval = bootstrap_interval(values, statistic, 0.95, 500, rng);
      EXPECT_LT(interval.low, statistic(values));
      EXPECT_GT(interval.high, statistic(values));
    }
  }
}

// By the central limit theorem.
TEST(BootstrapInterval, of_the_mean_of_many_values_is_that_of_the_normal_distribution) {
  for (const std::size_t n : {100U, 400U, 1600U}) {
    SCOPED_TRACE(fmt::format("n {}", n));
    Rng rng = rng_of(n);
    const Numbers values = random_numbers(rng, n);
    const Interval interval = bootstrap_interval(values, mean, 0.95, 4000, rng);
    const double half = 1.96 * standard_deviation(values) / std::sqrt(static_cast<double>(n));
    EXPECT_NEAR(interval.low, mean(values) - half, 0.1 * half);
    EXPECT_NEAR(interval.high, mean(values) + half, 0.1 * half);
  }
}

TEST(BootstrapInterval, shrinks_with_the_count_and_grows_with_the_confidence) {
  const auto width = [](std::size_t count, double confidence) {
    Rng rng = rng_of(3);
    const Numbers values = random_numbers(rng, count);
    const Interval interval = bootstrap_interval(values, interquartile_mean, confidence, 500, rng);
    return interval.high - interval.low;
  };
  EXPECT_GT(width(10, 0.95), width(100, 0.95));
  EXPECT_GT(width(100, 0.95), width(1000, 0.95));
  EXPECT_GT(width(100, 0.99), width(100, 0.9));
  EXPECT_GT(width(100, 0.9), width(100, 0.5));
}

TEST(BootstrapInterval, of_equal_values_is_a_point) {
  Rng rng = rng_of(4);
  const Interval interval = bootstrap_interval(Numbers{2, 2, 2}, mean, 0.95, 100, rng);
  EXPECT_EQ(interval.low, 2);
  EXPECT_EQ(interval.high, 2);
}

TEST(BootstrapInterval, throws_for_what_it_cannot_use) {
  Rng rng = rng_of(5);
  const Numbers values = {1, 2};
  EXPECT_TRUE(
      contains(error_of([&] { bootstrap_interval({}, mean, 0.95, 10, rng); }), "no values"));
  for (const double confidence : {0.0, 1.0, kNan}) {
    EXPECT_TRUE(contains(error_of([&] { bootstrap_interval(values, mean, confidence, 10, rng); }),
                         "confidence"));
  }
  EXPECT_TRUE(
      contains(error_of([&] { bootstrap_interval(values, mean, 0.95, 0, rng); }), "resamples"));
}

TEST(WilcoxonSignedRank, has_the_smallest_p_if_all_signs_agree) {
  EXPECT_EQ(wilcoxon_signed_rank(up_to(1)), 1);
  EXPECT_EQ(wilcoxon_signed_rank(up_to(5)), 0.0625);
  EXPECT_EQ(wilcoxon_signed_rank(up_to(6)), 0.03125);
  EXPECT_EQ(wilcoxon_signed_rank(Numbers(6, 0.1)), 0.03125);
  EXPECT_EQ(wilcoxon_signed_rank(negated(up_to(100))), std::ldexp(1, -99));
}

// Two-sided critical values at 0.05: the largest smaller rank sum with p <= 0.05.
TEST(WilcoxonSignedRank, has_the_critical_values_of_the_tables) {
  const std::vector<std::size_t> critical = {0, 2, 3, 5, 8, 10, 13, 17, 21, 25};  // n = 6, 7, ...
  // The first ranks that add up to `sum`, taken greedily from the largest, are negative.
  const auto p_of_sum = [](std::size_t n, std::size_t sum) {
    Numbers differences = up_to(n);
    for (std::size_t rank = n; rank > 0; --rank) {
      if (rank > sum) continue;
      sum -= rank;
      differences[rank - 1] *= -1;
    }
    return wilcoxon_signed_rank(differences);
  };
  for (std::size_t i = 0; i < critical.size(); ++i) {
    SCOPED_TRACE(fmt::format("n {}", 6 + i));
    EXPECT_LE(p_of_sum(6 + i, critical[i]), 0.05);
    EXPECT_GT(p_of_sum(6 + i, critical[i] + 1), 0.05);
  }
}

// Darwin's pairs of maize plants (Fisher, "The design of experiments", 1935), in eighths of an
// inch: the smaller rank sum is 24.
TEST(WilcoxonSignedRank, of_darwins_maize) {
  const Numbers differences = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
  EXPECT_EQ(wilcoxon_signed_rank(differences), 0.041259765625);
}

// Hamilton's depression scale before and after (Hollander and Wolfe, "Nonparametric statistical
// methods", 1973): one-sided 10/512, the example of R's wilcox.test.
TEST(WilcoxonSignedRank, of_the_depression_scale) {
  const Numbers before = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
  const Numbers after = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
  EXPECT_EQ(wilcoxon_signed_rank(minus(before, after)), 20.0 / 512);
}

// Magnitudes 1 2 2 1 have the ranks 1.5 3.5 3.5 1.5. The negative one has the sum 1.5; of the 16
// signs one gives 0 and two give 1.5.
TEST(WilcoxonSignedRank, ties_have_their_mean_rank) {
  EXPECT_EQ(wilcoxon_signed_rank(Numbers{1, 2, 2, -1}), 2 * 3.0 / 16);
  EXPECT_EQ(wilcoxon_signed_rank(Numbers{1, 1, -1}), 1);
}

// Bortz, Lienert and Boehnke, "Verteilungsfreie Methoden in der Biostatistik", 1990: zeros and
// ties. wilcox.exact of the R package exactRankTests gives 0.1367.
TEST(WilcoxonSignedRank, of_a_textbook_example_with_zeros_and_ties) {
  const Numbers before = {9, 14, 8, 11, 14, 10, 8, 14, 12, 14, 13, 9, 15, 12, 9};
  const Numbers after = {13, 15, 9, 12, 16, 10, 8, 13, 12, 16, 9, 10, 16, 12, 9};
  EXPECT_NEAR(wilcoxon_signed_rank(minus(before, after)), 0.1367, 0.00005);
}

// wilcox.exact of the R package exactRankTests gives V = 65.5, p = 0.771 with 119 as the median.
TEST(WilcoxonSignedRank, of_one_sample_against_a_median) {
  const Numbers sample = {136, 103, 91, 122, 96, 145, 140, 138,
                          126, 120, 99, 125, 91, 142, 119, 137};
  EXPECT_NEAR(wilcoxon_signed_rank(minus(sample, Numbers(16, 119))), 0.771, 0.0005);
}

TEST(WilcoxonSignedRank, is_the_share_of_all_signs) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const Numbers differences = random_differences(rng, rng.below(11));
    EXPECT_EQ(wilcoxon_signed_rank(differences), wilcoxon_of_all_signs(differences));
  }
}

TEST(WilcoxonSignedRank, depends_on_neither_side_order_scale_nor_zeros) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    Numbers differences = random_differences(rng, 1 + rng.below(60));
    const double p = wilcoxon_signed_rank(differences);
    EXPECT_GT(p, 0);
    EXPECT_LE(p, 1);
    EXPECT_EQ(wilcoxon_signed_rank(negated(differences)), p);
    EXPECT_EQ(wilcoxon_signed_rank(without_zeros(differences)), p);
    shuffle(differences, rng);
    for (double& difference : differences) difference *= 8;
    EXPECT_TRUE(close(wilcoxon_signed_rank(differences), p, 1e-13, 0));
  }
}

TEST(WilcoxonSignedRank, is_1_if_nothing_or_only_zeros_are_left) {
  EXPECT_EQ(wilcoxon_signed_rank({}), 1);
  EXPECT_EQ(wilcoxon_signed_rank(Numbers{0, -0.0, 0}), 1);
}

TEST(WilcoxonSignedRank, throws_for_too_many_and_for_nan) {
  EXPECT_TRUE(contains(error_of([] { wilcoxon_signed_rank(up_to(1001)); }), "1001"));
  EXPECT_TRUE(contains(error_of([] { wilcoxon_signed_rank(Numbers{1, kNan}); }), "not a number"));
}

TEST(Holm, of_a_known_example) {
  const Numbers adjusted = holm(Numbers{0.01, 0.04, 0.03, 0.005});
  const Numbers expected = {0.03, 0.06, 0.06, 0.02};
  ASSERT_EQ(adjusted.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_DOUBLE_EQ(adjusted[i], expected[i]);
}

TEST(Holm, leaves_none_and_one_and_caps_at_1) {
  EXPECT_EQ(holm({}), Numbers{});
  EXPECT_EQ(holm(Numbers{0.25}), Numbers{0.25});
  EXPECT_EQ(holm(Numbers{0.75, 0.5, 1}), (Numbers{1, 1, 1}));
  EXPECT_EQ(holm(Numbers{0.125, 0.125}), (Numbers{0.25, 0.25}));
}

// Holm's procedure: from the smallest p on, reject while p_i <= alpha / (m + 1 - i).
TEST(Holm, rejects_what_the_step_down_procedure_rejects) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    Numbers p_values = random_numbers(rng, 1 + rng.below(10), 0, 0.1);
    std::sort(p_values.begin(), p_values.end());
    const Numbers adjusted = holm(p_values);
    EXPECT_TRUE(std::is_sorted(adjusted.begin(), adjusted.end()));
    bool rejected = true;
    for (std::size_t i = 0; i < p_values.size(); ++i) {
      rejected = rejected && p_values[i] <= 0.05 / static_cast<double>(p_values.size() - i);
      EXPECT_EQ(adjusted[i] <= 0.05, rejected);
      EXPECT_GE(adjusted[i], p_values[i]);
    }
  }
}

TEST(Holm, keeps_the_order_of_the_hypotheses) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const Numbers p_values = random_numbers(rng, 1 + rng.below(10), 0, 1);
    Numbers reversed(p_values.rbegin(), p_values.rend());
    reversed = holm(reversed);
    EXPECT_EQ(holm(p_values), Numbers(reversed.rbegin(), reversed.rend()));
  }
}

TEST(Holm, throws_for_what_is_no_probability) {
  for (const double p : {-0.1, 1.1, kNan}) {
    EXPECT_TRUE(contains(error_of([&] { holm(Numbers{0.5, p}); }), "not a probability"));
  }
}

TEST(Tally, lower_wins_and_the_threshold_still_ties) {
  const Tally result = tally(Numbers{1, 1, 1, 1, 1, 1}, Numbers{2, 1.5, 1, 0.5, 0.25, 0}, 0.5);
  EXPECT_EQ(result.wins, 1U);
  EXPECT_EQ(result.ties, 3U);
  EXPECT_EQ(result.losses, 2U);
}

TEST(Tally, infinity_loses_and_ties_with_itself) {
  const Tally result = tally(Numbers{kInfinity, kInfinity, 1}, Numbers{1, kInfinity, kInfinity}, 0);
  EXPECT_EQ(result.wins, 1U);
  EXPECT_EQ(result.ties, 1U);
  EXPECT_EQ(result.losses, 1U);
}

TEST(Tally, wins_of_one_side_are_losses_of_the_other) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const std::size_t count = rng.below(30);
    const Numbers a = random_numbers(rng, count), b = random_numbers(rng, count);
    const Tally ours = tally(a, b, 0.3), theirs = tally(b, a, 0.3);
    EXPECT_EQ(ours.wins, theirs.losses);
    EXPECT_EQ(ours.ties, theirs.ties);
    EXPECT_EQ(ours.losses, theirs.wins);
    EXPECT_EQ(ours.wins + ours.ties + ours.losses, count);
  }
}

TEST(Tally, throws_for_what_it_cannot_compare) {
  const Numbers one = {1}, two = {1, 2};
  EXPECT_TRUE(contains(error_of([&] { tally(one, two, 0); }), "1 and 2"));
  EXPECT_TRUE(contains(error_of([&] { tally(one, one, -1); }), "threshold"));
  EXPECT_TRUE(contains(error_of([&] { tally(one, Numbers{kNan}, 0); }), "not a number"));
  EXPECT_TRUE(contains(error_of([&] { tally(Numbers{kNan}, one, 0); }), "not a number"));
}

TEST(Spearman, is_1_or_minus_1_for_the_same_or_the_opposite_order) {
  EXPECT_EQ(spearman(Numbers{1, 2, 3, 4}, Numbers{1, 10, 100, 1000}), 1);
  EXPECT_EQ(spearman(Numbers{1, 2, 3, 4}, Numbers{3, 2, 1, -10}), -1);
  EXPECT_EQ(spearman(Numbers{1, 2, 2, 3}, Numbers{5, 7, 7, 8}), 1);
}

// Ranks 1 2.5 2.5 4 and 1 2 3 4: 4.5 / sqrt(4.5 * 5).
TEST(Spearman, ties_have_their_mean_rank) {
  EXPECT_DOUBLE_EQ(spearman(Numbers{1, 2, 2, 3}, Numbers{1, 2, 3, 4}), std::sqrt(0.9));
  EXPECT_EQ(spearman(Numbers{1, 1, 2, 2}, Numbers{1, 2, 1, 2}), 0);
}

// Without ties it is 1 - 6 sum d^2 / (n (n^2 - 1)), d = the differences of the ranks.
TEST(Spearman, is_the_formula_of_the_rank_differences) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const std::size_t count = 2 + rng.below(30);
    const Numbers a = random_numbers(rng, count), b = random_numbers(rng, count);
    double squares = 0;
    for (std::size_t i = 0; i < count; ++i) {
      squares += std::pow(mid_rank(a, i) - mid_rank(b, i), 2);
    }
    const double n = static_cast<double>(count);
    EXPECT_TRUE(close(spearman(a, b), 1 - 6 * squares / (n * (n * n - 1)), 1e-14));
  }
}

TEST(Spearman, is_symmetric_and_changes_its_sign_with_one_side) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const Numbers a = random_differences(rng, 20), b = random_differences(rng, 20);
    const double correlation = spearman(a, b);
    EXPECT_LE(std::abs(correlation), 1);
    EXPECT_EQ(spearman(b, a), correlation);
    EXPECT_EQ(spearman(a, negated(b)), -correlation);
    EXPECT_EQ(spearman(a, a), 1);
  }
}

TEST(Spearman, throws_where_it_is_not_defined) {
  EXPECT_TRUE(contains(error_of([] { spearman(up_to(2), up_to(3)); }), "2 and 3"));
  EXPECT_TRUE(contains(error_of([] { spearman({}, {}); }), "equal values"));
  EXPECT_TRUE(contains(error_of([] { spearman(Numbers{2, 2}, up_to(2)); }), "equal values"));
  EXPECT_TRUE(contains(error_of([] { spearman(Numbers{1, kNan}, up_to(2)); }), "not a number"));
}

}  // namespace
}  // namespace microgpt::statistics
