#include "heartbeat.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "messages.hpp"

namespace microgpt::cluster {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A worker may be missed soon: it does nothing but wait and tick. Rank 0 may breed for a while.
constexpr seconds kSilenceOfWorker(10), kSilenceOfCoordinator(60);
// At first a worker hands the dataset to its trainer, which takes long if that is a gigabyte.
constexpr seconds kSilenceAtFirst(180);
constexpr seconds kBeatOfWorker(1), kBeatOfCoordinator(5);
constexpr milliseconds kBetweenTicks(200);

}  // namespace

Heartbeat::Heartbeat(const boost::mpi::communicator& group)
    : group_(group),
      last_tick_(Clock::now()),
      last_beat_(last_tick_),
      heard_(static_cast<std::size_t>(group.rank() == 0 ? group.size() : 1), last_tick_),
      begun_(heard_.size()) {}

void Heartbeat::tick() {
  if (also_) also_();
  const Clock::time_point now = Clock::now();
  if (now - last_tick_ < kBetweenTicks) return;
  // A rank that was itself stopped or busy cannot tell whether others were silent.
  if (now - last_tick_ > seconds(1)) std::fill(heard_.begin(), heard_.end(), now);
  last_tick_ = now;
  beat(now);
  listen(now);
  require_alive(now);
}

void Heartbeat::beat(Clock::time_point now) {
  if (now - last_beat_ < (coordinates() ? kBeatOfCoordinator : kBeatOfWorker)) return;
  last_beat_ = now;
  if (!coordinates()) return group_.send(0, kHeartbeatTag);
  for (int worker = 1; worker < group_.size(); ++worker) group_.send(worker, kHeartbeatTag);
}

void Heartbeat::listen(Clock::time_point now) {
  while (const auto status = group_.iprobe(boost::mpi::any_source, kHeartbeatTag)) {
    group_.recv(status->source(), kHeartbeatTag);
    const auto source = static_cast<std::size_t>(status->source());
    heard_[source] = now;
    begun_[source] = true;
  }
}

void Heartbeat::require_alive(Clock::time_point now) const {
  for (std::size_t rank = coordinates() ? 1 : 0; rank < heard_.size(); ++rank) {
    const seconds patience = !coordinates() ? kSilenceOfCoordinator
                             : begun_[rank] ? kSilenceOfWorker
                                            : kSilenceAtFirst;
    if (now - heard_[rank] < patience) continue;
    const std::string line =
        fmt::format("rank {} of the group has been silent for {} s; the run ends here\n", rank,
                    patience.count());
    std::fputs(line.c_str(), stderr);  // fmt::print would throw where it is closed
    boost::mpi::environment::abort(1);
  }
}

}  // namespace microgpt::cluster
