#include "microgpt/report/work_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "microgpt/analysis/insight.hpp"

namespace microgpt::report {

void WorkSummary::add(const Trial& trial) {
  if (!trial.known) trials_.push_back(trial);
}

double WorkSummary::begin() const {
  double first = trials_.front().timing.start;
  for (const Trial& t : trials_) first = std::min(first, t.timing.start);
  return first;
}

double WorkSummary::end() const {
  double last = 0;
  for (const Trial& t : trials_) last = std::max(last, t.timing.start + t.timing.seconds);
  return last;
}

double WorkSummary::busy_seconds() const {
  double sum = 0;
  for (const Trial& t : trials_) sum += t.timing.seconds;
  return sum;
}

double WorkSummary::utilisation(std::size_t workers) const {
  if (trials_.empty()) return 0;
  const double elapsed = end() - begin();
  return elapsed > 0 ? busy_seconds() / (elapsed * static_cast<double>(workers)) : 1;
}

std::string WorkSummary::cost_model() const {
  std::vector<double> flops, seconds, seconds_per_flop;
  for (const Trial& t : trials_) {
    if (t.task.flops <= 0) continue;
    flops.push_back(t.task.flops);
    seconds.push_back(t.timing.seconds);
    seconds_per_flop.push_back(t.timing.seconds / t.task.flops);
  }
  const bool all_alike = std::ranges::all_of(flops, [&](double f) { return f == flops.front(); });
  if (flops.size() < 3 || all_alike) return "";
  std::sort(seconds_per_flop.begin(), seconds_per_flop.end());
  const double median = seconds_per_flop[seconds_per_flop.size() / 2];
  return fmt::format(
      "  predicted cost: rank correlation of FLOPs and seconds {:.3f}; seconds per FLOP from "
      "{:.2f} "
      "to {:.2f} times the median\n",
      rank_correlation(flops, seconds), seconds_per_flop.front() / median,
      seconds_per_flop.back() / median);
}

std::string WorkSummary::timeline() const {
  constexpr std::size_t kColumns = 60, kMaxRanks = 64;
  std::map<int, std::vector<double>> busy;  // by rank: the busy share for each column
  const double from = begin(), column = (end() - from) / kColumns;
  if (column <= 0) return "";
  for (const Trial& t : trials_) {
    auto& columns = busy.try_emplace(t.timing.rank, kColumns, 0.0).first->second;
    const double start = (t.timing.start - from) / column, stop = start + t.timing.seconds / column;
    for (std::size_t c = 0; c < kColumns; ++c) {
      const double left = static_cast<double>(c);
      columns[c] += std::max(0.0, std::min(stop, left + 1) - std::max(start, left));
    }
  }
  std::string text;
  for (const auto& [rank, columns] : busy) {
    if (rank >= static_cast<int>(kMaxRanks)) return text + "  ...\n";
    double share = 0;
    std::string line;
    for (const double c : columns) {
      share += c / kColumns;
      line += c > 0.75 ? '#' : c > 0.25 ? '+' : c > 0.01 ? '.' : ' ';
    }
    text += fmt::format("  rank {:>3} |{}| {:>4.0f} %\n", rank, line, 100 * share);
  }
  return text;
}

std::string WorkSummary::text(std::size_t workers, double coordinator_seconds) const {
  if (trials_.empty()) return "Work: nothing was trained\n";
  const double elapsed = end() - begin();
  return fmt::format(
             "Work: {} trainings by {} worker{} in {:.2f} s, busy {:.0f} % of the time, {:.1f} a "
             "second\n  rank 0: {:.2f} s of CPU time\n",
             trials_.size(), workers, workers == 1 ? "" : "s", elapsed, 100 * utilisation(workers),
             elapsed > 0 ? static_cast<double>(trials_.size()) / elapsed : 0, coordinator_seconds) +
         cost_model() + timeline();
}

}  // namespace microgpt::report
