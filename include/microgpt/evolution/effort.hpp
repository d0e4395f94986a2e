#pragma once

#include <cstddef>
#include <cstdint>

#include "microgpt/genome/cost.hpp"
#include "microgpt/genome/search_space.hpp"
#include "microgpt/training/dataset.hpp"

// What to search for, and how, if nothing is known but a text and what may be spent on it.
namespace microgpt::evolution {

/// A search, as evolve_loss would be told by its options.
struct EffortPlan {
  SearchSpace space;        ///< with the largest cost of a training
  Genome first;             ///< a recipe to begin with
  double budget_flops = 0;  ///< of the trainings of the search
  std::uint32_t finalists = 0, replicates = 0;
  double final_steps = 1;  ///< of a training in the finals, in those of the search
  std::size_t slots = 0;
};

/// A genome that has done well on other texts, as large as is worth its training: some twenty
/// tokens for each of its weights (Hoffmann et al., "Training compute-optimal large language
/// models", 2022). Its training costs about `flops`.
GptGenome recipe(double flops, const Dataset& dataset);

/// A search that spends about `flops` floating-point operations in all, its finals and all scoring
/// included, on so many workers. Where a text is large enough to bear more than a search for it can
/// spend on each training, half of the time goes to the search, and half to few long trainings of
/// what was best. Otherwise the search has nearly all. A function of its arguments alone. Throws
/// Error if that is less than a recipe of the smallest size needs.
EffortPlan plan_effort(double flops, std::size_t workers, const Dataset& dataset);

}  // namespace microgpt::evolution
