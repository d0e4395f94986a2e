#pragma once

#include "microgpt/layers.hpp"

namespace microgpt::core {

/// Why a process should stop before its work is done; the values are its exit codes.
enum class Stop : int {
  none = 0,
  time_is_up = 75,    ///< SIGUSR1, or the time limit: to be resumed (EX_TEMPFAIL of sysexits.h)
  hung_up = 129,      ///< SIGHUP
  interrupted = 130,  ///< SIGINT
  terminated = 143    ///< SIGTERM
};

/// Thrown where work is waited for when the process should stop. Not a std::exception: whoever
/// handles the failure of one training must not handle this.
struct Stopped {
  Stop reason;
};

/// From now on SIGINT, SIGTERM, SIGHUP and SIGUSR1 are requests to stop; a second SIGINT ends the
/// process at once.
void catch_stop_signals();
/// From now on they are ignored, and one that came before is forgotten: somebody else will say when
/// it is over.
void ignore_stop_signals();

/// From `seconds` from now on the time is up.
void stop_after(double seconds);

/// Whether, and why, the process should stop.
Stop stop_requested();
/// Throws Stopped if it should.
void throw_if_stop_requested();

}  // namespace microgpt::core
