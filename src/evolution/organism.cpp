#include "microgpt/evolution/organism.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "microgpt/core/error.hpp"

namespace microgpt::evolution {

Evaluation failed_evaluation(std::string reason) {
  Evaluation failed;
  failed.failure = std::move(reason);
  return failed;
}

bool better(const Organism& a, const Organism& b) {
  const double fitness_a = a.evaluation->fitness, fitness_b = b.evaluation->fitness;
  return fitness_a != fitness_b ? fitness_a < fitness_b : a.id < b.id;
}

std::vector<Organism> best_of(std::span<const Organism> organisms, std::size_t count) {
  std::vector<const Organism*> ranking;
  for (const Organism& o : organisms) {
    if (o.evaluation && !o.evaluation->failed()) ranking.push_back(&o);
  }
  std::sort(ranking.begin(), ranking.end(),
            [](const Organism* a, const Organism* b) { return better(*a, *b); });
  std::vector<Organism> best;
  std::set<Genome> seen;
  for (const Organism* o : ranking) {
    if (best.size() == count) break;
    if (seen.insert(o->genome).second) best.push_back(*o);
  }
  return best;
}

}  // namespace microgpt::evolution
