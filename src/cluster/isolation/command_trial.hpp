#pragma once

#include "microgpt/evolution/command.hpp"

namespace microgpt::cluster {

/// Runs a command for one trial, in a folder of its own, and returns its result; what goes wrong is
/// a failed evaluation with the reason. To be called in a trainer that has adopted orphans: what
/// the command leaves behind is ended. If the command is killed from outside, so is the trainer,
/// with the same signal; its rank then tries again.
Evaluation run_command(const Command& command, const Task& task, const Measure& measure);

}  // namespace microgpt::cluster
