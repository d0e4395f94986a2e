// The classic algorithm: elite, immigrants, and children of tournament winners.
#include "strategies.hpp"

namespace microgpt::evolution {

namespace {

/// Of the children of tournament winners, 40 % come from crossover, 40 % from mutation and the rest
/// from hypermutation, in this order.
Origin child_origin(std::size_t child, std::size_t children) {
  const std::size_t share = (children * 2 + 2) / 5;  // 40 %, rounded
  if (child < share) return Origin::crossover;
  return child < 2 * share ? Origin::mutant : Origin::hypermutant;
}

class Classic final : public Strategy {
 public:
  Classic(const EvolutionConfig& config, const SearchSpace& space)
      : config_(config), space_(space) {}

  Organism breed(const Ancestors& ancestors, std::size_t place, Rng& rng) override {
    if (ancestors.parents.empty()) return random_organism(Origin::random, space_, rng);
    if (place < config_.elite) return elite(ancestors, place);
    const std::size_t newcomers = config_.elite + config_.immigrants;
    if (place < newcomers) return random_organism(Origin::immigrant, space_, rng);
    return child(ancestors, child_origin(place - newcomers, config_.population - newcomers), rng);
  }

 private:
  Organism child(const Ancestors& ancestors, Origin origin, Rng& rng) const {
    const auto parent = [&]() -> const Organism& {
      return tournament(ancestors, std::min(config_.tournament, ancestors.parents.size()), rng);
    };
    Organism child;
    child.origin = origin;
    const Organism& mother = parent();
    child.parents = {mother.id};
    child.genome = mother.genome;
    if (origin == Origin::crossover) {
      const Organism& father = parent();
      child.parents.push_back(father.id);
      child.genome = crossover(mother.genome, father.genome, rng);
    }
    child.genome = mutate(child.genome, space_, rng);
    if (origin == Origin::hypermutant) child.genome = mutate(child.genome, space_, rng);
    return child;
  }

  const EvolutionConfig& config_;
  const SearchSpace& space_;
};

}  // namespace

std::unique_ptr<Strategy> classic_strategy(const EvolutionConfig& config, const SearchSpace& space,
                                           const CostOf&) {
  return std::make_unique<Classic>(config, space);
}

}  // namespace microgpt::evolution
