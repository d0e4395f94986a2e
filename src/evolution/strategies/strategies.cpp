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
  const Organism& parent = ancestors.parents[ancestors.ranking[rank]];
  Organism same;
  same.origin = Origin::elite;
  same.genome = parent.genome;
  same.parents = {parent.id};
  same.evaluation = parent.evaluation;
  return same;
}

std::size_t tournament(std::span<const Organism> population, std::size_t size, Rng& rng) {
  const auto members = sample_without_replacement(size, population.size(), rng);
  return *std::min_element(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
    return better(population[a], population[b]);
  });
}

namespace {

/// Random search: every organism is drawn at random.
class Random final : public Strategy {
 public:
  explicit Random(const SearchSpace& space) : space_(space) {}
  Organism breed(const Ancestors&, std::size_t, Rng& rng) const override {
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

  Organism breed(const Ancestors& ancestors, std::size_t place, Rng& rng) const override {
    if (ancestors.parents.empty()) return random_organism(Origin::random, space_, rng);
    if (place < config_.elite) return elite(ancestors, place);
    if (place < config_.elite + config_.immigrants) {
      return random_organism(Origin::immigrant, space_, rng);
    }
    // In the steady state fewer than the elite may have finished.
    const std::size_t elite_size = std::min(config_.elite, ancestors.ranking.size());
    const Organism& parent = ancestors.parents[ancestors.ranking[rng.below(elite_size)]];
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

std::unique_ptr<Strategy> random_strategy(const SearchSpace& space) {
  return std::make_unique<Random>(space);
}

std::unique_ptr<Strategy> elite_copies_strategy(const EvolutionConfig& config,
                                                const SearchSpace& space) {
  return std::make_unique<EliteCopies>(config, space);
}

std::unique_ptr<Strategy> make_strategy(const EvolutionConfig& config, const SearchSpace& space,
                                        const Cost& cost) {
  switch (config.strategy) {
    case StrategyKind::classic:
      return classic_strategy(config, space);
    case StrategyKind::random:
      return random_strategy(space);
    case StrategyKind::guided:
      return guided_strategy(config, space, cost);
    case StrategyKind::elite_copies:
      return elite_copies_strategy(config, space);
  }
  fail("there is no such strategy");
}

}  // namespace microgpt::evolution
