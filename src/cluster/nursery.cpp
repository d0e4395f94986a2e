#include "microgpt/cluster/nursery.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>

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
  limits_ = limits;
  ask(keeper_socket_, Request::prepare);
  require_keeper(send_frame(
      keeper_socket_,
      Preparation{.problem = problem, .memory_mb = limits.memory_mb, .faults = limits.faults}));
}

void Nursery::start_trainer() {
  ask(keeper_socket_, Request::start);
  trainer_ = receive_descriptor(keeper_socket_);
  require_keeper(trainer_ >= 0);
}

int Nursery::end_trainer() {
  close(trainer_);
  trainer_ = -1;
  int status = 0;
  ask(keeper_socket_, Request::end);
  require_keeper(receive_all(keeper_socket_, &status, sizeof status));
  return status;
}

double Nursery::deadline_of(const Task& task) const {
  // Before the first training, what the slowest imaginable machine might need.
  constexpr double kSlowest = 2e-9, kLeastSeconds = 1;
  if (limits_.deadline_factor == 0) return 0;
  const double predicted = task.flops * (slowest_ > 0 ? slowest_ : kSlowest);
  return std::max(kLeastSeconds, limits_.deadline_factor * std::max(predicted, longest_));
}

/// The evaluation, or how the trainer ended.
auto Nursery::try_once(const Task& task, const std::function<void()>& look_up) -> Outcome {
  constexpr int kMilliseconds = 20;
  // One that was killed while it had nothing to do is no failure of this task.
  if (trainer_ >= 0 && readable(trainer_, 0)) end_trainer();
  if (trainer_ < 0) start_trainer();
  const double deadline = deadline_of(task);
  const Clock::time_point begin = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  send_frame(trainer_, task);  // if that fails, the trainer has died
  while (!readable(trainer_, kMilliseconds)) {
    if (deadline > 0 && seconds() > deadline) {
      end_trainer();
      return {.evaluation = std::nullopt, .too_late = true};
    }
    try {
      look_up();
    } catch (...) {
      end_trainer();
      throw;
    }
  }
  std::optional<Evaluation> evaluation = receive_frame<Evaluation>(trainer_);
  if (!evaluation) return {.evaluation = std::nullopt, .status = end_trainer()};
  if (!evaluation->failed() && task.flops > 0) {
    slowest_ = std::max(slowest_, seconds() / task.flops);
    longest_ = std::max(longest_, seconds());
  }
  // What is left of a training would count as memory of the next one.
  if (limits_.memory_mb > 0) end_trainer();
  return {.evaluation = std::move(evaluation)};
}

Evaluation Nursery::train(const Task& task, const std::function<void()>& look_up) {
  for (unsigned tries = 1;; ++tries) {
    const Outcome outcome = try_once(task, look_up);
    if (outcome.evaluation) return *outcome.evaluation;
    const int signal = WIFSIGNALED(outcome.status) ? WTERMSIG(outcome.status) : 0;
    const bool from_outside = outcome.too_late || (signal != 0 && !by_itself(signal));
    if (from_outside && tries <= limits_.retries) continue;
    if (outcome.too_late) {
      return failed_evaluation(
          fmt::format("not finished in {:g} times as long as predicted ({} tries)",
                      limits_.deadline_factor, tries));
    }
    if (signal == 0) {
      return failed_evaluation(
          fmt::format("the training ended its process with code {}", WEXITSTATUS(outcome.status)));
    }
    return failed_evaluation(fmt::format("the training was killed by SIG{}{}", sigabbrev_np(signal),
                                         tries > 1 ? fmt::format(" ({} tries)", tries) : ""));
  }
}

}  // namespace microgpt
