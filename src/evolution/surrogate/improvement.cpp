#include "improvement.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/core/elementary.hpp"

namespace microgpt::evolution {

std::vector<double> model_values(std::span<const double> distances) {
  std::vector<double> sorted(distances.begin(), distances.end());
  std::ranges::sort(sorted);
  const auto failed = std::ranges::find_if(sorted, [](double d) { return std::isinf(d); });
  const double worst = *(failed - 1);
  const double offset = std::max(std::min(sorted[sorted.size() / 2], worst), 1e-9);
  const double count = static_cast<double>(distances.size());
  std::vector<double> values;
  double mean = 0, squares = 0;
  for (const double distance : distances) {
    values.push_back(elementary::log(std::min(distance, worst) + offset));
    mean += values.back() / count;
  }
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = std::max(std::sqrt(squares / count), 1e-9);
  for (double& value : values) value = (value - mean) / deviation;
  return values;
}

double log_expected_improvement(double z) {
  constexpr double kLogRootTwoPi = 0.91893853320467274;
  const double log_density = -z * z / 2 - kLogRootTwoPi;
  if (z < -5) return log_density - 2 * elementary::log(-z);
  const double density = elementary::exp(log_density);
  const double t = 1 / (1 + 0.2316419 * std::abs(z));
  const double series =
      0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429)));
  const double tail = density * t * series;  // P(x > |z|)
  return elementary::log(density + z * (z > 0 ? 1 - tail : tail));
}

}  // namespace microgpt::evolution
