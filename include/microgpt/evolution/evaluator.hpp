#pragma once

#include <span>
#include <string>
#include <vector>

#include "microgpt/evolution/organism.hpp"

namespace microgpt {

/// One training to be done. It says all that a worker needs besides the Problem, so any may do it.
struct Task {
  std::uint64_t id = 0;  ///< of the organism
  Genome genome;
  std::uint32_t replicate = 0;  ///< see Creature
};

/// Where and how long a task ran: never part of a result.
struct Timing {
  std::uint64_t id = 0;
  std::uint32_t replicate = 0;
  int rank = 0;
  std::string host;
  double start = 0;    ///< seconds since the evaluator was made
  double seconds = 0;  ///< of training and judging
};

struct TimedResult {
  Result result;
  Timing timing;
};

/// Turns tasks into results: in this process, over MPI, or as a fake in a test.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// The results of all tasks, in any order.
  virtual std::vector<TimedResult> evaluate(std::span<const Task> tasks) = 0;
};

}  // namespace microgpt
