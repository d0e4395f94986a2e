#pragma once

#include "microgpt/layers.hpp"

#include <string_view>
#include <vector>

namespace microgpt::autograd {

/// Which instruction set the kernels use. All give the same bits; they differ in speed.
enum class Simd {
  best,      ///< the fastest that this processor has
  portable,  ///< one lane at a time, std::fma: the oracle of the others
  avx2,      ///< x86 with AVX2 and FMA
  avx512,    ///< x86 with AVX-512 F, BW, CD, DQ and VL
  neon       ///< AArch64
};

std::string_view name(Simd simd);

/// What this processor can run, the fastest first; ends with `portable`.
std::vector<Simd> supported_simd();

}  // namespace microgpt::autograd
