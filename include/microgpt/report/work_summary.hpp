#pragma once

#include <string>
#include <vector>

#include "microgpt/evolution/trial.hpp"

namespace microgpt::report {

/// How busy the workers of a run were, and how well the cost of a training was predicted.
/// Wall-clock times: another run gives others.
class WorkSummary {
 public:
  /// A training; those that were known before are not counted.
  void add(const Trial& trial);

  /// Share of the workers' time, from the first start to the last end, in which they trained.
  double utilisation(std::size_t workers) const;

  /// Utilisation, evaluations per second, the cost model against measured seconds, and a line for
  /// each rank with its trainings along the time. `coordinator_seconds`: CPU time of rank 0.
  std::string text(std::size_t workers, double coordinator_seconds) const;

 private:
  double begin() const;
  double end() const;
  double busy_seconds() const;
  std::string cost_model() const;
  std::string timeline() const;

  std::vector<Trial> trials_;
};

}  // namespace microgpt::report
