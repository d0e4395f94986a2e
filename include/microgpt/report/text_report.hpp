#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/evolution/ablation.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/evolution/objective.hpp"
#include "microgpt/run/settings.hpp"

namespace microgpt::report {

/// One generation of an island in one line: best, mean, worst, diversity, failures and duration.
std::string generation_line(std::span<const Organism> members, const EvolutionConfig& config,
                            Objective objective, double seconds);

/// The ranking of its members, one per line.
std::string generation_report(std::span<const Organism> members, Objective objective);

/// The whole run: the trajectory with bars, the ten best architectures, which genes matter, what
/// separates the ten best genomes from the ten worst, the Pareto fronts, the finalists (if any, the
/// champion first), and the champion with its expected loss. Of the settings it needs the fitness,
/// the number of tokens and, for the hypervolume of the front, what the run looked for.
std::string final_report(std::span<const Organism> history, std::span<const Finalist> finalists,
                         const RunSettings& settings);

/// The hypervolume of the front that a run looked for; none if it looked for the loss alone.
std::optional<double> hypervolume_of(std::span<const Organism> history,
                                     const RunSettings& settings);

/// Losses of models that only count, on the same part of the dataset.
struct CountingLosses {
  double ngram, bigram;  ///< nats per character
};

/// What is to be said where a loss is no lower than that of a model that only counts; else nothing.
std::string verdict(double loss, const CountingLosses& counting);

/// The scores of the finalists in their replicates, and the luck of each in the search.
std::string finals_report(std::span<const Finalist> finalists, Objective objective,
                          double final_steps);

/// What each change of a champion against the primordial organism is worth.
std::string ablation_report(const Genome& champion, std::span<const Ablation> ablations,
                            Objective objective);

}  // namespace microgpt::report
