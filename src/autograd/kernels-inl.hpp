// The numeric kernels, in lanes. Included by kernels.cpp once for each instruction set.
//
// Lanes run over outputs (columns, channels, parameters) and never across a sum, except where
// sum_in_eight_lanes fixes the order, so the vector width does not change any result.
// One file for each family, below. T = rows (positions), C = columns (channels), H = heads, D =
// channels of a head.

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace microgpt::autograd {
namespace HWY_NAMESPACE {

// Each builds on those before it.
// clang-format off
#include "lanes-inl.hpp"
#include "../core/elementary-inl.hpp"
#include "kernels/transpose-inl.hpp"
#include "kernels/matmul-inl.hpp"
#include "kernels/elementwise-inl.hpp"
#include "kernels/gates-inl.hpp"
#include "kernels/rotary-inl.hpp"
#include "kernels/rows-inl.hpp"
#include "kernels/attention-inl.hpp"
#include "kernels/long_attention-inl.hpp"
#include "kernels/adam-inl.hpp"
// clang-format on

template <class Real>
const Kernels<Real>& kernels() {
  constexpr Simd kSimd = HWY_TARGET == HWY_AVX3   ? Simd::avx512
                         : HWY_TARGET == HWY_AVX2 ? Simd::avx2
                         : HWY_TARGET == HWY_NEON ? Simd::neon
                                                  : Simd::portable;
  static constexpr Kernels<Real> kTable = {.simd = kSimd,
                                           .matmul = matmul<Real>,
                                           .transpose = transpose<Real>,
                                           .add = add<Real>,
                                           .exp = exp<Real>,
                                           .relu = relu<Real>,
                                           .relu_backward = relu_backward<Real>,
                                           .relu_squared = relu_squared<Real>,
                                           .relu_squared_backward = relu_squared_backward<Real>,
                                           .gelu = gelu<Real>,
                                           .gelu_backward = gelu_backward<Real>,
                                           .swiglu = swiglu<Real>,
                                           .swiglu_backward = swiglu_backward<Real>,
                                           .rotary = rotary<Real>,
                                           .rotary_backward = rotary_backward<Real>,
                                           .rmsnorm = rmsnorm<Real>,
                                           .rmsnorm_backward = rmsnorm_backward<Real>,
                                           .softmax = softmax<Real>,
                                           .softmax_backward = softmax_backward<Real>,
                                           .cross_entropy = cross_entropy<Real>,
                                           .cross_entropy_backward = cross_entropy_backward<Real>,
                                           .attention = attention<Real>,
                                           .attention_backward = attention_backward<Real>,
                                           .adam = adam<Real>};
  return kTable;
}

}  // namespace HWY_NAMESPACE
}  // namespace microgpt::autograd
HWY_AFTER_NAMESPACE();
