#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "microgpt/layers.hpp"

namespace microgpt::autograd {

/// The turns of the rotary position embedding (Su et al., "RoFormer: enhanced transformer with
/// rotary position embedding", 2021): pair i of `pairs` is turned by the angle p base^(-i / pairs)
/// at position p. The same bits on every machine.
template <class Real>
class RotaryTable {
 public:
  /// For the positions [0, positions). Throws Error unless base is finite and at least 1.
  RotaryTable(std::size_t positions, std::size_t pairs, double base = 10000);

  std::size_t positions() const { return positions_; }
  std::size_t pairs() const { return pairs_; }
  /// The cosines of all pairs at a position < positions(), then their sines.
  std::span<const Real> turns(std::size_t position) const {
    return {turns_.data() + position * 2 * pairs_, 2 * pairs_};
  }

 private:
  std::size_t positions_, pairs_;
  std::vector<Real> turns_;
};

}  // namespace microgpt::autograd
