#include "microgpt/evolution/report_sequence.hpp"

#include <algorithm>

namespace microgpt::evolution {

void ReportSequence::add(const GenerationReport& report) {
  if (!report.members.empty()) {
    waiting_.emplace(Turn{received_[report.island]++, report.island}, report.members);
  }
  if (report.last) last_.insert_or_assign(report.island, report);
}

std::optional<std::vector<Organism>> ReportSequence::next() {
  while (!waiting_.empty()) {
    const auto found = waiting_.find(turn_);
    const auto [generation, island] = turn_;
    if (found == waiting_.end() && !last_.contains(island)) return std::nullopt;  // it will come
    turn_ = island + 1 < islands_ ? Turn{generation, island + 1} : Turn{generation + 1, 0};
    if (found == waiting_.end()) continue;  // that island has ended earlier
    std::vector<Organism> members = std::move(found->second);
    waiting_.erase(found);
    return members;
  }
  return std::nullopt;
}

double ReportSequence::flops() const {
  double flops = 0;
  for (const auto& [island, report] : last_) flops += report.flops;
  return flops;
}

std::size_t ReportSequence::saved() const {
  std::size_t saved = 0;
  for (const auto& [island, report] : last_) saved += report.saved;
  return saved;
}

bool ReportSequence::space_exhausted() const {
  return std::ranges::any_of(last_, [](const auto& entry) { return entry.second.space_exhausted; });
}

}  // namespace microgpt::evolution
