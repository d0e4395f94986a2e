#pragma once

#include "microgpt/layers.hpp"

#include <string_view>
#include <vector>

namespace microgpt::autograd {

/// The instruction set of the kernels. All give the same bits; they differ in speed only.
enum class Simd {
  best,      ///< the fastest one of this processor
  portable,  ///< one lane, std::fma: the reference for the others
  avx2,      ///< x86 with AVX2 and FMA
  avx512,    ///< x86 with AVX-512 F, BW, CD, DQ and VL
  neon       ///< AArch64
};

std::string_view name(Simd simd);

/// The instruction sets of this processor, the fastest first; the last one is `portable`.
std::vector<Simd> supported_simd();

}  // namespace microgpt::autograd
