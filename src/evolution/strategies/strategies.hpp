#pragma once

#include <algorithm>
#include <memory>

#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/strategy.hpp"
#include "microgpt/evolution/variation.hpp"

namespace microgpt::evolution {

/// Someone new, drawn from the space.
Organism random_organism(Origin origin, const SearchSpace& space, Rng& rng);
/// The parent of this rank, unchanged and with what it was worth.
Organism elite(const Ancestors& ancestors, std::size_t rank);

}  // namespace microgpt::evolution
