#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "microgpt/evolution/ablation.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt::report {

/// One generation of an island in one line: best, mean, worst, diversity, failures and duration.
std::string generation_line(std::span<const Organism> members, const EvolutionConfig& config,
                            Objective objective, double seconds);

/// The ranking of its members, one per line.
std::string generation_report(std::span<const Organism> members, Objective objective);

/// The whole run: the trajectory with bars, the ten best architectures, which genes matter, what
/// separates the ten best genomes from the ten worst, the Pareto fronts, the finalists (if any, the
/// champion first), and the champion with its expected loss. `vocabulary` is the number of tokens.
std::string final_report(std::span<const Organism> history, std::span<const Finalist> finalists,
                         Objective objective, std::size_t vocabulary);

/// The scores of the finalists in their replicates, and the luck of each in the search.
std::string finals_report(std::span<const Finalist> finalists, Objective objective);

/// What each change of a champion against the primordial organism is worth.
std::string ablation_report(const Genome& champion, std::span<const Ablation> ablations,
                            Objective objective);

}  // namespace microgpt::report
