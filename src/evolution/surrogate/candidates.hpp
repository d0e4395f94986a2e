#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "microgpt/core/random.hpp"
#include "microgpt/evolution/organism.hpp"
#include "microgpt/genome/cost.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::evolution {

/// Somebody who may be born.
struct Candidate {
  Genome genome;
  Origin origin;
  std::array<std::uint64_t, 2> parents;
  std::size_t parent_count;
  double log_flops = 0;   // of its training
  double log_traded = 0;  // cost that is traded against the loss
  double gain = 0;
  bool is_taken = false;
};

/// A child of one or two of some parents, of which there must be one, and which stand for their own
/// ancestors if they are candidates themselves: half of them neighbours, a quarter crossovers, a
/// quarter mutants.
Candidate variation(std::span<const Candidate> parents, const SearchSpace& space, Rng& rng);

/// The primordial genome, trained for as long as the space allows.
Genome longest_primordial(const SearchSpace& space);

/// A random genome; whole numbers of a range are drawn on a logarithmic scale.
Genome anywhere(const SearchSpace& space, Rng& rng);

/// Takes away as few steps as it takes for a training to cost no more than this, if that is
/// possible, or as little of what else is the duration. Returns what the organism costs.
Cost fit(Genome& genome, double most, const SearchSpace& space, const CostOf& cost_of);

}  // namespace microgpt::evolution
