#pragma once

#include <optional>
#include <span>
#include <vector>

#include "microgpt/report/run_record.hpp"

namespace microgpt::report {

/// A run in a few numbers.
struct RunFigures {
  std::size_t trainings = 0;  ///< that took place, finals included
  std::size_t failed = 0;     ///< organisms
  double flops = 0;           ///< of those trainings
  std::size_t workers = 0;    ///< ranks that trained
  // Nothing where no training has a timing:
  std::optional<double> started;      ///< seconds since 1970
  std::optional<double> seconds;      ///< from the first start to the last end
  std::optional<double> utilisation;  ///< share of the workers' time in which they trained, 0 to 1
};

RunFigures figures_of(const RunRecord& run);

/// The trainings that took place, by their start; not what came from a cache.
std::vector<Trial> trainings_of(const RunRecord& run);

/// The members of each generation of each island, in the order of the file.
std::vector<std::span<const Organism>> generations_of(const RunRecord& run);

}  // namespace microgpt::report
