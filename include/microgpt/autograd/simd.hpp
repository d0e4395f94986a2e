#pragma once

#include <vector>

#include "microgpt/core/enum_names.hpp"

namespace microgpt::autograd {

/// Which instruction set the kernels use. All give the same bits; they differ in speed.
enum class Simd {
  best,      ///< the fastest that this processor has
  portable,  ///< one lane at a time, std::fma: the oracle of the others
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

/// What this processor can run, the fastest first; ends with `portable`.
std::vector<Simd> supported_simd();

}  // namespace microgpt::autograd
