#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "microgpt/core/random.hpp"

/// What a comparison of several runs rests on. A mean, a deviation, an interval and a correlation
/// throw Error if there are too few values for them; whatever orders values throws Error if one of
/// them is not a number.
namespace microgpt::statistics {

using namespace core;

/// The arithmetic mean.
double mean(std::span<const double> values);

/// The sample standard deviation, sqrt(sum (x - mean)^2 / (n - 1)), of two values or more.
double standard_deviation(std::span<const double> values);

/// The mean of the middle half: the mean of what is left without the lowest and the highest n/4.
/// Where n/4 is not whole, the values at the boundary count by the fraction that lies within.
/// Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice", 2021.
double interquartile_mean(std::span<const double> values);

struct Interval {
  double low, high;
};

/// The percentile bootstrap: the (1 - confidence)/2 and (1 + confidence)/2 quantiles of the
/// statistic over `resamples` samples of n out of n values with replacement; 0 < confidence < 1.
/// Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13.
Interval bootstrap_interval(std::span<const double> values,
                            double (*statistic)(std::span<const double>), double confidence,
                            std::size_t resamples, Rng& rng);

/// The two-sided p of the signed-rank test of the hypothesis that the differences are symmetric
/// about 0. Zeros are dropped, equal magnitudes share their mean rank. W is the sum of the ranks of
/// the positive differences, p = min(1, 2 min(P(W <= w), P(W >= w))), exact given the ranks; 1 if
/// only zeros were given. At most 1000 differences other than zero.
/// Wilcoxon, "Individual comparisons by ranking methods", 1945.
double wilcoxon_signed_rank(std::span<const double> differences);

/// Adjusted p-values in the given order: the i-th smallest of m becomes the largest of
/// min(1, (m + 1 - j) p_j) over j <= i. To reject where they are at most alpha keeps the
/// probability of any false rejection at most alpha.
/// Holm, "A simple sequentially rejective multiple test procedure", 1979.
std::vector<double> holm(std::span<const double> p_values);

struct Tally {
  std::size_t wins = 0, ties = 0, losses = 0;
};

/// How often ours is lower (a win) than theirs, pair by pair. Those that differ by no more than the
/// threshold tie.
Tally tally(std::span<const double> ours, std::span<const double> theirs, double threshold);

/// Spearman's rank correlation: Pearson's correlation of the ranks, where equal values share their
/// mean rank. Throws Error if all values of one side are equal: there it is not defined.
/// Spearman, "The proof and measurement of association between two things", 1904.
double spearman(std::span<const double> a, std::span<const double> b);

}  // namespace microgpt::statistics
