#pragma once

#include "../messages.hpp"
#include "microgpt/cluster/isolation/faults.hpp"
#include "microgpt/evolution/objective.hpp"

// The processes of an IsolatedTrainer: the supervisor, and the trainers that it forks.
namespace microgpt::cluster {

/// What all trainings have in common. `ProblemOf`: a Problem, or a reference to one that is sent.
template <class ProblemOf>
struct TrainingSetup {
  ProblemOf problem;
  double memory_mb = 0;
  Faults faults = {};

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    auto& data = problem.dataset;
    archive& problem& data.training& data.validation& data.test& memory_mb;
    archive& faults.nan& faults.thrown& faults.hang& faults.segv& faults.oom;
    archive& faults.spin;
  }
};

/// A request of the rank to the supervisor, as one byte.
enum class Request : char {
  prepare,  ///< a frame follows: the TrainingSetup
  start,    ///< a trainer; its end of a socket comes back
  end       ///< of the trainer, which is killed if it still lives; its wait status comes back
};

/// Serves a rank until it exits: `rank` is the socket to it.
void supervise(int rank);

}  // namespace microgpt::cluster
