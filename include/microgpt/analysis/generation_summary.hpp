#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "microgpt/evolution/organism.hpp"

namespace microgpt::analysis {

/// Fitness statistics (minimised) of one generation of one island. They are kMaxLoss if all members
/// failed.
struct GenerationSummary {
  std::uint32_t generation = 0;
  std::size_t members = 0, failed = 0;
  std::size_t diversity = 0;  ///< distinct architectures: genomes ignoring lr and steps
  std::uint64_t best_id = 0;
  double best = kMaxLoss, worst = kMaxLoss, mean = kMaxLoss;  ///< of those that did not fail
  /// Quantiles of those that did not fail, by linear interpolation.
  double q10 = kMaxLoss, q25 = kMaxLoss, median = kMaxLoss, q75 = kMaxLoss, q90 = kMaxLoss;
};

/// There must be at least one member, and all must have been evaluated.
GenerationSummary summary_of(std::span<const Organism> members);

/// The number of distinct architectures.
std::size_t diversity(std::span<const Organism> organisms);

/// A quantile of numbers in ascending order, q from 0 to 1, by linear interpolation between the two
/// nearest: type 7 of Hyndman and Fan, "Sample quantiles in statistical packages", 1996.
double quantile(std::span<const double> ascending, double q);

}  // namespace microgpt::analysis
