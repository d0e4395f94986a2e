#pragma once

#include <optional>
#include <span>
#include <vector>

#include "microgpt/report/run_record.hpp"

namespace microgpt::report {

/// Summary figures of a run.
struct RunFigures {
  std::size_t trainings = 0;  ///< that were run, including finals
  std::size_t failed = 0;     ///< organisms
  double flops = 0;           ///< of those trainings
  std::size_t workers = 0;    ///< ranks that trained
  // nullopt if no training has a timing:
  std::optional<double> started;      ///< seconds since 1970
  std::optional<double> seconds;      ///< from the first start to the last end
  std::optional<double> utilisation;  ///< share of the workers' time spent training, 0 to 1
};

RunFigures figures_of(const RunRecord& run);

/// The trainings that were run (not taken from a cache), by start time.
std::vector<Trial> trainings_of(const RunRecord& run);

/// The members of each generation of each island, in file order.
std::vector<std::span<const Organism>> generations_of(const RunRecord& run);

}  // namespace microgpt::report
