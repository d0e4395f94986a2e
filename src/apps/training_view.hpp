#pragma once

#include <chrono>
#include <cstdint>

#include "terminal.hpp"

namespace microgpt::apps {

/// Shows a training in progress: a live bar on a terminal, ten lines elsewhere.
class TrainingView {
 public:
  /// A step learns from `batch` names.
  TrainingView(std::uint32_t steps, std::uint32_t batch, bool silent);
  /// A step is done.
  void step(double loss);
  /// All steps are done. Returns the seconds that they took.
  double end();

 private:
  using Clock = std::chrono::steady_clock;
  double seconds() const;
  double names_per_second() const;
  void draw_bar(double now);
  void print_line();

  std::uint32_t steps_, batch_, step_ = 0;
  bool silent_;
  Screen screen_;
  Terminal terminal_;
  Clock::time_point begin_ = Clock::now();
  double last_bar_ = 0;  // seconds
  double running_ = 0;   // mean loss of about the last hundred steps
  double sum_ = 0;       // of the losses since the last line
  std::uint32_t last_line_ = 0;
};

}  // namespace microgpt::apps
