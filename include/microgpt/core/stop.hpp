#pragma once

#include "microgpt/layers.hpp"

namespace microgpt::core {

/// Why a process should stop early; the values are its exit codes.
enum class Stop : int {
  none = 0,
  time_is_up = 75,    ///< SIGUSR1 or the time limit; resumable (EX_TEMPFAIL of sysexits.h)
  hung_up = 129,      ///< SIGHUP
  interrupted = 130,  ///< SIGINT
  terminated = 143    ///< SIGTERM
};

/// Thrown by functions that wait when the process should stop. Not a std::exception, so that code
/// that handles the failure of one training does not catch it.
struct Stopped {
  Stop reason;
};

/// Makes SIGINT, SIGTERM, SIGHUP and SIGUSR1 requests to stop; a second SIGINT ends the process at
/// once.
void catch_stop_signals();
/// Ignores these signals and discards a pending request: another process decides when to stop.
void ignore_stop_signals();

/// Requests a stop (Stop::time_is_up) in `seconds` from now.
void stop_after(double seconds);

/// Whether, and why, the process should stop.
Stop stop_requested();
/// Throws Stopped if a stop is requested.
void throw_if_stop_requested();

}  // namespace microgpt::core
