#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/evolution/beauty.hpp"
#include "microgpt/evolution/command.hpp"
#include "microgpt/evolution/organism.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::evolution {

/// How a trained GPT is scored.
enum class Objective {
  loss,       ///< its held-out loss on validation names
  last_step,  ///< the loss of its last training step: an old measure that can be gamed
  beauty,     ///< the beauty of the names it generates
  minimum,    ///< what a command reports, where less is better
  maximum     ///< the same, where more is better
};

constexpr auto enum_names(Objective) {
  return enum_table<Objective>("fitness", {{Objective::loss, "held-out"},
                                           {Objective::last_step, "last-step"},
                                           {Objective::beauty, "beauty"},
                                           {Objective::minimum, "minimum", false},
                                           {Objective::maximum, "maximum", false}});
}

/// Whether organisms are GPTs, and not commands.
constexpr bool is_of_gpts(Objective objective) {
  return objective != Objective::minimum && objective != Objective::maximum;
}
/// Whether higher scores are better.
constexpr bool is_maximised(Objective objective) {
  return objective == Objective::beauty || objective == Objective::maximum;
}

/// The score behind a fitness, which is minimised: the loss, the beauty, or what a command reports.
/// kMaxLoss stays.
double score_of(Objective objective, double fitness);
/// The same as text: "2.3142", "+1.2000", or "MAX".
std::string score_text(Objective objective, double fitness);

/// Everything that an evaluation depends on, besides the genome. All organisms share the seed:
/// the same initial random numbers and the same documents in the same order.
struct Problem {
  Dataset dataset;
  Objective objective = Objective::loss;
  Precision precision = Precision::f64;
  std::uint64_t seed = 1;
  std::uint32_t samples = 50;  ///< names generated for the beauty
  double temperature = 0.5;
  std::optional<Command> command = {};  ///< runs in place of a training; there is no dataset then
};

/// Floating-point operations of scoring and sampling a trained organism, at most; of a command 0.
double judging_flops(const Genome& genome, const Problem& problem, std::uint32_t replicate);

/// How many of the names that an organism generates its evaluation keeps.
inline constexpr std::uint32_t kNamesKept = 5;

/// What `body` returns; what it throws becomes the evaluation's failure.
Evaluation guarded_evaluation(const std::function<Evaluation()>& body);

/// Builds the organism, trains it and scores it. Replicate 0 is the training that all organisms are
/// compared by; the others are for finalists, and are scored on the test names too. A training that
/// fails costs the organism its fitness, and only that: the evaluation has kMaxLoss and the reason.
Evaluation evaluate(const Genome& genome, const Problem& problem, std::uint32_t replicate = 0);
/// The same, but throws what makes a training fail: Error if a loss is not finite, std::bad_alloc.
Evaluation evaluate_or_throw(const Genome& genome, const Problem& problem, std::uint32_t replicate,
                             bool keeps_weights = false);

}  // namespace microgpt::evolution
