#pragma once

#include <cstddef>

#include "microgpt/core/random.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::evolution {

/// A genome with each gene from either parent, by a fair coin. Where the coins give an n_head that
/// does not divide n_emb, the two are tossed again.
Genome crossover(const Genome& mother, const Genome& father, Rng& rng);

/// A copy in which `count` different genes (or all that can change, if fewer) have a different
/// value from the space. n_head still divides n_emb.
Genome mutate(const Genome& genome, std::size_t count, const SearchSpace& space, Rng& rng);

/// A copy in which `count` different genes took a small step: to the next value of their list, lr
/// by a factor from 1/2 to 2, steps by a factor of 3/4 or 4/3. n_head still divides n_emb.
Genome nudge(const Genome& genome, std::size_t count, const SearchSpace& space, Rng& rng);

/// mutate() of 1, 2 or 3 genes.
Genome mutate(const Genome& genome, const SearchSpace& space, Rng& rng);

}  // namespace microgpt::evolution
