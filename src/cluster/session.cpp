#include "microgpt/cluster/session.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "messages.hpp"
#include "microgpt/core/error.hpp"
#include "ranks.hpp"

namespace microgpt {

namespace {

/// Whether mpirun or srun started this process. Without them MPI is left alone: starting it would
/// cost a second and a daemon, for nothing.
bool started_by_launcher() {
  constexpr std::array kVariables = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
  return std::any_of(kVariables.begin(), kVariables.end(),
                     [](const char* variable) { return std::getenv(variable) != nullptr; });
}

}  // namespace

Session::Session(int& argc, char**& argv) {
  if (started_by_launcher()) ranks_ = std::make_unique<Ranks>(argc, argv);
}

Session::~Session() = default;

int Session::rank() const { return ranks_ ? ranks_->world.rank() : 0; }

int Session::size() const { return ranks_ ? ranks_->world.size() : 1; }

void Session::share(std::optional<Problem>& problem) {
  if (size() == 1) return;
  bool there = problem.has_value();
  boost::mpi::broadcast(ranks_->world, there, 0);
  if (!there) {
    problem.reset();
    return;
  }
  if (!problem) problem.emplace();
  boost::mpi::broadcast(ranks_->world, *problem, 0);
}

std::string_view name(Schedule schedule) {
  return schedule == Schedule::dynamic ? "dynamic" : "scatter";
}

Schedule schedule_from(std::string_view text) {
  for (const Schedule schedule : {Schedule::dynamic, Schedule::scatter}) {
    if (name(schedule) == text) return schedule;
  }
  fail("schedule ({}) must be dynamic or scatter", text);
}

std::unique_ptr<Evaluator> Session::coordinate(EvaluateFunction function, Schedule schedule) {
  if (size() == 1) return local_evaluator(std::move(function));
  return schedule == Schedule::dynamic ? dynamic_evaluator(ranks_->world)
                                       : wave_evaluator(ranks_->world);
}

void Session::work(const EvaluateFunction& function, Schedule schedule) {
  if (schedule == Schedule::dynamic) {
    work_on_demand(ranks_->world, function);
  } else {
    work_in_waves(ranks_->world, function);
  }
}

}  // namespace microgpt
