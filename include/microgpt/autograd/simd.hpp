#pragma once

#include <vector>

#include "microgpt/core/enum_names.hpp"

namespace microgpt::autograd {

/// The instruction set of the kernels. All give the same bits; they differ in speed only.
enum class Simd {
  best,      ///< the fastest one of this processor
  portable,  ///< one lane, std::fma: the reference for the others
  avx2,      ///< x86 with AVX2 and FMA
  avx512,    ///< x86 with AVX-512 F, BW, CD, DQ and VL
  neon       ///< AArch64
};

constexpr auto enum_names(Simd) {
  return enum_table<Simd>("instruction set", {{Simd::best, "best"},
                                              {Simd::portable, "portable"},
                                              {Simd::avx2, "avx2"},
                                              {Simd::avx512, "avx512"},
                                              {Simd::neon, "neon"}});
}

/// The instruction sets of this processor, the fastest first; the last one is `portable`.
std::vector<Simd> supported_simd();

}  // namespace microgpt::autograd
