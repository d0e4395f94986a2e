#include "view.hpp"

#include "microgpt/core/clock.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/report/text_report.hpp"

namespace microgpt::apps {

namespace {

bool stays_in_place(const ViewOptions& options, const Screen& screen) {
  if (options.quiet) return false;
  if (options.live == "always") return true;
  return options.live == "auto" && screen.is_terminal;
}

LogLevel level_of(const ViewOptions& options, bool live) {
  if (!options.log_level.empty()) return from_name<LogLevel>(options.log_level);
  if (options.quiet) return LogLevel::warning;
  if (options.verbose) return LogLevel::trace;
  return live ? LogLevel::info : LogLevel::debug;
}

}  // namespace

void validate(const ViewOptions& options) {
  try {
    if (!options.log_level.empty()) from_name<LogLevel>(options.log_level);
  } catch (const Error& error) {
    fail("--log-level: {}", error.what());
  }
  require(options.live == "auto" || options.live == "always" || options.live == "never",
          "--live ({}) must be auto, always or never", options.live);
}

RunView::RunView(const ViewOptions& options, const std::filesystem::path& log_file,
                 const EvolutionConfig& config, Objective objective, std::size_t final_trainings,
                 double final_steps, std::string yardstick)
    : screen_(screen_of_standard_output()),
      live_(stays_in_place(options, screen_)),
      log_(log_file, {.print = [this](std::string_view text) { print(text); },
                      .level = level_of(options, live_),
                      .timestamps = !live_,
                      .colours = screen_.colours}),
      config_(config),
      objective_(objective),
      start_(seconds_since_1970()),
      progress_(config, objective, final_trainings, start_, final_steps, std::move(yardstick)) {}

void RunView::print(std::string_view text) {
  // The screen would break lines within words. Colours would count as columns.
  const bool breaks = screen_.is_terminal && live_ && text.find('\x1b') == text.npos;
  terminal_.print(breaks ? wrapped(text, screen_.width) : text);
}

void RunView::result(const Trial& trial) {
  const auto& [task, evaluation, timing, known] = trial;
  if (!seen_.insert(task.key()).second) return;
  const bool cached = timing.rank < 0;
  progress_.finished(trial);
  if (known && !cached) return;  // logged before the run was resumed
  const std::string where =
      cached ? "known" : fmt::format("rank {}, {:.2f} s", timing.rank, timing.seconds);
  log_.debug("#{:<5}{} {:>8}  {} {}{}", task.id,
             task.replicate > 0 ? fmt::format(" training {}", task.replicate) : "",
             score_text(objective_, evaluation.fitness), one_line(task.genome), where,
             evaluation.failed() ? "  " + evaluation.failure : "");
}

void RunView::generation(std::span<const Organism> members, double seconds) {
  progress_.generation(members.front().generation);
  last_refresh_ = 0;  // the next refresh comes at once, however quick the organisms are
  log_.info("{}", generation_line(members, config_, objective_, seconds));
  log_.report(generation_report(members, objective_), LogLevel::trace);
}

void RunView::refresh(const Evaluator& evaluator) {
  constexpr double kBetween = 0.1;  // seconds
  const double now = seconds_since_1970();
  if (!live_ || now - last_refresh_ < kBetween) return;
  last_refresh_ = now;
  if (screen_.is_terminal) screen_ = screen_of_standard_output();  // it may have another width now
  terminal_.keep(progress_.lines(now, evaluator.workers(), evaluator.pending(),
                                 {.width = screen_.width, .colours = screen_.colours}),
                 screen_);
}

void WatchedEvaluator::submit(std::span<const Task> tasks) {
  evaluator_.submit(tasks);
  view_.refresh(evaluator_);
}

Trial WatchedEvaluator::wait() {
  Trial trial = evaluator_.wait();
  view_.result(trial);
  view_.refresh(evaluator_);
  return trial;
}

}  // namespace microgpt::apps
