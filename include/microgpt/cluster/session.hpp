#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt {

/// What a worker does with a task.
using EvaluateFunction = std::function<Evaluation(const Task&)>;

/// How rank 0 hands out tasks.
enum class Schedule {
  dynamic,  ///< the longest first, to whoever is free
  scatter   ///< in waves of collective scatter and gather, one task for each worker
};

std::string_view name(Schedule schedule);
/// Throws Error unless the name is dynamic or scatter.
Schedule schedule_from(std::string_view name);

/// Evaluates in this process, one task after another.
std::unique_ptr<Evaluator> local_evaluator(EvaluateFunction function);

/// The ranks that run this program together: those of mpirun or srun, or this process alone if it
/// was started without either. Rank 0 coordinates, the others work.
///
/// All members are collective: every rank calls them in the same order. Errors of MPI end the job.
class Session {
 public:
  /// Joins the ranks; call once, first thing in main.
  Session(int& argc, char**& argv);
  /// Leaves them; if an exception is on its way, it ends the job on all ranks.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  int rank() const;
  int size() const;
  bool is_coordinator() const { return rank() == 0; }

  /// Gives rank 0's problem to all ranks. If rank 0 has none, because it could not be set up, then
  /// nobody has one afterwards, and every rank should leave.
  void share(std::optional<Problem>& problem);

  /// On rank 0: hands tasks to the workers, and dismisses them when it is destroyed. With one rank
  /// only, evaluates in this process.
  std::unique_ptr<Evaluator> coordinate(EvaluateFunction function, Schedule schedule);

  /// On the other ranks, with the same schedule: evaluates what comes in until dismissed.
  void work(const EvaluateFunction& function, Schedule schedule);

 private:
  struct Ranks;
  std::unique_ptr<Ranks> ranks_;  // none without MPI
};

}  // namespace microgpt
