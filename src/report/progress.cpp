#include "microgpt/report/progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "microgpt/core/text.hpp"

namespace microgpt::report {

Progress::Progress(const EvolutionConfig& config, Objective objective, std::size_t final_trainings,
                   double start, double final_steps)
    : config_(config),
      objective_(objective),
      final_trainings_(final_trainings),
      final_steps_(final_steps),
      start_(start) {}

void Progress::finished(const Trial& trial) {
  const auto& [task, evaluation, timing, known] = trial;
  flops_done_ += task.flops;
  if (!known) flops_trained_ += task.flops;
  if (task.replicate > 0) {
    ++finals_done_;
    return;
  }
  ++done_;
  flops_ += task.flops;
  if (evaluation.failed()) {
    ++failed_;
    return;
  }
  recent_.push_back(evaluation.fitness);
  if (recent_.size() > config_.population * config_.islands) recent_.pop_front();
  if (!champion_ || evaluation.fitness < champion_->evaluation.fitness) champion_ = trial;
}

void Progress::generation(std::uint32_t number) { generation_ = std::max(generation_, number); }

/// The organisms to train: with generations, elites are not trained after the first one.
std::size_t Progress::births() const {
  const bool has_elite =
      config_.mode == Mode::generational && config_.strategy != StrategyKind::random;
  const std::size_t later =
      config_.population - (has_elite ? std::min(config_.population, config_.elite) : 0);
  return config_.islands * (config_.population + (config_.generations - 1) * later);
}

std::optional<double> Progress::remaining_flops() const {
  if (done_ == 0) return std::nullopt;
  const double mean = flops_ / static_cast<double>(done_);
  const double births_left = static_cast<double>(births() - std::min(births(), done_));
  const double search =
      config_.budget_flops > 0 ? std::max(0.0, config_.budget_flops - flops_) : births_left * mean;
  const double of_finalist = final_steps_ * (champion_ ? champion_->task.flops : mean);
  const std::size_t finals_left = final_trainings_ - std::min(final_trainings_, finals_done_);
  return search + static_cast<double>(finals_left) * of_finalist;
}

std::optional<double> Progress::remaining_seconds(double now) const {
  const std::optional<double> flops = remaining_flops();
  if (!flops || flops_trained_ <= 0) return std::nullopt;
  return *flops * (now - start_) / flops_trained_;
}

double Progress::mean_of_recent() const {
  return std::accumulate(recent_.begin(), recent_.end(), 0.0) / static_cast<double>(recent_.size());
}

namespace {

std::string coloured(std::string_view text, std::string_view code, bool colours) {
  return colours ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

/// Which rank trains which organism, as far as it fits.
std::string text_of(std::span<const WorkerState> workers, double now) {
  std::string text = "workers    ";
  for (const WorkerState& r : workers) {
    text += r.task ? fmt::format("{} #{} {:.1f} s   ", r.rank, r.task->id, now - r.since)
                   : fmt::format("{} idle   ", r.rank);
  }
  return text;
}

}  // namespace

std::string Progress::time_line(double now) const {
  const std::optional<double> rest = remaining_flops();
  const std::optional<double> seconds = remaining_seconds(now);
  const double all = rest ? *rest + flops_done_ : 0;
  const double share = all > 0 ? flops_done_ / all : 0;
  return fmt::format("{} {:>3.0f} %   {} gone, {} left", bar(share, 30), std::floor(100 * share),
                     clock_time(now - start_),
                     seconds ? "about " + clock_time(*seconds) : "time unknown");
}

std::string Progress::where() const {
  const bool all_born = config_.budget_flops == 0 && done_ >= births();
  if (final_trainings_ > 0 && (finals_done_ > 0 || all_born)) {
    return fmt::format("finals {}/{}", std::min(finals_done_, final_trainings_), final_trainings_);
  }
  if (config_.budget_flops > 0) return fmt::format("generation {}", generation_ + 1);
  return fmt::format("generation {}/{}",
                     std::min<std::size_t>(generation_ + 1, config_.generations),
                     config_.generations);
}

std::vector<std::string> Progress::lines(double now, std::span<const WorkerState> workers,
                                         std::size_t pending, const Style& style) const {
  const auto busy = static_cast<std::size_t>(
      std::ranges::count_if(workers, [](const WorkerState& r) { return r.task.has_value(); }));
  const std::size_t waiting = pending - std::min(pending, busy);
  std::vector<std::string> lines = {shortened(time_line(now), style.width)};
  const std::string counts =
      fmt::format("{:<11}{}   {} done, {} running, {} waiting, ", "organisms", where(),
                  with_commas(done_), busy, with_commas(waiting));
  const std::string failed = fmt::format("{} failed", failed_);
  const bool fits = display_width(counts) + failed.size() <= style.width;
  lines.push_back(shortened(counts + (fits ? "" : failed), style.width));
  if (fits) lines.back() += coloured(failed, "31", style.colours && failed_ > 0);
  if (champion_) {
    const std::string best =
        fmt::format("{:<11}{}", "best", score_text(objective_, champion_->evaluation.fitness));
    const std::string mean = fmt::format("   mean of the last {}: {}", recent_.size(),
                                         score_text(objective_, mean_of_recent()));
    lines.push_back(coloured(shortened(best, style.width), "32", style.colours) +
                    shortened(mean, style.width - std::min(style.width, best.size())));
    const std::vector<std::string>& names = champion_->evaluation.names;
    const std::string who =
        fmt::format("{:<11}#{}{}   {}", "champion", champion_->task.id,
                    names.empty() ? "" : " says " + printable_line(names.front()),
                    trim(one_line(champion_->task.genome)));
    lines.push_back(shortened(who, style.width));
  }
  if (!workers.empty()) lines.push_back(shortened(text_of(workers, now), style.width));
  return lines;
}

std::string clock_time(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::max(0.0, seconds));
  const std::uint64_t hours = whole / 3600, minutes = whole / 60 % 60;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, minutes, whole % 60)
                   : fmt::format("{}:{:02}", minutes, whole % 60);
}

std::string bar(double share, std::size_t width) {
  constexpr std::array<std::string_view, 8> kPart = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(
      std::lround(std::clamp(share, 0.0, 1.0) * 8 * static_cast<double>(width)));
  std::string text;
  for (std::size_t i = 0; i < width; ++i) {
    text += eighths >= 8 * (i + 1) ? "█" : eighths > 8 * i ? kPart[eighths % 8] : "·";
  }
  return text;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  std::u32string kept;
  std::size_t columns = 0;
  for (const char32_t character : decode_utf8(text)) {
    columns += display_width(character);
    if (columns + 1 > width) break;  // the last column is for the ellipsis
    kept += character;
  }
  return encode_utf8(width > 0 ? kept + U'…' : kept);
}

}  // namespace microgpt::report
