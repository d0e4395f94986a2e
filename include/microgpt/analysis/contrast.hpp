#pragma once

#include <span>
#include <string>
#include <vector>

#include "microgpt/evolution/organism.hpp"

namespace microgpt::analysis {

/// A gene's mean in two groups of organisms.
struct GeneContrast {
  std::string gene;
  double top, bottom;
  double separation;  ///< (top - bottom) / standard deviation over both groups; 0 if that is 0
};

/// Contrasts of all genes between two groups, the largest separation first. lr is compared on a
/// logarithmic scale, and its means are geometric. Both groups must have members.
std::vector<GeneContrast> contrast(std::span<const Organism> top, std::span<const Organism> bottom);

/// The organisms that were trained and did not fail, the best first; no elites or migrants.
std::vector<Organism> successes(std::span<const Organism> history);

/// The size of the groups of best and worst that are compared: ten, or half of all.
std::size_t group_size(std::size_t successes);

/// The mean of a gene as text: "7888", "0.0043", "13,440".
std::string mean_text(double mean);

/// The differences between the best and the worst, in sentences.
std::vector<std::string> insights(std::span<const Organism> history);

}  // namespace microgpt::analysis
