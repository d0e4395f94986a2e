#include "microgpt/core/stop.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <optional>

namespace microgpt::core {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};

volatile std::sig_atomic_t requested = 0;
std::optional<Clock::time_point> deadline;

Stop reason_of(int signal) {
  switch (signal) {
    case SIGUSR1:
      return Stop::time_is_up;
    case SIGHUP:
      return Stop::hung_up;
    case SIGINT:
      return Stop::interrupted;
    default:
      return Stop::terminated;
  }
}

/// Whether some time has passed since the first call: launchers may send one request twice.
bool asked_again() {
  static volatile std::sig_atomic_t first_asked = 0;  // milliseconds, truncated
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);  // async-signal-safe
  const auto milliseconds =
      static_cast<std::sig_atomic_t>((now.tv_sec % 1'000'000) * 1000 + now.tv_nsec / 1'000'000 + 1);
  if (first_asked == 0) first_asked = milliseconds;
  return milliseconds - first_asked > 200;
}

void on_signal(int signal) {
  if (signal == SIGINT && asked_again()) _exit(static_cast<int>(Stop::interrupted));
  requested = static_cast<int>(reason_of(signal));
}

void handle_all(void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

}  // namespace

void catch_stop_signals() { handle_all(on_signal); }

void ignore_stop_signals() {
  handle_all(SIG_IGN);
  requested = 0;
}

void stop_after(double seconds) {
  deadline = Clock::now() +
             std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

Stop stop_requested() {
  if (requested != 0) return static_cast<Stop>(static_cast<int>(requested));
  return deadline && Clock::now() >= *deadline ? Stop::time_is_up : Stop::none;
}

void throw_if_stop_requested() {
  if (const Stop reason = stop_requested(); reason != Stop::none) throw Stopped{reason};
}

}  // namespace microgpt::core
