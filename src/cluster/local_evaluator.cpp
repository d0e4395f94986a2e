#include <unistd.h>

#include <array>
#include <chrono>
#include <deque>

#include "microgpt/core/clock.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/stop.hpp"
#include "timed_evaluation.hpp"

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
  TimedResult wait() override {
    require(!waiting_.empty(), "waiting for a result, but nothing was submitted");
    throw_if_stop_requested();
    const Task task = waiting_.front();
    waiting_.pop_front();
    running_ = {.rank = 0, .task = task, .since = seconds_since_1970()};
    const TimedResult result = timed_evaluation(task, function_, 0);
    running_.task.reset();
    return result;
  }
  void poll() override { throw_if_stop_requested(); }
  std::size_t pending() const override {
    return waiting_.size() + (running_.task.has_value() ? 1 : 0);
  }
  std::vector<Running> running() const override { return {running_}; }

 private:
  EvaluateFunction function_;
  std::deque<Task> waiting_;
  Running running_;
};

}  // namespace

TimedResult timed_evaluation(const Task& task, const EvaluateFunction& function, int rank) {
  TimedResult timed;
  timed.result.id = task.id;
  timed.result.replicate = task.replicate;
  timed.timing = {.id = task.id,
                  .replicate = task.replicate,
                  .rank = rank,
                  .host = host_name(),
                  .start = seconds_since_1970()};
  const auto begin = std::chrono::steady_clock::now();
  timed.result.evaluation = guarded_evaluation([&] { return function(task); });
  const auto took = std::chrono::steady_clock::now() - begin;
  timed.timing.seconds = std::chrono::duration<double>(took).count();
  return timed;
}

std::unique_ptr<Evaluator> local_evaluator(EvaluateFunction function) {
  return std::make_unique<LocalEvaluator>(std::move(function));
}

}  // namespace microgpt::cluster
