#pragma once

#include <boost/mpi.hpp>
#include <functional>

#include "heartbeat.hpp"
#include "microgpt/cluster/session.hpp"

namespace microgpt::cluster {

struct Session::Ranks {
  Ranks(int& argc, char**& argv) : environment(argc, argv) {}
  boost::mpi::environment environment;
  boost::mpi::communicator world;
  boost::mpi::communicator group = world;  // its first rank coordinates, the others work
  boost::mpi::communicator coordinators;   // of all groups; only coordinators have it
  std::optional<Heartbeat> heartbeat;      // of the group
};

/// The coordinator's side of both schedules.
std::unique_ptr<Evaluator> dynamic_evaluator(const boost::mpi::communicator& group,
                                             Heartbeat& heartbeat);
std::unique_ptr<Evaluator> wave_evaluator(const boost::mpi::communicator& group,
                                          Heartbeat& heartbeat);

/// A worker's side of both: returns when dismissed.
/// `rank` is the one that its timings bear.
void work_on_demand(const boost::mpi::communicator& group, const EvaluateFunction& function,
                    int rank, Heartbeat& heartbeat);
void work_in_waves(const boost::mpi::communicator& group, const EvaluateFunction& function,
                   int rank, Heartbeat& heartbeat);

/// Between the coordinators: that of island i is rank i modulo their number.
std::unique_ptr<IslandChannel> rank_channel(const boost::mpi::communicator& coordinators,
                                            Heartbeat& heartbeat);

/// Waits for a message without keeping a core busy, as Open MPI's blocking calls would: probes for
/// it, and sleeps in between for a 64th of the time that it has waited, at least 20 microseconds
/// and at most half a millisecond. Calls `on_idle` between two probes. Throws Stopped if there is
/// no message and the process should stop.
boost::mpi::status wait_with_backoff(
    const boost::mpi::communicator& world, int source, int tag,
    const std::function<void()>& on_idle = [] {});

/// Thrown on a worker that is dismissed while it works.
struct Dismissed {};

}  // namespace microgpt::cluster
