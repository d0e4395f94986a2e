#include "variables.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/core/elementary.hpp"
#include "microgpt/genome/genome.hpp"

namespace microgpt::evolution {

namespace {

constexpr double kSearchesApart = 0.25;  // what is good in one search is usually good in another

}  // namespace

Variables::Variables(const SearchSpace& space, bool of_two_searches) {
  for (const Gene& gene : space.genes()) {
    if (!varies(gene, space)) continue;
    const auto [low, high] = ends_of(space[gene]);
    const Gene* partner = space.genes().find(gene.seen_with);
    const std::size_t coordinates = gene.is_category() ? gene.categories.size() : 1;
    variable_of_.insert(variable_of_.end(), coordinates, genes_.size());
    const bool is_log = low > 0 && !std::holds_alternative<LinearDomain>(space[gene]);
    const double range = is_log ? elementary::log(high / low) : high - low;
    genes_.push_back({&gene, low, high, range, is_log, partner});
  }
  if (of_two_searches) variable_of_.push_back(genes_.size());
}

/// On a logarithmic scale, unless some values of the gene are not above 0 or its range is linear.
double Variables::coordinate(const Varying& varying, const Genome& genome) {
  double value = std::clamp(genome[*varying.gene], varying.low, varying.high);
  if (!varying.is_log) return (value - varying.low) / varying.range;
  if (varying.partner != nullptr) value *= genome[*varying.partner];
  return elementary::log(value / varying.low) / varying.range;
}

void Variables::add_point(const Genome& genome, Points& points, bool is_earlier) const {
  const double apart = std::sqrt(0.5);
  double* to = points.add();
  for (const Varying& varying : genes_) {
    const Gene& gene = *varying.gene;
    if (gene.is_category()) {
      to[static_cast<std::size_t>(genome[gene])] = apart;
      to += gene.categories.size();
    } else {
      *to++ = coordinate(varying, genome);
    }
  }
  if (is_earlier) *to = kSearchesApart;
}

}  // namespace microgpt::evolution
