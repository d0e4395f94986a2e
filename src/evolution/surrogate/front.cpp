#include "front.hpp"

#include <algorithm>
#include <limits>

#include "improvement.hpp"
#include "microgpt/core/elementary.hpp"

namespace microgpt::evolution {

Front::Front(std::vector<Point> points, double log_most, double worst) {
  std::ranges::stable_sort(points, [](const Point& a, const Point& b) {
    return a.log_cost != b.log_cost ? a.log_cost < b.log_cost : a.value < b.value;
  });
  Strip strip = {-std::numeric_limits<double>::infinity(), log_most, worst};
  for (const Point& point : points) {
    if (point.value >= strip.bound || point.log_cost >= log_most) continue;
    strip.end = point.log_cost;
    strips_.push_back(strip);
    strip = {point.log_cost, log_most, point.value};
  }
  strips_.push_back(strip);
}

double Front::log_expected_growth(double log_cost, double mean, double deviation) const {
  double largest = -std::numeric_limits<double>::infinity();  // of the terms of the strips
  double sum = 0;                                             // of exp(term - largest)
  for (const Strip& strip : strips_) {
    const double width = strip.end - std::max(strip.begin, log_cost);
    if (width <= 0) continue;
    const double gain = log_expected_improvement((strip.bound - mean) / deviation);
    const double term = width == 1 ? gain : elementary::log(width) + gain;
    if (sum > 0 && term <= largest) {
      sum += elementary::exp(term - largest);
    } else {
      sum = 1 + (sum > 0 ? sum * elementary::exp(largest - term) : 0);
      largest = term;
    }
  }
  return elementary::log(deviation) + (sum > 1 ? largest + elementary::log(sum) : largest);
}

}  // namespace microgpt::evolution
