#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "gaussian_process.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::evolution {

/// The genes that vary in a space, as variables of a model. A number is a coordinate, from 0 to 1
/// between the ends of its range; a category has one for each of its values, such that any two
/// values are at distance 1. Of a gene that is `seen_with` another one the product counts. A value
/// beyond the ends counts as the end.
class Variables {
 public:
  /// `of_two_searches`: there is one more variable, the search that a result is of, the one that is
  /// going on or an earlier one. Its length scale tells how much the two have in common (Swersky,
  /// Snoek and Adams, "Multi-task Bayesian optimization", 2013, with a kernel of distances).
  Variables(const SearchSpace& space, bool of_two_searches);

  /// For each coordinate of a point, its variable.
  const std::vector<std::size_t>& variable_of() const { return variable_of_; }
  void add_point(const Genome& genome, Points& points, bool is_earlier = false) const;

 private:
  struct Varying {
    const Gene* gene;
    double low, high;
    double range;         // from end to end
    bool is_log;          // is it on a logarithmic scale
    const Gene* partner;  // that it is seen with; or null
  };
  static double coordinate(const Varying& varying, const Genome& genome);

  std::vector<Varying> genes_;
  std::vector<std::size_t> variable_of_;
};

}  // namespace microgpt::evolution
