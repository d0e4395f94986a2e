#include "microgpt/evolution/objective.hpp"

#include <exception>

#include "microgpt/evolution/creature.hpp"

namespace microgpt {

namespace {

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

Evaluation evaluate(const Genome& genome, const Problem& problem) {
  try {
    Creature creature(genome, problem.dataset, problem.precision, problem.seed);
    creature.train();
    Evaluation evaluation;
    evaluation.loss = creature.loss(problem.dataset.validation);
    evaluation.fitness = evaluation.loss;
    if (problem.objective == Objective::beauty) {
      const auto names = creature.speak(problem.samples, problem.temperature);
      evaluation.beauty = beauty_of(names, known_names(problem.dataset));
      evaluation.fitness = -*evaluation.beauty;
    }
    return evaluation;
  } catch (const std::exception& error) {
    Evaluation failed;
    failed.failure = error.what();
    return failed;
  }
}

}  // namespace microgpt
