#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "microgpt/evolution/organism.hpp"

namespace microgpt::evolution {

/// One training to be done. It says all that a worker needs besides the Problem, so any may do it.
struct Task {
  std::uint64_t id = 0;  ///< of the organism
  std::uint32_t island = 0;
  Genome genome = {};
  std::uint32_t replicate = 0;  ///< see Creature; 0 during the search
  /// Where tasks wait for a worker, the highest goes first, and of equals the one that was
  /// submitted first. See priority_of().
  double priority = 0;
  double flops = 0;            ///< that the training takes
  bool keeps_weights = false;  ///< the evaluation is to carry the weights
  /// Of the organism, for the journal: how it was born. None if this is not its own training.
  std::optional<Origin> origin = {};
  std::vector<std::uint64_t> parents = {};

  bool operator==(const Task&) const = default;
  /// Tells the tasks of a run apart: organism and replicate.
  using Key = std::pair<std::uint64_t, std::uint32_t>;
  Key key() const { return {id, replicate}; }
};

/// Where and how long a task ran: never part of a result.
struct Timing {
  int rank = 0;  ///< -1: the result was known from another organism or another run
  std::string host = {};
  double start = 0;    ///< seconds since 1970
  double seconds = 0;  ///< of training and scoring

  bool operator==(const Timing&) const = default;
};

/// One training that was done: what was asked for, and what came of it.
struct Trial {
  Task task = {};
  Evaluation evaluation = {};
  Timing timing = {};
  bool known = false;  ///< from a cache or a journal: it took no time now

  bool operator==(const Trial&) const = default;
};

/// How an organism was born, as the journal of a run knows it.
struct RecordedBirth {
  Genome genome;
  Origin origin;
  std::vector<std::uint64_t> parents;
};
/// By the id of the organism. Those that were not trained, or whose training did not end, are
/// missing.
using RecordedBirths = std::unordered_map<std::uint64_t, RecordedBirth>;

/// In a generation, what takes longest goes first. In the steady state, what starts first on the
/// virtual clock: it has been in its slot longest, and breeding will wait for it soonest.
inline double priority_of(const Organism& organism) {
  return organism.due > 0 ? organism.flops - organism.due : organism.flops;
}

/// The training of an organism in the search.
inline Task task_of(const Organism& o) {
  return {.id = o.id,
          .island = o.island,
          .genome = o.genome,
          .replicate = 0,
          .priority = priority_of(o),
          .flops = o.flops,
          .origin = o.origin,
          .parents = o.parents};
}

}  // namespace microgpt::evolution
