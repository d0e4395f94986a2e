#include "microgpt/analysis/generation_summary.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace microgpt::analysis {

GenerationSummary summary_of(std::span<const Organism> members) {
  GenerationSummary summary = {.generation = members.front().generation,
                               .members = members.size(),
                               .diversity = diversity(members)};
  summary.best_id = std::ranges::min_element(members, better)->id;
  std::vector<double> fitness;
  for (const Organism& o : members) {
    if (!o.evaluation->failed()) fitness.push_back(o.evaluation->fitness);
  }
  summary.failed = members.size() - fitness.size();
  if (fitness.empty()) return summary;
  std::ranges::sort(fitness);
  summary.best = fitness.front(), summary.worst = fitness.back();
  summary.mean =
      std::accumulate(fitness.begin(), fitness.end(), 0.0) / static_cast<double>(fitness.size());
  summary.q10 = quantile(fitness, 0.1), summary.q25 = quantile(fitness, 0.25);
  summary.median = quantile(fitness, 0.5);
  summary.q75 = quantile(fitness, 0.75), summary.q90 = quantile(fitness, 0.9);
  return summary;
}

std::size_t diversity(std::span<const Organism> organisms) {
  std::set<std::string> architectures;
  for (const Organism& o : organisms) architectures.insert(architecture(o.genome));
  return architectures.size();
}

double quantile(std::span<const double> ascending, double q) {
  const double place = q * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, ascending.size() - 1);
  return std::lerp(ascending[below], ascending[above], place - static_cast<double>(below));
}

}  // namespace microgpt::analysis
