#include "variables.hpp"

#include <cmath>

#include "microgpt/core/elementary.hpp"
#include "microgpt/genome/genes.hpp"

namespace microgpt::evolution {

Variables::Variables(const SearchSpace& space) {
  for (const Gene& gene : kGenes) {
    if (!varies(gene, space)) continue;
    const auto [low, high] = ends_of(space[gene]);
    const Gene* partner = gene.seen_with.empty() ? nullptr : &gene_named(gene.seen_with);
    const std::size_t coordinates = gene.is_category() ? gene.categories.size() : 1;
    variable_of_.insert(variable_of_.end(), coordinates, genes_.size());
    genes_.push_back({&gene, low, low == 0 ? high : elementary::log(high / low), partner});
  }
}

/// On a logarithmic scale, unless the gene can be 0.
double Variables::coordinate(const Varying& varying, const Genome& genome) {
  double value = varying.gene->value(genome);
  if (varying.low == 0) return value / varying.range;
  if (varying.partner != nullptr) value *= varying.partner->value(genome);
  return elementary::log(value / varying.low) / varying.range;
}

void Variables::add_point(const Genome& genome, Points& points) const {
  const double apart = std::sqrt(0.5);
  double* to = points.add();
  for (const Varying& varying : genes_) {
    const Gene& gene = *varying.gene;
    if (gene.is_category()) {
      to[static_cast<std::size_t>(gene.value(genome))] = apart;
      to += gene.categories.size();
    } else {
      *to++ = coordinate(varying, genome);
    }
  }
}

}  // namespace microgpt::evolution
