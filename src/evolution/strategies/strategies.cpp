// The choice of a strategy, and the small ones.
#include "strategies.hpp"

#include "microgpt/core/error.hpp"

namespace microgpt::evolution {

Organism random_organism(Origin origin, const SearchSpace& space, Rng& rng) {
  Organism organism;
  organism.origin = origin;
  organism.genome = random_genome(space, rng);
  return organism;
}

Organism elite(const Ancestors& ancestors, std::size_t rank) {
  const Organism& parent = ancestors.parent(ancestors.ranking[rank]);
  Organism same;
  same.origin = Origin::elite;
  same.genome = parent.genome;
  same.parents = {parent.id};
  same.evaluation = parent.evaluation;
  return same;
}

const Organism& tournament(const Ancestors& ancestors, std::size_t size, Rng& rng) {
  const auto members = sample_without_replacement(size, ancestors.parents.size(), rng);
  return ancestors.parent(*std::ranges::min_element(members, [&](std::size_t a, std::size_t b) {
    return better(ancestors.parent(a), ancestors.parent(b));
  }));
}

namespace {

/// Random search: every organism is drawn at random.
class Random final : public Strategy {
 public:
  explicit Random(const SearchSpace& space) : space_(space) {}
  Organism breed(const Ancestors&, std::size_t, Rng& rng) override {
    return random_organism(Origin::random, space_, rng);
  }

 private:
  const SearchSpace& space_;
};

/// The aesthetic engine: the elite, and copies of it with one gene changed.
class EliteCopies final : public Strategy {
 public:
  EliteCopies(const EvolutionConfig& config, const SearchSpace& space)
      : config_(config), space_(space) {}

  Organism breed(const Ancestors& ancestors, std::size_t place, Rng& rng) override {
    if (ancestors.parents.empty()) return random_organism(Origin::random, space_, rng);
    if (place < config_.elite) return elite(ancestors, place);
    if (place < config_.elite + config_.immigrants) {
      return random_organism(Origin::immigrant, space_, rng);
    }
    // In the steady state fewer than the elite may have finished.
    const std::size_t elite_size = std::min(config_.elite, ancestors.ranking.size());
    const Organism& parent = ancestors.parent(ancestors.ranking[rng.below(elite_size)]);
    Organism copy;
    copy.origin = Origin::mutant;
    copy.genome = mutate(parent.genome, 1, space_, rng);
    copy.parents = {parent.id};
    return copy;
  }

 private:
  const EvolutionConfig& config_;
  const SearchSpace& space_;
};

}  // namespace

std::unique_ptr<Strategy> random_strategy(const EvolutionConfig&, const SearchSpace& space,
                                          const CostOf&) {
  return std::make_unique<Random>(space);
}

std::unique_ptr<Strategy> elite_copies_strategy(const EvolutionConfig& config,
                                                const SearchSpace& space, const CostOf&) {
  return std::make_unique<EliteCopies>(config, space);
}

std::unique_ptr<Strategy> make_strategy(const EvolutionConfig& config, const SearchSpace& space,
                                        const CostOf& cost_of) {
  return std::ranges::find(kStrategyEntries, config.strategy, &StrategyEntry::value)
      ->make(config, space, cost_of);
}

}  // namespace microgpt::evolution
