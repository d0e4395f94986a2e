// A search for the minimum of a function of one's own: ask for organisms, tell what they are worth.
// Nothing here is a GPT; the genes are those of the function.
#include <fmt/format.h>

#include <cmath>

#include "microgpt/evolution/evolution.hpp"
#include "microgpt/genome/search_space.hpp"

using namespace microgpt::evolution;

/// The smaller, the better. "exact" costs 0.1 more than "fast", which is wrong by sin(20 x).
double value_of(const Genome& genome) {
  const double x = genome["x"], y = std::log10(genome["y"]);
  const double bowl = (x - 1) * (x - 1) + (y + 2) * (y + 2) / 4;
  return bowl + (genome["method"] == 0 ? 0.3 * std::sin(20 * x) : 0.1);
}

int main() {
  // The table must outlive the genomes. A category is its place among the names.
  const GeneTable genes(
      {{.name = "x", .low = -5, .high = 5},
       {.name = "y", .low = 1e-6, .high = 1, .primordial = 0.1},
       {.name = "method", .kind = GeneKind::category, .high = 1, .categories = {"fast", "exact"}}});
  SearchSpace space = SearchSpace::primordial(genes);
  space["x"] = LinearDomain{-5, 5};
  space["y"] = LogDomain{1e-6, 1};
  space["method"] = ListDomain{{0, 1}};

  Evolution evolution({.strategy = StrategyKind::guided, .generations = 10, .seed = 1}, space);
  while (!evolution.finished()) {
    std::vector<Trial> trials;
    for (const Organism& organism : evolution.ask()) {  // could be evaluated side by side
      Trial& trial = trials.emplace_back();
      trial.task = task_of(organism);
      trial.evaluation.fitness = value_of(organism.genome);
    }
    evolution.tell(trials);
  }
  const Organism best = best_of(evolution.history(), 1).front();
  fmt::print("{} evaluations: {:.4f} at {}\n", evolution.history().size(), best.evaluation->fitness,
             describe(best.genome));
}
