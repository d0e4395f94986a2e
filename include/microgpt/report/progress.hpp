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

/// The progress of a search. It uses neither clock nor terminal: times are seconds on the caller's
/// clock.
class Progress {
 public:
  /// `final_trainings`: the replicates of all finalists together; each takes `final_steps` times as
  /// long as in the search. `yardstick`: what the best score is to be compared with, if anything.
  Progress(const EvolutionConfig& config, Objective objective, std::size_t final_trainings,
           double start, double final_steps = 1, std::string yardstick = "");

  /// A training has ended.
  void finished(const Trial& trial);
  /// A generation of an island is complete.
  void generation(std::uint32_t number);

  /// The remaining floating-point operations, assuming that unborn organisms cost as much as those
  /// so far, and finals as much as the best one. nullopt before the first training.
  std::optional<double> remaining_flops() const;
  /// The remaining seconds, extrapolated from the operations so far; with workers, also from what
  /// each has done of its training, and at least until the last of these ends.
  std::optional<double> remaining_seconds(double now,
                                          std::span<const WorkerState> workers = {}) const;

  struct Style {
    std::size_t width = 80;  ///< the maximum length of a line
    bool colours = false;    ///< green for improvements, red for failures
  };
  /// The display, a few lines. `pending`: trainings that were submitted and have not ended. Its bar
  /// never becomes shorter.
  std::vector<std::string> lines(double now, std::span<const WorkerState> workers,
                                 std::size_t pending, const Style& style);

 private:
  std::size_t births() const;
  double mean_of_recent() const;
  /// Operations that a core does in a second; 0 if none has been measured.
  double speed() const { return seconds_trained_ > 0 ? flops_trained_ / seconds_trained_ : 0; }
  /// What is done of the trainings in progress.
  double running_flops(double now, std::span<const WorkerState> workers) const;
  std::string time_line(double now, std::span<const WorkerState> workers);
  std::string where() const;

  EvolutionConfig config_;
  Objective objective_;
  std::size_t final_trainings_;
  double final_steps_, start_;
  std::string yardstick_;
  std::size_t done_ = 0, failed_ = 0, finals_done_ = 0;
  std::uint32_t generation_ = 0;
  double flops_ = 0;                           // of the trainings of the search that have ended
  double flops_done_ = 0, flops_trained_ = 0;  // of all, and of those that took time ...
  double seconds_trained_ = 0;                 // ... which is this
  double share_ = 0;                           // that the bar has reached
  std::deque<double> recent_;                  // the latest fitnesses that are not failures
  std::optional<Trial> champion_;
};

/// "1:07:03", "2:05" or "0:09".
std::string clock_time(double seconds);

/// A bar of `width` cells, filled to `share` in steps of an eighth of a cell.
std::string bar(double share, std::size_t width);

/// A text in lines of at most `width` columns, broken at spaces where there are any; what goes on
/// in another line is indented by two more.
std::string wrapped(std::string_view text, std::size_t width);

/// A text cut to at most `width` columns; if something was cut off, it ends in "…".
std::string shortened(std::string_view text, std::size_t width);

}  // namespace microgpt::report
