// The kernels, compiled once for every instruction set (kernels-inl.hpp, through Highway), and the
// choice between them at run time.

// SSE and further AVX-512 variants bring nothing here. The targets are AVX2, AVX-512 or NEON, and
// one portable lane.
#define HWY_BROKEN_EMU128 1
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_EMU128)
#define HWY_COMPILE_ALL_ATTAINABLE

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each target
#include <hwy/highway.h>

#include "kernels.hpp"

#include "kernels-inl.hpp"

#if HWY_ONCE

#include <algorithm>
#include <array>

#include "microgpt/core/error.hpp"

namespace microgpt::autograd {

namespace {

struct Target {
  Simd simd;
  std::int64_t highway;  // bit in hwy::SupportedTargets()
  const Kernels<double>& (*double_kernels)();
  const Kernels<float>& (*float_kernels)();
};

constexpr Target kTargets[] = {
#if HWY_TARGETS & HWY_AVX3
    {Simd::avx512, HWY_AVX3, N_AVX3::kernels<double>, N_AVX3::kernels<float>},
#endif
#if HWY_TARGETS & HWY_AVX2
    {Simd::avx2, HWY_AVX2, N_AVX2::kernels<double>, N_AVX2::kernels<float>},
#endif
#if HWY_TARGETS & HWY_NEON
    {Simd::neon, HWY_NEON, N_NEON::kernels<double>, N_NEON::kernels<float>},
#endif
    {Simd::portable, HWY_SCALAR, N_SCALAR::kernels<double>, N_SCALAR::kernels<float>},
};

bool supported(const Target& target) {
  static const std::int64_t found = hwy::SupportedTargets();  // takes microseconds to find out
  return target.simd == Simd::portable || (found & target.highway) != 0;
}

}  // namespace

std::vector<Simd> supported_simd() {
  std::vector<Simd> found;
  for (const Target& target : kTargets) {
    if (supported(target)) found.push_back(target.simd);
  }
  return found;
}

template <class Real>
const Kernels<Real>& kernels_for(Simd simd) {
  for (const Target& target : kTargets) {
    if (!supported(target) || (simd != Simd::best && simd != target.simd)) continue;
    if constexpr (std::is_same_v<Real, double>) {
      return target.double_kernels();
    } else {
      return target.float_kernels();
    }
  }
  fail("this processor has no {}", name(simd));
}

template const Kernels<double>& kernels_for(Simd);
template const Kernels<float>& kernels_for(Simd);

}  // namespace microgpt::autograd

#endif  // HWY_ONCE
