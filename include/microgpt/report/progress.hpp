#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt::report {

/// How far a search is. It knows no clock and no terminal: times are seconds on a clock of the
/// caller's.
class Progress {
 public:
  /// `final_trainings`: of all finalists together.
  Progress(const EvolutionConfig& config, Objective objective, std::size_t final_trainings,
           double start);

  /// A training has come to its end.
  void finished(const Trial& trial);
  /// A generation of an island is complete.
  void generation(std::uint32_t number);

  /// Floating-point operations that are still to be done: those of the organisms that are not yet
  /// born are predicted to cost what the others did, and those of the finals what the best one did.
  /// Nothing before the first training.
  std::optional<double> remaining_flops() const;
  /// Seconds to the end, going by the operations so far.
  std::optional<double> remaining_seconds(double now) const;

  struct Style {
    std::size_t width = 80;  ///< no line is longer
    bool colours = false;    ///< green where something got better, red where something failed
  };
  /// A few lines that say it all. `pending`: trainings that were submitted and have not ended.
  std::vector<std::string> lines(double now, std::span<const WorkerState> workers,
                                 std::size_t pending, const Style& style) const;

 private:
  std::size_t births() const;
  double mean_of_recent() const;
  std::string time_line(double now) const;
  std::string where() const;

  EvolutionConfig config_;
  Objective objective_;
  std::size_t final_trainings_;
  double start_;
  std::size_t done_ = 0, failed_ = 0, finals_done_ = 0;
  std::uint32_t generation_ = 0;
  double flops_ = 0;                           // of the trainings of the search that have ended
  double flops_done_ = 0, flops_trained_ = 0;  // of all, and of those that took time
  std::deque<double> recent_;                  // fitnesses of the last ones that did not fail
  std::optional<Trial> champion_;
};

/// "1:07:03", "2:05" or "0:09".
std::string clock_time(double seconds);

/// A bar of `width` cells of which the share is filled, in eighths of a cell.
std::string bar(double share, std::size_t width);

/// The beginning of a text, at most `width` columns; where some was left out, "…" is its end.
std::string shortened(std::string_view text, std::size_t width);

}  // namespace microgpt::report
