#include "microgpt/cluster/isolation/isolated_trainer.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

#include "child_process.hpp"
#include "frames.hpp"
#include "microgpt/core/error.hpp"
#include "supervisor.hpp"

namespace microgpt::cluster {

namespace {

using Clock = std::chrono::steady_clock;

/// Signals that a program causes itself; all others come from outside.
bool by_itself(int signal) {
  constexpr std::array kOwn = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
  return std::ranges::find(kOwn, signal) != kOwn.end();
}

void require_supervisor(bool there) {
  if (!there) throw SupervisorLost{};
}

void ask(int supervisor, Request request) { require_supervisor(send_all(supervisor, &request, 1)); }

}  // namespace

IsolatedTrainer::IsolatedTrainer() {
  const ChildProcess supervisor = fork_child(supervise);
  supervisor_ = supervisor.id;
  supervisor_socket_ = supervisor.socket;
}

IsolatedTrainer::~IsolatedTrainer() {
  if (trainer_ >= 0) close(trainer_);
  close(supervisor_socket_);  // the supervisor sees it, and exits
  waitpid(supervisor_, nullptr, 0);
}

void IsolatedTrainer::prepare(const Problem& problem, const Limits& limits) {
  problem_ = &problem;
  limits_ = limits;
  ask(supervisor_socket_, Request::prepare);
  require_supervisor(
      send_frame(supervisor_socket_,
                 TrainingSetup<const Problem&>{
                     .problem = problem, .memory_mb = limits.memory_mb, .faults = limits.faults}));
}

void IsolatedTrainer::start_trainer() {
  ask(supervisor_socket_, Request::start);
  const std::optional<ChildProcess> trainer = receive_child(supervisor_socket_);
  require_supervisor(trainer.has_value());
  trainer_ = trainer->socket;
  trainer_process_ = trainer->id;
}

int IsolatedTrainer::end_trainer() {
  close(trainer_);
  trainer_ = -1;
  int status = 0;
  ask(supervisor_socket_, Request::end);
  require_supervisor(receive_all(supervisor_socket_, &status, sizeof status));
  return status;
}

/// All floating-point operations of a task: training, scoring, and a few passes over the dataset.
double IsolatedTrainer::flops_of(const Task& task) const {
  if (problem_->command) return 1;
  constexpr double kPerToken = 100;
  const Dataset& data = problem_->dataset;
  const std::size_t tokens = data.training.prediction_count() + data.validation.prediction_count() +
                             data.test.prediction_count();
  return task.flops + judging_flops(task.genome, *problem_, task.replicate) +
         kPerToken * static_cast<double>(tokens);
}

double IsolatedTrainer::deadline_of(double flops, bool last_try) const {
  // A core a hundred times slower than today's: whether a genome fails must not depend on the
  // processor that it happened to run on.
  constexpr double kSlowest = 1e-8, kLeastSeconds = 1;
  const double seconds_per_flop = last_try || slowest_ == 0 ? kSlowest : slowest_;
  const double predicted = std::max(flops * seconds_per_flop, longest_);
  return std::max(kLeastSeconds, limits_.deadline_factor * predicted);
}

/// Watches over the trainer of one task.
class IsolatedTrainer::Watch {
 public:
  Watch(pid_t trainer, double deadline, double patience)
      : trainer_(trainer), deadline_(deadline), patience_(patience) {}

  /// Processor time since the beginning.
  double cpu_seconds() const { return cpu_seconds_of(trainer_) - begin_; }

  /// To be called again and again. Only processor time counts against the deadline, and only
  /// observed sleep against the patience: neither a loaded machine, nor a trainer or a whole job
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
auto IsolatedTrainer::try_once(const Task& task, bool last_try, const std::function<void()>& poll)
    -> Outcome {
  constexpr int kMilliseconds = 20;
  // A trainer that was killed while idle is no failure of this task.
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
      poll();
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
  // Leftover memory of a training would count against the limit of the next one.
  if (limits_.memory_mb > 0) end_trainer();
  return {.evaluation = std::move(evaluation)};
}

Evaluation IsolatedTrainer::train(const Task& task, const std::function<void()>& poll) {
  for (unsigned tries = 1;; ++tries) {
    const bool last_try = tries > limits_.retries;
    const Outcome outcome = try_once(task, last_try, poll);
    if (outcome.evaluation) return *outcome.evaluation;
    const int signal = WIFSIGNALED(outcome.status) ? WTERMSIG(outcome.status) : 0;
    const bool from_outside = outcome.late != Late::no || (signal != 0 && !by_itself(signal));
    if (from_outside && !last_try) continue;
    return failed_evaluation(reason_of(outcome) +
                             (tries > 1 ? fmt::format(" ({} tries)", tries) : ""));
  }
}

std::string IsolatedTrainer::reason_of(const Outcome& outcome) const {
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

}  // namespace microgpt::cluster
