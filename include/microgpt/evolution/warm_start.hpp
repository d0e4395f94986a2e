#pragma once

#include <span>
#include <vector>

#include "microgpt/evolution/organism.hpp"

namespace microgpt::evolution {

/// A result of an earlier search: of another seed, dataset or search space.
struct EarlierResult {
  Genome genome;
  double fitness = 0;

  bool operator==(const EarlierResult&) const = default;
};

/// What an earlier search can teach: its 32 best organisms and 16 of the others, spread evenly over
/// the ranking, without those that failed. Each genome once; the best first.
std::vector<EarlierResult> lessons_of(std::span<const Organism> history);

}  // namespace microgpt::evolution
