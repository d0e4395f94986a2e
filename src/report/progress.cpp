#include "microgpt/report/progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "microgpt/core/text.hpp"

namespace microgpt::report {

Progress::Progress(const EvolutionConfig& config, Objective objective, std::size_t final_trainings,
                   double start, double final_steps, std::string yardstick)
    : config_(config),
      objective_(objective),
      final_trainings_(final_trainings),
      final_steps_(final_steps),
      start_(start),
      yardstick_(std::move(yardstick)) {}

void Progress::finished(const Trial& trial) {
  const auto& [task, evaluation, timing, known] = trial;
  flops_done_ += task.flops;
  if (!known) {
    flops_trained_ += task.flops;
    seconds_trained_ += timing.seconds;
  }
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

double Progress::running_flops(double now, std::span<const WorkerState> workers) const {
  double flops = 0;
  for (const WorkerState& worker : workers) {
    if (!worker.task) continue;
    flops += std::clamp((now - worker.since) * speed(), 0.0, worker.task->flops);
  }
  return flops;
}

std::optional<double> Progress::remaining_seconds(double now,
                                                  std::span<const WorkerState> workers) const {
  const std::optional<double> flops = remaining_flops();
  if (!flops || flops_trained_ <= 0) return std::nullopt;
  if (workers.empty() || speed() == 0) return *flops * (now - start_) / flops_trained_;
  const double left = std::max(0.0, *flops - running_flops(now, workers));
  double seconds = left / speed() / static_cast<double>(workers.size());
  for (const WorkerState& worker : workers) {
    if (!worker.task) continue;
    seconds = std::max(seconds, worker.task->flops / speed() - (now - worker.since));
  }
  return seconds;
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

std::string Progress::time_line(double now, std::span<const WorkerState> workers) {
  const std::optional<double> rest = remaining_flops();
  const std::optional<double> seconds = remaining_seconds(now, workers);
  if (rest) {
    const double done = flops_done_ + running_flops(now, workers);
    share_ = std::max(share_, std::min(1.0, done / (*rest + flops_done_)));
  }
  return fmt::format("{} {:>3.0f} %   {} gone, {} left", bar(share_, 30), std::floor(100 * share_),
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
                                         std::size_t pending, const Style& style) {
  const auto busy = static_cast<std::size_t>(
      std::ranges::count_if(workers, [](const WorkerState& r) { return r.task.has_value(); }));
  const std::size_t waiting = pending - std::min(pending, busy);
  std::vector<std::string> lines = {shortened(time_line(now, workers), style.width)};
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
    const std::string mean =
        fmt::format("{}{}   mean of the last {}: {}", yardstick_.empty() ? "" : "   ", yardstick_,
                    recent_.size(), score_text(objective_, mean_of_recent()));
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

std::string wrapped(std::string_view text, std::size_t width) {
  const auto indent_of = [](std::string_view line) {
    return 2 + std::min(line.find_first_not_of(' '), line.size());
  };
  std::string lines;
  std::size_t columns = 0, indent = indent_of(text);
  const auto put = [&](std::string_view word) {
    lines += word;
    columns += display_width(word);
  };
  while (!text.empty()) {
    // A word with the spaces before it.
    const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
    const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    const std::string_view word = text.substr(0, end);
    if (columns > indent && columns + display_width(word) > width) {
      lines += '\n';
      columns = 0;
      put(std::string(indent, ' '));
      put(word.substr(begin));
    } else {
      put(word);
    }
    text.remove_prefix(end);
    if (!text.starts_with('\n')) continue;
    lines += '\n';
    columns = 0;
    text.remove_prefix(1);
    indent = indent_of(text);
  }
  return lines;
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
