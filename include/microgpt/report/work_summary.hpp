#pragma once

#include <string>
#include <vector>

#include "microgpt/evolution/trial.hpp"

namespace microgpt::report {

/// The utilisation of the workers of a run, and the accuracy of the predicted training costs. Based
/// on wall-clock times, so it differs from run to run.
class WorkSummary {
 public:
  /// Adds a training; already known results are not counted.
  void add(const Trial& trial);

  /// The share of the workers' time, from the first start to the last end, spent training.
  double utilisation(std::size_t workers) const;

  /// Utilisation, evaluations per second, predicted costs against measured seconds, and a timeline
  /// for each rank. `coordinator_seconds`: CPU time of rank 0.
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
