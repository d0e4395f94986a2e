#pragma once

// The processes that a command starts, also those that outlive it.
namespace microgpt::cluster {

/// From now on processes whose parents end become children of this one.
void adopt_orphans();

/// Ends all children of this process and what they have started: SIGTERM, and SIGKILL for those
/// that are still there after `patience` seconds. Needs adopt_orphans().
void end_descendants(double patience);

}  // namespace microgpt::cluster
