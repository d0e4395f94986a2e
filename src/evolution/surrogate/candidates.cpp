#include "candidates.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/evolution/variation.hpp"
#include "microgpt/genome/genome.hpp"

namespace microgpt::evolution {

Candidate variation(std::span<const Candidate> parents, const SearchSpace& space, Rng& rng) {
  Candidate child = parents[rng.below(parents.size())];
  const std::size_t kind = rng.below(4);
  if (kind < 2) {
    child.origin = Origin::neighbour;
    child.genome = nudge(child.genome, 1 + rng.below(3), space, rng);
  } else if (kind == 2) {
    const Candidate& father = parents[rng.below(parents.size())];
    child.origin = Origin::crossover;
    child.genome = crossover(child.genome, father.genome, rng);
    if (child.parent_count == 1 && father.parent_count > 0) {
      child.parents[child.parent_count++] = father.parents[0];
    }
  } else {
    child.origin = Origin::mutant;
    child.genome = mutate(child.genome, space, rng);
  }
  if (child.parent_count == 0) child.origin = Origin::immigrant;
  return child;
}

Genome longest_primordial(const SearchSpace& space) {
  Genome genome(space.genes());
  if (const Gene* const duration = space.genes().duration()) {
    genome[*duration] = ends_of(space[*duration]).second;
  }
  return genome;
}

Genome anywhere(const SearchSpace& space, Rng& rng) {
  Genome genome = random_genome(space, rng);
  for (const Gene& gene : space.genes()) {
    const auto* range = std::get_if<RangeDomain>(&space[gene]);
    if (range && range->min > 0 && range->min < range->max) {
      genome[gene] = std::round(rng.log_uniform(range->min, range->max));
    }
  }
  return genome;
}

Cost fit(Genome& genome, double most, const SearchSpace& space, const CostOf& cost_of) {
  constexpr int kTrials = 4;  // the cost is almost proportional to the steps
  Cost cost = cost_of(genome);
  const Gene* const duration = space.genes().duration();
  if (duration == nullptr) return cost;
  double& steps = genome[*duration];
  const auto* list = std::get_if<ListDomain>(&space[*duration]);
  const double fewest = ends_of(space[*duration]).first;
  for (int trial = 0; trial < kTrials && steps > fewest; ++trial) {
    if (cost.flops <= most || !std::isfinite(cost.flops)) break;
    const double fewer = std::max(fewest, std::floor(steps * (most / cost.flops)));
    steps = list ? *(std::ranges::upper_bound(list->values, fewer) - 1) : fewer;
    cost = cost_of(genome);
  }
  return cost;
}

}  // namespace microgpt::evolution
