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
                 const EvolutionConfig& config, Objective objective, std::size_t final_trainings)
    : screen_(screen_of_standard_output()),
      live_(stays_in_place(options, screen_)),
      log_(log_file, {.print = [this](std::string_view text) { terminal_.print(text); },
                      .level = level_of(options, live_),
                      .timestamps = !live_,
                      .colours = screen_.colours}),
      config_(config),
      objective_(objective),
      start_(seconds_since_1970()),
      progress_(config, objective, final_trainings, start_) {}

void RunView::result(const Task& task, const TimedResult& timed) {
  if (!seen_.insert({task.id, task.replicate}).second) return;
  const Evaluation& e = timed.result.evaluation;
  const bool cached = timed.timing.rank < 0;
  progress_.finished(task, e, timed.known);
  if (timed.known && !cached) return;  // the run that goes on has said it
  const std::string where =
      cached ? "known" : fmt::format("rank {}, {:.2f} s", timed.timing.rank, timed.timing.seconds);
  log_.debug("#{:<5}{} {:>8}  {} {}{}", task.id,
             task.replicate > 0 ? fmt::format(" training {}", task.replicate) : "",
             score_text(objective_, e.fitness), one_line(task.genome), where,
             e.failed() ? "  " + e.failure : "");
}

void RunView::generation(std::span<const Organism> members, double seconds) {
  progress_.generation(members.front().generation);
  log_.info("{}", generation_line(members, config_, objective_, seconds));
  log_.report(generation_report(members, objective_), LogLevel::trace);
}

void RunView::refresh(const Evaluator& evaluator) {
  constexpr double kBetween = 0.1;  // seconds
  const double now = seconds_since_1970();
  if (!live_ || now - last_refresh_ < kBetween) return;
  last_refresh_ = now;
  if (screen_.is_terminal) screen_ = screen_of_standard_output();  // it may have another width now
  terminal_.keep(progress_.lines(now, evaluator.running(), evaluator.pending(),
                                 {.width = screen_.width, .colours = screen_.colours}),
                 screen_);
}

void WatchedEvaluator::submit(std::span<const Task> tasks) {
  for (const Task& task : tasks) tasks_.insert_or_assign({task.id, task.replicate}, task);
  evaluator_.submit(tasks);
  view_.refresh(evaluator_);
}

TimedResult WatchedEvaluator::wait() {
  TimedResult timed = evaluator_.wait();
  const auto task = tasks_.find({timed.result.id, timed.result.replicate});
  if (task != tasks_.end()) {
    view_.result(task->second, timed);
    tasks_.erase(task);
  }
  view_.refresh(evaluator_);
  return timed;
}

}  // namespace microgpt::apps
