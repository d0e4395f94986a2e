#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <thread>

#include "messages.hpp"
#include "microgpt/core/clock.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/stop.hpp"
#include "ranks.hpp"

namespace microgpt::cluster {

namespace {

/// Sends a task to whoever is free, the one with the lowest rank first.
class DynamicEvaluator final : public Evaluator {
 public:
  DynamicEvaluator(const boost::mpi::communicator& group, Heartbeat& pulse)
      : group_(group), pulse_(pulse) {
    for (int rank = group_.size() - 1; rank > 0; --rank) free_.push_back(rank);
    for (int rank = 1; rank < group_.size(); ++rank) running_.push_back({.rank = rank, .task = {}});
  }

  ~DynamicEvaluator() override {
    for (int rank = 1; rank < group_.size(); ++rank) {
      group_.send(rank, kOrderTag, WorkOrder{.dismissed = true, .task = {}});
    }
  }

  void submit(std::span<const Task> tasks) override {
    pulse_.tick();  // also while all results come from elsewhere, or are always there
    for (const Task& task : tasks) queue_.emplace(task.rank, task);
    hand_out();
  }

  TimedResult wait() override {
    require(pending() > 0, "waiting for a result, but nothing was submitted");
    TimedResult result = receive();
    hand_out();
    return result;
  }

  /// While somebody trains it is wait() that stops, when what has arrived is taken.
  void poll() override {
    pulse_.tick();
    if (under_way() == 0) throw_if_stop_requested();
  }

  std::size_t pending() const override { return queue_.size() + under_way(); }
  std::size_t idle() const override { return queue_.empty() ? free_.size() : 0; }
  std::vector<Running> running() const override { return running_; }

 private:
  std::size_t under_way() const {
    return static_cast<std::size_t>(group_.size()) - 1 - free_.size();
  }

  Running& running_of(int rank) { return running_[static_cast<std::size_t>(rank) - 1]; }

  void hand_out() {
    if (stop_requested() != Stop::none) return;
    while (!queue_.empty() && !free_.empty()) {
      const auto first = queue_.begin();
      group_.send(free_.back(), kOrderTag, WorkOrder{.has_task = true, .task = first->second});
      running_of(free_.back()) = {
          .rank = free_.back(), .task = first->second, .since = seconds_since_1970()};
      free_.pop_back();
      queue_.erase(first);
    }
  }

  TimedResult receive() {
    const int worker = wait_with_backoff(group_, boost::mpi::any_source, kReportTag, [&] {
                         pulse_.tick();
                       }).source();
    WorkReport report;
    group_.recv(worker, kReportTag, report);
    free_.push_back(worker);
    running_of(worker).task.reset();
    return std::move(report.result);
  }

  boost::mpi::communicator group_;
  Heartbeat& pulse_;
  std::multimap<double, Task> queue_;  // by rank; equals in the order of submission
  std::vector<int> free_;
  std::vector<Running> running_;  // by rank in the group
};

/// Scatters tasks and gathers results, as many at a time as there are workers.
class WaveEvaluator final : public Evaluator {
 public:
  explicit WaveEvaluator(const boost::mpi::communicator& group) : group_(group) {}

  ~WaveEvaluator() override {
    std::vector<WorkOrder> orders(ranks(), WorkOrder{.dismissed = true, .task = {}});
    WorkOrder own;
    boost::mpi::scatter(group_, orders, own, 0);
  }

  void submit(std::span<const Task> tasks) override {
    queue_.insert(queue_.end(), tasks.begin(), tasks.end());
  }

  TimedResult wait() override {
    require(pending() > 0, "waiting for a result, but nothing was submitted");
    if (ready_.empty()) {
      throw_if_stop_requested();
      run_wave();
    }
    TimedResult result = std::move(ready_.front());
    ready_.pop_front();
    return result;
  }

  void poll() override { throw_if_stop_requested(); }

  std::size_t pending() const override { return queue_.size() + ready_.size(); }

 private:
  std::size_t ranks() const { return static_cast<std::size_t>(group_.size()); }

  void run_wave() {
    std::vector<WorkOrder> orders(ranks());
    for (std::size_t rank = 1; rank < ranks() && !queue_.empty(); ++rank) {
      orders[rank] = {.has_task = true, .task = queue_.front()};
      queue_.pop_front();
    }
    WorkOrder own_order;
    boost::mpi::scatter(group_, orders, own_order, 0);
    std::vector<WorkReport> reports;
    boost::mpi::gather(group_, WorkReport{}, reports, 0);
    for (WorkReport& report : reports) {
      if (report.has_result) ready_.push_back(std::move(report.result));
    }
  }

  boost::mpi::communicator group_;
  std::deque<Task> queue_;
  std::deque<TimedResult> ready_;
};

}  // namespace

boost::mpi::status wait_with_backoff(const boost::mpi::communicator& world, int source, int tag,
                                     const std::function<void()>& on_idle) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::microseconds kShortest(20), kLongest(500);
  constexpr int kLooks = 100;  // before the first sleep: an answer often follows at once
  const Clock::time_point begin = Clock::now();
  for (int look = 1;; ++look) {
    if (const auto status = world.iprobe(source, tag)) return *status;
    if (look < kLooks) continue;
    throw_if_stop_requested();
    on_idle();
    const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
    std::this_thread::sleep_for(std::clamp(waited / 64, kShortest, kLongest));
  }
}

std::unique_ptr<Evaluator> dynamic_evaluator(const boost::mpi::communicator& group,
                                             Heartbeat& pulse) {
  return std::make_unique<DynamicEvaluator>(group, pulse);
}

std::unique_ptr<Evaluator> wave_evaluator(const boost::mpi::communicator& group) {
  return std::make_unique<WaveEvaluator>(group);
}

}  // namespace microgpt::cluster
