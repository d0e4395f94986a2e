#include "training_view.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/core/text.hpp"
#include "microgpt/report/progress.hpp"
#include "standard_streams.hpp"

namespace microgpt::apps {

TrainingView::TrainingView(std::uint32_t steps, std::uint32_t batch, bool silent)
    : steps_(steps), batch_(batch), silent_(silent), screen_(screen_of_standard_output()) {}

double TrainingView::seconds() const {
  return std::chrono::duration<double>(Clock::now() - begin_).count();
}

double TrainingView::names_per_second() const {
  return static_cast<double>(step_) * batch_ / std::max(seconds(), 1e-9);
}

void TrainingView::step(double loss) {
  constexpr std::uint32_t kLines = 10, kMemory = 100;
  constexpr double kBetweenBars = 0.1;  // seconds
  ++step_;
  running_ += (loss - running_) / std::min(step_, kMemory);
  sum_ += loss;
  if (silent_) return;
  if (screen_.is_terminal) {
    const double now = seconds();
    if (now - last_bar_ >= kBetweenBars) draw_bar(now);
  } else if (std::uint64_t{step_} * kLines / steps_ != std::uint64_t{step_ - 1} * kLines / steps_) {
    print_line();
  }
}

void TrainingView::draw_bar(double now) {
  last_bar_ = now;
  screen_ = screen_of_standard_output();
  const double share = static_cast<double>(step_) / steps_;
  terminal_.keep({shortened(fmt::format("{} {:>3.0f} %   loss {:.4f}   {} names/s   {} left",
                                        bar(share, 30), std::floor(100 * share), running_,
                                        with_commas(static_cast<std::size_t>(names_per_second())),
                                        clock_time(now * (1 - share) / share)),
                            screen_.width)},
                 screen_);
}

void TrainingView::print_line() {
  say("  step {:>7}/{}  mean training loss {:.4f}\n", step_, steps_, sum_ / (step_ - last_line_));
  sum_ = 0;
  last_line_ = step_;
}

double TrainingView::end() {
  const double took = seconds();
  terminal_.end();
  if (silent_) return took;
  if (screen_.is_terminal) print_line();
  say("trained in {:.2f} s, {} names/s\n", took,
      with_commas(static_cast<std::size_t>(names_per_second())));
  return took;
}

}  // namespace microgpt::apps
