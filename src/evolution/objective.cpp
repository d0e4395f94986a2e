#include "microgpt/evolution/objective.hpp"

#include <algorithm>
#include <exception>
#include <new>

#include "microgpt/core/error.hpp"
#include "microgpt/evolution/creature.hpp"
#include "microgpt/genome/cost.hpp"
#include "microgpt/model/weights.hpp"

namespace microgpt::evolution {

namespace {

/// Names that an organism speaks.
std::uint32_t names_of(const Problem& problem) {
  return problem.objective == Objective::beauty ? problem.samples : kNamesKept;
}

/// Every name of the dataset, in lower case.
KnownNames known_names(const Dataset& dataset) {
  KnownNames known;
  for (const Documents* part : {&dataset.training, &dataset.validation, &dataset.test}) {
    for (std::size_t i = 0; i < part->size(); ++i) {
      known.insert(lower_case(dataset.vocabulary.decode((*part)[i])));
    }
  }
  return known;
}

}  // namespace

double score_of(Objective objective, double fitness) {
  return is_maximised(objective) && fitness != kMaxLoss ? -fitness : fitness;
}

std::string score_text(Objective objective, double fitness) {
  if (fitness == kMaxLoss) return "MAX";
  if (!is_of_gpts(objective)) return fmt::format("{:.6g}", score_of(objective, fitness));
  return objective == Objective::beauty ? fmt::format("{:+.4f}", score_of(objective, fitness))
                                        : fmt::format("{:.4f}", fitness);
}

double judging_flops(const Genome& genome, const Problem& problem, std::uint32_t replicate) {
  if (problem.command) return 0;
  const GptConfig config = gpt_config(genome, problem.dataset.vocabulary.size());
  double flops = scoring_flops(config, problem.dataset.validation);
  if (replicate > 0) flops += scoring_flops(config, problem.dataset.test);
  return flops + names_of(problem) * forward_flops(config, config.n_ctx);
}

Evaluation guarded_evaluation(const std::function<Evaluation()>& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return failed_evaluation("out of memory");
  } catch (const std::exception& error) {
    return failed_evaluation(error.what());
  }
}

Evaluation evaluate(const Genome& genome, const Problem& problem, std::uint32_t replicate) {
  return guarded_evaluation([&] { return evaluate_or_throw(genome, problem, replicate); });
}

Evaluation evaluate_or_throw(const Genome& genome, const Problem& problem, std::uint32_t replicate,
                             bool keeps_weights) {
  Creature creature(genome, problem.dataset, problem.precision, problem.seed, replicate);
  Evaluation evaluation;
  LearningCurve curve(train_config(genome).steps);
  const double last_loss = creature.train(&curve);
  if (replicate > 0) evaluation.learning = curve.means();
  evaluation.loss = creature.loss(problem.dataset.validation);
  evaluation.fitness = problem.objective == Objective::last_step ? last_loss : evaluation.loss;
  if (replicate > 0) evaluation.test_loss = creature.loss(problem.dataset.test);
  evaluation.names = creature.speak(names_of(problem), problem.temperature);
  if (problem.objective == Objective::beauty) {
    evaluation.beauty = beauty_of(evaluation.names, known_names(problem.dataset));
    evaluation.fitness = -*evaluation.beauty;
  }
  evaluation.names.resize(std::min<std::size_t>(evaluation.names.size(), kNamesKept));
  if (keeps_weights) evaluation.weights = to_bytes(creature.weights());
  return evaluation;
}

}  // namespace microgpt::evolution
