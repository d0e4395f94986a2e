#pragma once

#include <algorithm>
#include <memory>

#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/strategy.hpp"
#include "microgpt/evolution/variation.hpp"

namespace microgpt::evolution {

/// Makes a strategy. Each file has one of these; the registry in strategies.cpp knows it.
using StrategyFactory = std::unique_ptr<Strategy>(const EvolutionConfig&, const SearchSpace&,
                                                  const CostOf&);

/// Someone new, drawn from the space.
Organism random_organism(Origin origin, const SearchSpace& space, Rng& rng);
/// The parent of this rank, unchanged and with what it was worth.
Organism elite(const Ancestors& ancestors, std::size_t rank);

}  // namespace microgpt::evolution
