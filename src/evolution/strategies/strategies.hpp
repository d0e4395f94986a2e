#pragma once

#include <algorithm>
#include <memory>

#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/strategy.hpp"
#include "microgpt/evolution/variation.hpp"

namespace microgpt::evolution {

std::unique_ptr<Strategy> classic_strategy(const EvolutionConfig&, const SearchSpace&);
std::unique_ptr<Strategy> random_strategy(const SearchSpace&);
std::unique_ptr<Strategy> guided_strategy(const EvolutionConfig&, const SearchSpace&, const Cost&);
std::unique_ptr<Strategy> elite_copies_strategy(const EvolutionConfig&, const SearchSpace&);

/// Someone new, drawn from the space.
Organism random_organism(Origin origin, const SearchSpace& space, Rng& rng);
/// The parent of this rank, unchanged and with what it was worth.
Organism elite(const Ancestors& ancestors, std::size_t rank);

}  // namespace microgpt::evolution
