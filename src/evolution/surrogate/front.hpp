#pragma once

#include <vector>

namespace microgpt::evolution {

/// The Pareto front of a search for low values at low costs, as its model sees it. A search for the
/// lowest value alone is one in which everything costs the same.
class Front {
 public:
  struct Point {
    double log_cost, value;
  };

  /// Of some points. Costs from `log_most` on are worth nothing, nor are values from `worst` on.
  Front(std::vector<Point> points, double log_most, double worst);

  /// ln of the area between value and ln(cost) by which a candidate is expected to extend what the
  /// front dominates: its cost is known, its value normally distributed (Emmerich, Giannakoglou and
  /// Naujoks, "Single- and multiobjective evolutionary optimization assisted by Gaussian random
  /// field metamodels", 2006). Where everything costs the same, the expected improvement.
  double log_expected_growth(double log_cost, double mean, double deviation) const;

 private:
  /// What a value is compared with where as much may be spent as lies between two costs.
  struct Strip {
    double begin, end, bound;
  };
  std::vector<Strip> strips_;  // from minus infinity to log_most
};

}  // namespace microgpt::evolution
