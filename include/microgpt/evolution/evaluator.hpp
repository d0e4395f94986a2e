#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/evolution/organism.hpp"

namespace microgpt::evolution {

/// One training to be done. It says all that a worker needs besides the Problem, so any may do it.
struct Task {
  std::uint64_t id = 0;  ///< of the organism
  Genome genome;
  std::uint32_t replicate = 0;  ///< see Creature
  /// Where tasks wait for room, the one with the lowest rank goes first, and of equals the one that
  /// was submitted first. See rank_of().
  double rank = 0;
  double flops = 0;  ///< that the training takes
};

/// In a generation, what takes longest goes first. In the steady state, what starts first on the
/// virtual clock: it has been in its slot longest, and breeding will wait for it soonest.
inline double rank_of(const Organism& organism) {
  return organism.due > 0 ? organism.due - organism.flops : -organism.flops;
}

/// Where and how long a task ran: never part of a result.
struct Timing {
  std::uint64_t id = 0;
  std::uint32_t replicate = 0;
  int rank = 0;
  std::string host;
  double start = 0;    ///< seconds since 1970
  double seconds = 0;  ///< of training and judging

  bool operator==(const Timing&) const = default;
};

/// A training that was done, as a journal remembers it. Its replicate is in the timing.
struct KnownEvaluation {
  Genome genome;
  Evaluation evaluation;
  Timing timing;

  bool operator==(const KnownEvaluation&) const = default;
};

/// A training that was done, and the floating-point operations that it took.
struct Work {
  Timing timing;
  double flops = 0;
  bool known = false;  ///< from a cache or a journal: it took no time now
};

/// What a rank is busy with.
struct Running {
  int rank = 0;
  std::optional<Task> task;  ///< nothing if it is idle
  double since = 0;          ///< seconds since 1970
};

struct TimedResult {
  Result result;
  Timing timing;
  bool known = false;  ///< from a cache or a journal: nobody trained for it now
};

/// Turns tasks into results: in this process, over MPI, or as a fake in a test.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Takes tasks, to be done when there is room.
  virtual void submit(std::span<const Task> tasks) = 0;
  /// The next result that comes in, whosever it is. Throws Error if nothing was submitted.
  virtual TimedResult wait() = 0;
  /// Tasks that were submitted and whose results were not returned yet.
  virtual std::size_t pending() const = 0;
  /// To be called again and again by whoever is busy instead of waiting, as a long breeding is:
  /// gives signs of life, and throws Stopped if the process should stop and nobody trains.
  virtual void poll() {}
  /// Workers that have nothing to do, and would start at once on what is submitted.
  virtual std::size_t idle() const { return 0; }
  /// What the workers do, as far as it is known.
  virtual std::vector<Running> running() const { return {}; }

  /// The results of these tasks, in any order. Nothing else may be pending.
  std::vector<TimedResult> evaluate(std::span<const Task> tasks) {
    submit(tasks);
    std::vector<TimedResult> results;
    while (pending() > 0) results.push_back(wait());
    return results;
  }
};

}  // namespace microgpt::evolution
