#include "microgpt/cluster/nursery.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include "keeper.hpp"
#include "local_process.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt {

namespace {

using Clock = std::chrono::steady_clock;

/// Signals by which a program dies of itself; all others come from outside.
bool by_itself(int signal) {
  constexpr std::array kOwn = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
  return std::ranges::find(kOwn, signal) != kOwn.end();
}

void require_keeper(bool there) {
  if (!there) throw NurseryLost{};
}

void ask(int keeper, Request request) { require_keeper(send_all(keeper, &request, 1)); }

}  // namespace

Nursery::Nursery() {
  const ChildProcess keeper = fork_child(keep);
  keeper_ = keeper.id;
  keeper_socket_ = keeper.socket;
}

Nursery::~Nursery() {
  if (trainer_ >= 0) close(trainer_);
  close(keeper_socket_);  // the keeper sees it, and goes
  waitpid(keeper_, nullptr, 0);
}

void Nursery::prepare(const Problem& problem, const Limits& limits) {
  problem_ = &problem;
  limits_ = limits;
  ask(keeper_socket_, Request::prepare);
  require_keeper(send_frame(
      keeper_socket_,
      TrainingSetup{.problem = problem, .memory_mb = limits.memory_mb, .faults = limits.faults}));
}

void Nursery::start_trainer() {
  ask(keeper_socket_, Request::start);
  const std::optional<ChildProcess> trainer = receive_child(keeper_socket_);
  require_keeper(trainer.has_value());
  trainer_ = trainer->socket;
  trainer_process_ = trainer->id;
}

int Nursery::end_trainer() {
  close(trainer_);
  trainer_ = -1;
  int status = 0;
  ask(keeper_socket_, Request::end);
  require_keeper(receive_all(keeper_socket_, &status, sizeof status));
  return status;
}

/// Everything that a task takes, in floating-point operations: training, judging, and looking
/// through the dataset a few times.
double Nursery::flops_of(const Task& task) const {
  constexpr double kPerToken = 100;
  const Dataset& data = problem_->dataset;
  const std::size_t tokens =
      data.training.tokens().size() + data.validation.tokens().size() + data.test.tokens().size();
  return task.flops + judging_flops(task.genome, *problem_, task.replicate) +
         kPerToken * static_cast<double>(tokens);
}

double Nursery::deadline_of(double flops, bool last_try) const {
  // A core that is a hundred times slower than those of today: the verdict on a genome must not
  // depend on the processor that it happened to meet.
  constexpr double kSlowest = 1e-8, kLeastSeconds = 1;
  const double seconds_per_flop = last_try || slowest_ == 0 ? kSlowest : slowest_;
  const double predicted = std::max(flops * seconds_per_flop, longest_);
  return std::max(kLeastSeconds, limits_.deadline_factor * predicted);
}

/// Watches over the trainer of one task.
class Nursery::Watch {
 public:
  Watch(pid_t trainer, double deadline, double patience)
      : trainer_(trainer), deadline_(deadline), patience_(patience) {}

  /// Processor time since the beginning.
  double cpu_seconds() const { return cpu_seconds_of(trainer_) - begin_; }

  /// To be called again and again. Only processor time counts against the deadline, and only sleep
  /// that was seen against the patience: neither a loaded machine, nor a trainer or a whole job
  /// that is suspended for a while, makes a training late.
  Late look() {
    const double cpu = cpu_seconds();
    const Clock::time_point now = Clock::now();
    const double since =
        std::chrono::duration<double>(now - std::exchange(last_look_, now)).count();
    const bool idle = cpu == std::exchange(last_cpu_, cpu) && is_asleep(trainer_);
    asleep_ = idle ? asleep_ + std::min(since, kLongestLook) : 0;
    if (asleep_ > patience_) return Late::asleep;
    return cpu > deadline_ ? Late::computing : Late::no;
  }

 private:
  static constexpr double kLongestLook = 0.1;  // longer ones: the watch itself was suspended
  pid_t trainer_;
  double deadline_, patience_;  // seconds
  double begin_ = cpu_seconds_of(trainer_), last_cpu_ = 0, asleep_ = 0;
  Clock::time_point last_look_ = Clock::now();
};

/// The evaluation, or how the trainer ended.
auto Nursery::try_once(const Task& task, bool last_try, const std::function<void()>& look_up)
    -> Outcome {
  constexpr int kMilliseconds = 20;
  // One that was killed while it had nothing to do is no failure of this task.
  if (trainer_ >= 0 && readable(trainer_, 0)) end_trainer();
  if (trainer_ < 0) start_trainer();
  const double flops = flops_of(task), factor = limits_.deadline_factor;
  Watch watch(trainer_process_, deadline_of(flops, last_try), std::max(1.0, factor * 0.1));
  send_frame(trainer_, task);  // if that fails, the trainer has died
  while (!readable(trainer_, kMilliseconds)) {
    const Late late = factor == 0 ? Late::no : watch.look();
    if (late != Late::no) {
      end_trainer();
      return {.evaluation = std::nullopt, .late = late};
    }
    try {
      look_up();
    } catch (...) {
      end_trainer();
      throw;
    }
  }
  const double cpu_seconds = watch.cpu_seconds();
  std::optional<Evaluation> evaluation = receive_frame<Evaluation>(trainer_);
  if (!evaluation) return {.evaluation = std::nullopt, .status = end_trainer()};
  if (!evaluation->failed()) {
    slowest_ = std::max(slowest_, cpu_seconds / flops);
    longest_ = std::max(longest_, cpu_seconds);
  }
  // What is left of a training would count as memory of the next one.
  if (limits_.memory_mb > 0) end_trainer();
  return {.evaluation = std::move(evaluation)};
}

Evaluation Nursery::train(const Task& task, const std::function<void()>& look_up) {
  for (unsigned tries = 1;; ++tries) {
    const bool last_try = tries > limits_.retries;
    const Outcome outcome = try_once(task, last_try, look_up);
    if (outcome.evaluation) return *outcome.evaluation;
    const int signal = WIFSIGNALED(outcome.status) ? WTERMSIG(outcome.status) : 0;
    const bool from_outside = outcome.late != Late::no || (signal != 0 && !by_itself(signal));
    if (from_outside && !last_try) continue;
    return failed_evaluation(reason_of(outcome) +
                             (tries > 1 ? fmt::format(" ({} tries)", tries) : ""));
  }
}

std::string Nursery::reason_of(const Outcome& outcome) const {
  if (outcome.late == Late::asleep) return "the training hung";
  if (outcome.late == Late::computing) {
    return fmt::format("not finished in {:g} times the processor time predicted",
                       limits_.deadline_factor);
  }
  if (WIFSIGNALED(outcome.status)) {
    return fmt::format("the training was killed by SIG{}", sigabbrev_np(WTERMSIG(outcome.status)));
  }
  return fmt::format("the training ended its process with code {}", WEXITSTATUS(outcome.status));
}

}  // namespace microgpt
