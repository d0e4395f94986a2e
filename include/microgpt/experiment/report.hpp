#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt {

/// One generation of an island: best, worst, spread, diversity, and the ranking of its members.
std::string generation_report(std::span<const Organism> members, const EvolutionConfig& config,
                              Objective objective, double seconds);

/// The whole run: the trajectory with bars, the ten best architectures, which genes matter, what
/// separates the ten best genomes from the ten worst, the Pareto fronts, the finalists (if there
/// are any, the champion first), and the champion with what may be expected of it. `vocabulary` is
/// the number of tokens.
std::string final_report(std::span<const Organism> history, std::span<const Finalist> finalists,
                         Objective objective, std::size_t vocabulary);

/// What the finalists scored in their new trainings, and how lucky each had been in the search.
std::string finals_report(std::span<const Finalist> finalists, Objective objective);

/// A gene's mean in two groups of organisms.
struct GeneContrast {
  std::string gene;
  double top, bottom;
  double separation;  ///< (top - bottom) / standard deviation over both groups; 0 if that is 0
};

/// Contrasts of all genes between two groups, the largest separation first. lr is compared on a
/// logarithmic scale, and its means are geometric. Both groups must have members.
std::vector<GeneContrast> contrast(std::span<const Organism> top, std::span<const Organism> bottom);

/// Distinct architectures (all genes but lr and steps) among some organisms.
std::size_t diversity(std::span<const Organism> organisms);

}  // namespace microgpt
