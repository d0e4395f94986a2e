#include "microgpt/evolution/warm_start.hpp"

#include <algorithm>
#include <unordered_set>

#include "microgpt/genome/genome.hpp"

namespace microgpt::evolution {

std::vector<EarlierResult> lessons_of(std::span<const Organism> history) {
  constexpr std::size_t kBest = 32, kOthers = 16;
  std::vector<EarlierResult> all;
  std::unordered_set<Genome, GenomeHash> seen;
  for (const Organism& organism : history) {
    if (organism.evaluation->failed() || !seen.insert(organism.genome).second) continue;
    all.push_back({organism.genome, organism.evaluation->fitness});
  }
  std::ranges::stable_sort(all, {}, &EarlierResult::fitness);
  if (all.size() <= kBest + kOthers) return all;
  std::vector<EarlierResult> lessons(all.begin(), all.begin() + kBest);
  const std::size_t others = all.size() - kBest;
  for (std::size_t i = 1; i <= kOthers; ++i) {
    lessons.push_back(all[kBest - 1 + i * others / kOthers]);
  }
  return lessons;
}

}  // namespace microgpt::evolution
