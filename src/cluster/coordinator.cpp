#include <algorithm>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <thread>

#include "messages.hpp"
#include "microgpt/core/clock.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/stop.hpp"
#include "ranks.hpp"

namespace microgpt::cluster {

namespace {

/// What all coordinators of workers have in common.
class GroupEvaluator : public Evaluator {
 public:
  GroupEvaluator(const boost::mpi::communicator& group, Heartbeat& heartbeat)
      : group_(group), heartbeat_(heartbeat) {
    for (int rank = 1; rank < group_.size(); ++rank) workers_.push_back({.rank = rank});
  }

  std::vector<WorkerState> workers() const override { return workers_; }

  /// While somebody trains it is wait() that stops, when what has arrived is taken.
  void poll() override {
    heartbeat_.tick();
    if (busy() == 0) throw_if_stop_requested();
  }

 protected:
  /// Workers that have a task.
  std::size_t busy() const { return busy_; }

  void begin(int rank, const Task& task) {
    worker(rank) = {.rank = rank, .task = task, .since = seconds_since_1970()};
    ++busy_;
  }

  /// The worker that has a report ready; it is idle from now on.
  int wait_for_report() {
    const int rank = wait_with_backoff(group_, boost::mpi::any_source, kReportTag, [&] {
                       heartbeat_.tick();
                     }).source();
    if (worker(rank).task) --busy_;
    worker(rank).task.reset();
    return rank;
  }

  boost::mpi::communicator group_;
  Heartbeat& heartbeat_;

 private:
  WorkerState& worker(int rank) { return workers_[static_cast<std::size_t>(rank) - 1]; }

  std::vector<WorkerState> workers_;  // by rank in the group
  std::size_t busy_ = 0;              // of them: it is asked for at every step
};

/// Sends a task to whoever is free, the one with the highest priority first.
class DynamicEvaluator final : public GroupEvaluator {
 public:
  DynamicEvaluator(const boost::mpi::communicator& group, Heartbeat& heartbeat)
      : GroupEvaluator(group, heartbeat) {
    for (int rank = group_.size() - 1; rank > 0; --rank) free_.push_back(rank);
  }

  ~DynamicEvaluator() override {
    for (int rank = 1; rank < group_.size(); ++rank) {
      group_.send(rank, kOrderTag, WorkOrder{.dismissed = true});
    }
  }

  void submit(std::span<const Task> tasks) override {
    heartbeat_.tick();  // also while all results come from elsewhere, or are always there
    for (const Task& task : tasks) queue_.emplace(task.priority, task);
    hand_out();
  }

  Trial wait() override {
    require(pending() > 0, "waiting for a result, but nothing was submitted");
    const int rank = wait_for_report();
    WorkReport report;
    group_.recv(rank, kReportTag, report);
    free_.push_back(rank);
    hand_out();
    return std::move(report.trial);
  }
  bool is_ready() override {
    return busy() > 0 && group_.iprobe(boost::mpi::any_source, kReportTag).has_value();
  }

  std::size_t pending() const override { return queue_.size() + busy(); }
  std::size_t idle() const override { return queue_.empty() ? free_.size() : 0; }

 private:
  void hand_out() {
    if (stop_requested() != Stop::none) return;
    while (!queue_.empty() && !free_.empty()) {
      const auto first = queue_.begin();
      const int rank = free_.back();
      group_.send(rank, kOrderTag, WorkOrder{.has_task = true, .task = first->second});
      begin(rank, first->second);
      free_.pop_back();
      queue_.erase(first);
    }
  }

  // By priority; equals in the order of submission.
  std::multimap<double, Task, std::greater<>> queue_;
  std::vector<int> free_;
};

/// Scatters tasks and gathers results, as many at a time as there are workers.
class WaveEvaluator final : public GroupEvaluator {
 public:
  using GroupEvaluator::GroupEvaluator;

  ~WaveEvaluator() override { announce(Wave::over); }

  void submit(std::span<const Task> tasks) override {
    heartbeat_.tick();
    queue_.insert(queue_.end(), tasks.begin(), tasks.end());
  }

  Trial wait() override {
    require(pending() > 0, "waiting for a result, but nothing was submitted");
    if (ready_.empty()) {
      throw_if_stop_requested();
      run_wave();
    }
    Trial trial = std::move(ready_.front());
    ready_.pop_front();
    return trial;
  }
  bool is_ready() override { return !ready_.empty(); }

  std::size_t pending() const override { return queue_.size() + ready_.size() + busy(); }

 private:
  void announce(Wave wave) {
    for (int rank = 1; rank < group_.size(); ++rank) group_.send(rank, kOrderTag, wave);
  }

  void run_wave() {
    announce(Wave::scatter);
    std::vector<WorkOrder> orders(static_cast<std::size_t>(group_.size()));
    for (int rank = 1; rank < group_.size() && !queue_.empty(); ++rank) {
      begin(rank, queue_.front());
      orders[static_cast<std::size_t>(rank)] = {.has_task = true, .task = queue_.front()};
      queue_.pop_front();
    }
    WorkOrder own_order;
    boost::mpi::scatter(group_, orders, own_order, 0);
    for (int done = 1; done < group_.size(); ++done) group_.recv(wait_for_report(), kReportTag);
    announce(Wave::gather);
    std::vector<WorkReport> reports;
    boost::mpi::gather(group_, WorkReport{}, reports, 0);
    for (WorkReport& report : reports) {
      if (report.has_trial) ready_.push_back(std::move(report.trial));
    }
  }

  std::deque<Task> queue_;
  std::deque<Trial> ready_;
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
                                             Heartbeat& heartbeat) {
  return std::make_unique<DynamicEvaluator>(group, heartbeat);
}

std::unique_ptr<Evaluator> wave_evaluator(const boost::mpi::communicator& group,
                                          Heartbeat& heartbeat) {
  return std::make_unique<WaveEvaluator>(group, heartbeat);
}

}  // namespace microgpt::cluster
