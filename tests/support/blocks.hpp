#pragma once

#include "microgpt/autograd/val.hpp"
#include "numbers.hpp"

namespace microgpt::test {

using namespace autograd;

/// A block of leaves that hold random numbers.
template <class Real>
Block<Real> random_block(Tape<Real>& tape, Rng& rng, std::size_t rows, std::size_t cols) {
  const Block<Real> block = tape.zeros(rows, cols);
  for (Real& number : block.data()) number = static_cast<Real>(rng.uniform(-1, 1));
  return block;
}

}  // namespace microgpt::test
