#pragma once

#include "microgpt/cluster/session.hpp"

namespace microgpt::cluster {

/// Runs one task and takes the time. What `function` throws becomes the organism's failure.
TimedResult timed_evaluation(const Task& task, const EvaluateFunction& function, int rank);

}  // namespace microgpt::cluster
