#include "statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "microgpt/core/error.hpp"

namespace microgpt::statistics {

using namespace core;

namespace {

void require_numbers(std::span<const double> values) {
  for (const double value : values) require(!std::isnan(value), "a value is not a number");
}

void require_pairs(std::span<const double> a, std::span<const double> b) {
  require(a.size() == b.size(), "{} and {} values are not pairs", a.size(), b.size());
}

std::vector<double> sorted(std::span<const double> values) {
  require_numbers(values);
  std::vector<double> result(values.begin(), values.end());
  std::sort(result.begin(), result.end());
  return result;
}

/// The quantile by linear interpolation between order statistics: definition 7 of Hyndman and Fan,
/// "Sample quantiles in statistical packages", 1996.
double quantile(const std::vector<double>& ordered, double probability) {
  const double position = probability * static_cast<double>(ordered.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, ordered.size() - 1);
  return std::lerp(ordered[below], ordered[above], position - std::floor(position));
}

/// Twice the rank of each value, counted from 1. Equal values share their mean rank, which doubled
/// is whole.
std::vector<std::size_t> doubled_ranks(std::span<const double> values) {
  const std::vector<double> ordered = sorted(values);
  std::vector<std::size_t> ranks;
  for (const double value : values) {
    const auto [first, last] = std::equal_range(ordered.begin(), ordered.end(), value);
    const auto first_rank = first - ordered.begin() + 1, last_rank = last - ordered.begin();
    ranks.push_back(static_cast<std::size_t>(first_rank + last_rank));
  }
  return ranks;
}

/// The probability of each sum of the ranks, where a fair coin decides whether a rank counts.
std::vector<double> distribution_of_sum(const std::vector<std::size_t>& ranks) {
  std::vector<double> probability = {1};  // the empty sum is 0
  for (const std::size_t rank : ranks) {
    std::vector<double> with_rank(probability.size() + rank);
    for (std::size_t sum = 0; sum < probability.size(); ++sum) {
      with_rank[sum] += probability[sum] / 2;
      with_rank[sum + rank] += probability[sum] / 2;
    }
    probability = std::move(with_rank);
  }
  return probability;
}

/// The doubled ranks less their mean, which is n + 1 whatever the ties.
std::vector<double> centred_ranks(std::span<const double> values) {
  std::vector<double> centred;
  for (const std::size_t rank : doubled_ranks(values)) {
    centred.push_back(static_cast<double>(rank) - static_cast<double>(values.size() + 1));
  }
  return centred;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

double mean(std::span<const double> values) {
  require(!values.empty(), "no values have no mean");
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  require(values.size() >= 2, "{} values have no standard deviation", values.size());
  const double centre = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - centre) * (value - centre);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double interquartile_mean(std::span<const double> values) {
  require(!values.empty(), "no values have no interquartile mean");
  const std::vector<double> ordered = sorted(values);
  const double low = static_cast<double>(ordered.size()) / 4, high = 3 * low;
  double sum = 0;
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    // The i-th value takes the place from i to i + 1; what counts lies between low and high.
    const double place = static_cast<double>(i);
    const double weight = std::min(place + 1, high) - std::max(place, low);
    if (weight > 0) sum += weight * ordered[i];
  }
  return sum / (high - low);
}

Interval bootstrap_interval(std::span<const double> values,
                            double (*statistic)(std::span<const double>), double confidence,
                            std::size_t resamples, Rng& rng) {
  require(!values.empty(), "no values have no bootstrap interval");
  require(confidence > 0 && confidence < 1, "the confidence {} is not between 0 and 1", confidence);
  require(resamples > 0, "a bootstrap interval needs resamples");
  std::vector<double> replicates, resample(values.size());
  for (std::size_t i = 0; i < resamples; ++i) {
    for (double& value : resample) value = pick(values, rng);
    replicates.push_back(statistic(resample));
  }
  const std::vector<double> ordered = sorted(replicates);
  return {quantile(ordered, (1 - confidence) / 2), quantile(ordered, (1 + confidence) / 2)};
}

double wilcoxon_signed_rank(std::span<const double> differences) {
  std::vector<double> nonzero, magnitudes;
  for (const double difference : differences) {
    if (difference == 0) continue;
    nonzero.push_back(difference);
    magnitudes.push_back(std::abs(difference));
  }
  // The rarest sum has the probability 2^-n, which must be a normal double.
  require(nonzero.size() <= 1000, "{} differences are more than 1000", nonzero.size());
  const std::vector<std::size_t> ranks = doubled_ranks(magnitudes);
  std::size_t positive = 0, negative = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) (nonzero[i] > 0 ? positive : negative) += ranks[i];
  // The distribution is symmetric: the lighter tail is the lower tail of the smaller sum.
  const std::vector<double> probability = distribution_of_sum(ranks);
  double tail = 0;
  for (std::size_t sum = 0; sum <= std::min(positive, negative); ++sum) tail += probability[sum];
  return std::min(1.0, 2 * tail);
}

std::vector<double> holm(std::span<const double> p_values) {
  for (const double p : p_values) require(p >= 0 && p <= 1, "{} is not a probability", p);
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t i, std::size_t j) { return p_values[i] < p_values[j]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t place = 0; place < order.size(); ++place) {
    const double hypotheses_left = static_cast<double>(order.size() - place);
    largest = std::max(largest, std::min(1.0, hypotheses_left * p_values[order[place]]));
    adjusted[order[place]] = largest;
  }
  return adjusted;
}

Tally tally(std::span<const double> ours, std::span<const double> theirs, double threshold) {
  require_pairs(ours, theirs);
  require_numbers(ours);
  require_numbers(theirs);
  require(threshold >= 0, "the threshold {} is below 0", threshold);
  Tally result;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double difference = ours[i] - theirs[i];  // not a number if both are infinite: a tie
    if (difference < -threshold) {
      ++result.wins;
    } else if (difference > threshold) {
      ++result.losses;
    } else {
      ++result.ties;
    }
  }
  return result;
}

double spearman(std::span<const double> a, std::span<const double> b) {
  require_pairs(a, b);
  const std::vector<double> x = centred_ranks(a), y = centred_ranks(b);
  const double variances = dot(x, x) * dot(y, y);
  require(variances > 0, "equal values have no rank correlation");
  return dot(x, y) / std::sqrt(variances);
}

}  // namespace microgpt::statistics
