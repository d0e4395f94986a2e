#pragma once

#include "microgpt/autograd/simd.hpp"

namespace microgpt::bench {

/// Multiply-adds that a core does per second with the vectors of an instruction set, twice counted
/// as GFLOP/s are: independent chains in registers, no memory. Measured for some milliseconds of
/// CPU time.
template <class Real>
double peak_flops(autograd::Simd simd);

}  // namespace microgpt::bench
