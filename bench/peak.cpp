// The peak of multiply-adds, compiled for the instruction sets of src/autograd/kernels.cpp.
#define HWY_BROKEN_EMU128 1
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_EMU128)
#define HWY_COMPILE_ALL_ATTAINABLE

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "peak.cpp"
#include <hwy/foreach_target.h>  // includes this file once for each target
#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace microgpt::bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// `rounds` multiply-adds in each of ten chains: enough for two units of a latency of four cycles.
/// Returns their number, counting each lane.
template <class Real>
double multiply_adds(std::size_t rounds, Real* out) {
  const hn::ScalableTag<Real> d;
  const auto factor = hn::Set(d, Real(0.999)), term = hn::Set(d, Real(1e-3));
  auto a = hn::Iota(d, Real(0)), b = hn::Iota(d, Real(1)), c = hn::Iota(d, Real(2)),
       e = hn::Iota(d, Real(3)), f = hn::Iota(d, Real(4)), g = hn::Iota(d, Real(5)),
       h = hn::Iota(d, Real(6)), i = hn::Iota(d, Real(7)), j = hn::Iota(d, Real(8)),
       k = hn::Iota(d, Real(9));
  for (std::size_t round = 0; round < rounds; ++round) {
    a = hn::MulAdd(a, factor, term), b = hn::MulAdd(b, factor, term);
    c = hn::MulAdd(c, factor, term), e = hn::MulAdd(e, factor, term);
    f = hn::MulAdd(f, factor, term), g = hn::MulAdd(g, factor, term);
    h = hn::MulAdd(h, factor, term), i = hn::MulAdd(i, factor, term);
    j = hn::MulAdd(j, factor, term), k = hn::MulAdd(k, factor, term);
  }
  const auto sum = hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)),
                           hn::Add(hn::Add(f, g), hn::Add(hn::Add(h, i), hn::Add(j, k))));
  *out = hn::GetLane(sum);
  return 10.0 * static_cast<double>(rounds) * static_cast<double>(hn::Lanes(d));
}

}  // namespace microgpt::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <ctime>

#include "microgpt/core/error.hpp"
#include "peak.hpp"

namespace microgpt::bench {

namespace {

double cpu_seconds() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

template <class Real>
double run(autograd::Simd simd, std::size_t rounds, Real* out) {
  switch (simd) {
#if HWY_TARGETS & HWY_AVX3
    case autograd::Simd::avx512:
      return N_AVX3::multiply_adds(rounds, out);
#endif
#if HWY_TARGETS & HWY_AVX2
    case autograd::Simd::avx2:
      return N_AVX2::multiply_adds(rounds, out);
#endif
#if HWY_TARGETS & HWY_NEON
    case autograd::Simd::neon:
      return N_NEON::multiply_adds(rounds, out);
#endif
    default:
      return N_SCALAR::multiply_adds(rounds, out);
  }
}

}  // namespace

template <class Real>
double peak_flops(autograd::Simd simd) {
  constexpr std::size_t kRounds = 1'000'000;
  volatile Real result;
  Real out = 0;
  const double start = cpu_seconds();
  const double count = run(simd, kRounds, &out);
  const double seconds = cpu_seconds() - start;
  result = out;
  static_cast<void>(result);
  return 2 * count / seconds;
}

template double peak_flops<double>(autograd::Simd);
template double peak_flops<float>(autograd::Simd);

}  // namespace microgpt::bench

#endif  // HWY_ONCE
