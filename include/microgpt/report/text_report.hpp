#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt::report {

/// One generation of an island in a line: best, mean, worst, diversity, failures, and the seconds
/// that it took.
std::string generation_line(std::span<const Organism> members, const EvolutionConfig& config,
                            Objective objective, double seconds);

/// The ranking of its members, one a line.
std::string generation_report(std::span<const Organism> members, Objective objective);

/// The whole run: the trajectory with bars, the ten best architectures, which genes matter, what
/// separates the ten best genomes from the ten worst, the Pareto fronts, the finalists (if there
/// are any, the champion first), and the champion with what may be expected of it. `vocabulary` is
/// the number of tokens.
std::string final_report(std::span<const Organism> history, std::span<const Finalist> finalists,
                         Objective objective, std::size_t vocabulary);

/// What the finalists scored in their new trainings, and how lucky each had been in the search.
std::string finals_report(std::span<const Finalist> finalists, Objective objective);

}  // namespace microgpt::report
