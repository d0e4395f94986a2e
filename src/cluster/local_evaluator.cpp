#include <unistd.h>

#include <array>
#include <chrono>
#include <deque>

#include "microgpt/core/clock.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/stop.hpp"
#include "run_trial.hpp"

namespace microgpt::cluster {

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

class LocalEvaluator final : public Evaluator {
 public:
  explicit LocalEvaluator(EvaluateFunction function) : function_(std::move(function)) {}

  void submit(std::span<const Task> tasks) override {
    waiting_.insert(waiting_.end(), tasks.begin(), tasks.end());
  }
  Trial wait() override {
    require(!waiting_.empty(), "waiting for a result, but nothing was submitted");
    throw_if_stop_requested();
    const Task task = waiting_.front();
    waiting_.pop_front();
    state_ = {.rank = 0, .task = task, .since = seconds_since_1970()};
    const Trial trial = run_trial(task, function_, 0);
    state_.task.reset();
    return trial;
  }
  void poll() override { throw_if_stop_requested(); }
  std::size_t pending() const override {
    return waiting_.size() + (state_.task.has_value() ? 1 : 0);
  }
  std::vector<WorkerState> workers() const override { return {state_}; }

 private:
  EvaluateFunction function_;
  std::deque<Task> waiting_;
  WorkerState state_;
};

}  // namespace

Trial run_trial(const Task& task, const EvaluateFunction& function, int rank) {
  const double start = seconds_since_1970();
  const auto begin = std::chrono::steady_clock::now();
  Evaluation evaluation = function(task);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return {.task = task,
          .evaluation = std::move(evaluation),
          .timing = {.rank = rank, .host = host_name(), .start = start, .seconds = took.count()}};
}

std::unique_ptr<Evaluator> local_evaluator(EvaluateFunction function) {
  return std::make_unique<LocalEvaluator>(std::move(function));
}

}  // namespace microgpt::cluster
