#include <unistd.h>

#include <array>
#include <chrono>
#include <deque>
#include <exception>

#include "microgpt/cluster/nursery.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/stop.hpp"
#include "timed_evaluation.hpp"

namespace microgpt {

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
    if (const Stop reason = stop_requested(); reason != Stop::none) throw Stopped{reason};
    const Task task = waiting_.front();
    waiting_.pop_front();
    return timed_evaluation(task, function_, 0);
  }
  std::size_t pending() const override { return waiting_.size(); }

 private:
  EvaluateFunction function_;
  std::deque<Task> waiting_;
};

}  // namespace

double seconds_now() {
  const auto since_start = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since_start).count();
}

TimedResult timed_evaluation(const Task& task, const EvaluateFunction& function, int rank) {
  TimedResult timed;
  timed.result.id = task.id;
  timed.result.replicate = task.replicate;
  timed.timing = {.id = task.id,
                  .replicate = task.replicate,
                  .rank = rank,
                  .host = host_name(),
                  .start = seconds_now()};
  const auto begin = std::chrono::steady_clock::now();
  try {
    timed.result.evaluation = function(task);
  } catch (const NurseryLost&) {  // no organism's fault
    throw;
  } catch (const std::exception& error) {
    timed.result.evaluation = {};
    timed.result.evaluation.failure = error.what();
  }
  const auto took = std::chrono::steady_clock::now() - begin;
  timed.timing.seconds = std::chrono::duration<double>(took).count();
  return timed;
}

std::unique_ptr<Evaluator> local_evaluator(EvaluateFunction function) {
  return std::make_unique<LocalEvaluator>(std::move(function));
}

}  // namespace microgpt
