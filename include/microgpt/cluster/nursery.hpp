#pragma once

#include <functional>
#include <optional>

#include "microgpt/cluster/faults.hpp"
#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt {

/// What one training may take.
struct Limits {
  /// A training is killed when it takes this many times as long as its floating-point operations
  /// should, going by the slowest training so far, and as the longest one; but never within a
  /// second. 0: no deadline.
  double deadline_factor = 20;
  double memory_mb = 0;  ///< beyond what the process has at first; 0: no limit
  /// How often a training is tried again that was killed from outside, or missed its deadline.
  unsigned retries = 2;
  Faults faults = {};
};

/// Thrown if the process that starts trainings has died; nothing can be trained any more. Not a
/// std::exception: it is no failure of a training.
struct NurseryLost {};

/// Trains organisms in a process of their own, so that whatever happens there costs one organism:
/// an exception, a crash, a kill, too much memory, too much time.
///
///   rank ── start, end ──► keeper ── fork, kill ──► trainer
///     └──────────── task ────────────────────────────►┘
///     ◄─────────── evaluation ────────────────────────
///
/// The keeper is forked first thing in main: a process that uses MPI must not fork. It starts a
/// trainer, which lives from task to task, hands the rank a socket to it, and says how it ended; it
/// is idle otherwise. Keeper and trainer end when the rank does.
class Nursery {
 public:
  /// Forks the keeper. Call before MPI and before any thread is started.
  Nursery();
  ~Nursery();
  Nursery(const Nursery&) = delete;
  Nursery& operator=(const Nursery&) = delete;

  /// What trainings are about; call once before the first.
  void prepare(const Problem& problem, const Limits& limits);

  /// Trains and judges. What goes wrong becomes the evaluation's failure. `look_up` is called some
  /// fifty times a second meanwhile, and may throw to abandon the training. Throws NurseryLost.
  Evaluation train(const Task& task, const std::function<void()>& look_up);

 private:
  struct Outcome {
    std::optional<Evaluation> evaluation;  // or:
    bool too_late = false;
    int status = 0;  // of the trainer's end, as waitpid() says it
  };
  Outcome try_once(const Task& task, const std::function<void()>& look_up);
  double deadline_of(const Task& task) const;
  void start_trainer();
  int end_trainer();

  int keeper_, keeper_socket_;
  int trainer_ = -1;  // the socket to it, if there is one
  Limits limits_;
  double slowest_ = 0;    // seconds per floating-point operation; 0: nothing trained yet
  double longest_ = 0.1;  // seconds of a training; judging takes time too, whatever the operations
};

}  // namespace microgpt
