#pragma once

#include <boost/mpi.hpp>
#include <chrono>
#include <functional>
#include <vector>

namespace microgpt::cluster {

/// Messages between the coordinator of a group and its workers that detect hosts which fall silent.
/// Call tick() again and again wherever a rank waits or trains. Whoever has heard nothing for too
/// long ends the job on all ranks: MPI cannot go on without one.
class Heartbeat {
 public:
  explicit Heartbeat(const boost::mpi::communicator& group);
  void tick();
  /// What tick() does besides.
  void also(std::function<void()> body) { also_ = std::move(body); }

 private:
  using Clock = std::chrono::steady_clock;
  bool coordinates() const { return group_.rank() == 0; }
  void beat(Clock::time_point now);
  void listen(Clock::time_point now);
  void require_alive(Clock::time_point now) const;

  boost::mpi::communicator group_;
  Clock::time_point last_tick_, last_beat_;
  std::vector<Clock::time_point> heard_;  // by rank; of a worker, of rank 0 alone
  std::vector<bool> begun_;               // whether that was a message
  std::function<void()> also_;
};

}  // namespace microgpt::cluster
