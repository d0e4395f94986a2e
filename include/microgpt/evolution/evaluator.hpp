#pragma once

#include <optional>
#include <span>
#include <vector>

#include "microgpt/evolution/trial.hpp"

namespace microgpt::evolution {

/// What a worker is doing.
struct WorkerState {
  int rank = 0;
  std::optional<Task> task = {};  ///< none if it is idle
  double since = 0;               ///< seconds since 1970
};

/// Turns tasks into trials: in this process, over MPI, or as a fake in a test.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Takes tasks, to be done when there is room.
  virtual void submit(std::span<const Task> tasks) = 0;
  /// Waits for the next trial, of any task. Throws Error if nothing was submitted.
  virtual Trial wait() = 0;
  /// Whether wait() would return at once.
  virtual bool is_ready() { return false; }
  /// Tasks that were submitted and whose trials were not returned yet.
  virtual std::size_t pending() const = 0;
  /// To be called again and again by whoever computes instead of waiting, as a long breeding does:
  /// sends heartbeats, and throws Stopped if the process should stop and nobody trains.
  virtual void poll() {}
  /// Workers that have nothing to do, and would start at once on what is submitted.
  virtual std::size_t idle() const { return 0; }
  /// What the workers do, as far as it is known.
  virtual std::vector<WorkerState> workers() const { return {}; }

  /// The trials of these tasks, in any order. Nothing else may be pending.
  std::vector<Trial> evaluate(std::span<const Task> tasks) {
    submit(tasks);
    std::vector<Trial> trials;
    while (pending() > 0) trials.push_back(wait());
    return trials;
  }
};

}  // namespace microgpt::evolution
