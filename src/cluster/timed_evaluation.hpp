#pragma once

#include "microgpt/cluster/session.hpp"

namespace microgpt {

/// Seconds since 1970, for timings that are compared between hosts.
double seconds_now();

/// Runs one task and takes the time. What `function` throws becomes the organism's failure.
TimedResult timed_evaluation(const Task& task, const EvaluateFunction& function, int rank);

}  // namespace microgpt
