#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/island_channel.hpp"
#include "microgpt/evolution/objective.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::cluster {

/// What a worker does with a task. A training that fails is an evaluation that says so; what is
/// thrown ends the work.
using EvaluateFunction = std::function<Evaluation(const Task&)>;

/// What rank 0 broadcasts before the search.
struct RunSpec {
  std::vector<std::string> arguments;  ///< of the command line, as they are now in force
  std::optional<Problem> problem;      ///< none: there is nothing to do, and every rank leaves
  SearchSpace space;
  std::string folder;          ///< of the run
  std::string journal_header;  ///< the first record of its journals
  int exit_code = 2;           ///< of those that leave
};

/// How rank 0 hands out tasks.
enum class Schedule {
  dynamic,  ///< the longest first, to whoever is free
  scatter   ///< in waves of collective scatter and gather, one task for each worker
};

constexpr auto enum_names(Schedule) {
  return enum_table<Schedule>("schedule",
                              {{Schedule::dynamic, "dynamic"}, {Schedule::scatter, "scatter"}});
}

/// Thrown on all ranks but the first where that one throws an Error for all of them.
struct Refused {};

/// Evaluates in this process, one task after another.
std::unique_ptr<Evaluator> local_evaluator(EvaluateFunction function);

/// The ranks that run this program together: those of mpirun or srun, or this process alone if it
/// was started without either. Rank 0 coordinates, the others work; with several islands there are
/// groups of ranks, each with a coordinator of its own.
///
/// All members are collective: every rank calls them in the same order. Errors of MPI end the job.
class Session {
 public:
  /// Joins the ranks; call once, first thing in main. Throws Error, or Refused, if a launcher has
  /// started several processes that MPI did not connect.
  Session(int& argc, char**& argv);
  /// Leaves them; if an exception is on its way, it ends the job on all ranks.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Throws Error on rank 0, and Refused on the others, unless `program` (its name and version) is
  /// the same on all ranks. To be called before any other message.
  void require_same_program(std::string_view program);

  /// Of a worker: its place among those on its host, from 0. Known after form_groups().
  std::size_t slot() const { return slot_; }

  int rank() const;
  int size() const;
  /// Whether this is rank 0, which does all input and output.
  bool is_first() const { return rank() == 0; }

  /// Splits the ranks into as many groups as there are islands, or as many as have at least two
  /// ranks each. Until then all are one group.
  void form_groups(std::size_t islands);
  /// Whether this rank coordinates its group.
  bool is_coordinator() const;
  /// Of a coordinator: the islands that it breeds.
  std::vector<std::size_t> islands() const;
  /// How many groups there are, and, of a coordinator, which this is, from 0.
  std::size_t groups() const { return group_count_; }
  std::size_t group() const;
  /// Ranks that train, over all groups.
  std::size_t workers() const;

  /// Gives rank 0's specification of the run to all ranks.
  void share(RunSpec& spec);

  /// Of a coordinator: hands tasks to the workers of its group, and dismisses them when it is
  /// destroyed. With one rank only, evaluates in this process.
  std::unique_ptr<Evaluator> coordinate(EvaluateFunction function, Schedule schedule);

  /// Of a coordinator: how it reaches the others. Null if there are none.
  std::unique_ptr<IslandChannel> island_channel();

  /// To be called again and again during a training. On a worker it sends heartbeats, and
  /// throws if the worker is dismissed; where a process trains for itself it throws Stopped if the
  /// process should stop.
  void poll();

  /// What this rank is to do again and again, many times a second, while it waits or trains. To be
  /// said after form_groups().
  void on_idle(std::function<void()> body);

  /// Ends the job on all ranks at once, with this exit code.
  [[noreturn]] void abort(int exit_code);

  /// Of the other ranks, with the same schedule: evaluates what comes in until dismissed.
  void work(const EvaluateFunction& function, Schedule schedule);

 private:
  std::size_t workers_before_me_here() const;
  struct Ranks;
  std::unique_ptr<Ranks> ranks_;  // none without MPI
  std::size_t island_count_ = 1, group_count_ = 1, slot_ = 0;
  std::function<void()> on_idle_;  // of a process without ranks
  bool works_ = false;             // for a coordinator
};

}  // namespace microgpt::cluster
