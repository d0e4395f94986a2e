#pragma once

#include "microgpt/cluster/session.hpp"

namespace microgpt::cluster {

/// Does one task and takes the time. `rank` is the one that the timing bears.
Trial run_trial(const Task& task, const EvaluateFunction& function, int rank);

}  // namespace microgpt::cluster
