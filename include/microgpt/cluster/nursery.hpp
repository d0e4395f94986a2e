#pragma once

#include <functional>
#include <stdexcept>

#include "microgpt/cluster/faults.hpp"
#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt {

/// What one training may take.
struct Limits {
  /// A training is killed when it takes this many times as long as its floating-point operations
  /// should, going by the slowest training so far; but never within a second. 0: no deadline.
  double deadline_factor = 20;
  double memory_mb = 0;  ///< beyond what the process has at first; 0: no limit
  /// How often a training is tried again that was killed from outside, or missed its deadline.
  unsigned retries = 2;
  Faults faults = {};
};

/// Thrown if the process that starts trainings has died; nothing can be trained any more.
struct NurseryLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct NurseryReply;

/// Trains organisms in a process of their own, so that whatever happens there costs one organism:
/// an exception, a crash, a kill, too much memory, too much time.
///
///   rank ── task ──► keeper ── task ──► trainer, which lives from task to task
///   rank ◄─ result or death ─ keeper ◄─ result ── trainer
///
/// The keeper is forked first thing in main: a process that uses MPI must not fork. It forks a
/// trainer when there is a task and none is alive, and sees it die; it is idle otherwise. Both end
/// when the process above them does.
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
  NurseryReply try_once(const Task& task, double seconds, const std::function<void()>& look_up);
  double deadline_of(const Task& task) const;

  int socket_, keeper_;
  Limits limits_;
  double slowest_ = 0;  ///< seconds per floating-point operation; 0: nothing trained yet
};

}  // namespace microgpt
