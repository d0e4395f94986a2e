#pragma once

#include <functional>
#include <optional>

#include "microgpt/cluster/isolation/faults.hpp"
#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt::cluster {

/// Limits of one training.
struct Limits {
  /// A training is killed when it takes more than this many times the processor time predicted from
  /// the slowest training so far, and more than this many times that of the longest one; but never
  /// within a second. The last try assumes a core a hundred times slower than today's, so that no
  /// genome fails because of a slow machine. A training that sleeps for a tenth of as many seconds,
  /// at least one, hangs and is killed too. 0: no deadline.
  double deadline_factor = 20;
  double memory_mb = 0;  ///< beyond what the process has at its start; 0: no limit
  /// How often a training is retried that was killed from outside or missed its deadline.
  unsigned retries = 2;
  Faults faults = {};
};

/// Thrown if the supervisor has died; nothing can be trained any more. Not a std::exception: it is
/// no failure of a training.
struct SupervisorLost {};

/// Trains organisms in a separate process, so that an exception, a crash, a kill, too much memory
/// or too much time costs one organism only.
///
///   rank ── start, end ──► supervisor ── fork, kill ──► trainer
///     └──────────── task ────────────────────────────►┘
///     ◄─────────── evaluation ────────────────────────
///
/// The supervisor is forked first thing in main: a process that uses MPI must not fork. It starts a
/// trainer, which lives from task to task, hands the rank a socket to it, and says how it ended; it
/// is idle otherwise. Supervisor and trainer end when the rank does.
class IsolatedTrainer {
 public:
  /// Forks the supervisor. Call before MPI and before any thread is started.
  IsolatedTrainer();
  ~IsolatedTrainer();
  IsolatedTrainer(const IsolatedTrainer&) = delete;
  IsolatedTrainer& operator=(const IsolatedTrainer&) = delete;

  /// Sets what all trainings have in common; call once before the first. The problem must outlive
  /// this.
  void prepare(const Problem& problem, const Limits& limits);

  /// Trains and scores. What goes wrong becomes the evaluation's failure. `poll` is called some
  /// fifty times a second meanwhile, and may throw to abandon the training. Throws SupervisorLost.
  Evaluation train(const Task& task, const std::function<void()>& poll);

 private:
  enum class Late { no, computing, asleep };
  struct Outcome {
    std::optional<Evaluation> evaluation;  // or:
    Late late = Late::no;
    int status = 0;  // of the trainer's end, as waitpid() says it
  };
  class Watch;
  Outcome try_once(const Task& task, bool last_try, const std::function<void()>& poll);
  std::string reason_of(const Outcome& outcome) const;
  double flops_of(const Task& task) const;
  double deadline_of(double flops, bool last_try) const;
  void start_trainer();
  int end_trainer();

  int supervisor_, supervisor_socket_;
  int trainer_ = -1;  // the socket to it, if there is one
  int trainer_process_ = -1;
  const Problem* problem_ = nullptr;
  Limits limits_;
  // Processor time: seconds per floating-point operation (0: nothing trained yet), and of a
  // training.
  double slowest_ = 0, longest_ = 0.1;
};

}  // namespace microgpt::cluster
