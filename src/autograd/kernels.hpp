#pragma once

#include <cstddef>
#include <cstdint>

#include "microgpt/autograd/fused.hpp"
#include "microgpt/autograd/simd.hpp"

namespace microgpt {

/// C (rows x cols) = A (rows x inner) B (inner x cols), or += where `accumulate`. Each element is
/// one chain of fused multiply-adds over `inner` in order, starting from 0 or from what C holds.
/// A is read at a[row * a_row + k * a_inner], so that a transposed A costs nothing.
template <class Real>
struct MatmulArguments {
  std::size_t rows, cols, inner;
  const Real* a;
  std::size_t a_row, a_inner;
  const Real* b;
  std::size_t b_inner;
  Real* c;
  std::size_t c_row;
  bool accumulate;
};

/// q, k, v and out have rows of channels = heads * D numbers. The probabilities of a sequence are
/// stored head by head, queries x keys.
template <class Real>
struct AttentionArguments {
  std::size_t channels, heads;
  const Sequence* sequences;
  std::size_t sequence_count;
  const Real *q, *k, *v;
  Real* probabilities;
};

template <class Real>
struct AdamArguments {
  std::size_t count;
  Real *weights, *gradients, *first_moment, *second_moment;
  Real beta1, beta2, epsilon;
  Real step_size;          ///< learning rate / (1 - beta1^t)
  Real second_correction;  ///< 1 / (1 - beta2^t)
};

/// The numeric work of the fused algebra for one instruction set. Every table gives the same bits;
/// the portable one is the plain loop that the others must equal. Backward kernels add.
template <class Real>
struct Kernels {
  Simd simd;
  void (*matmul)(const MatmulArguments<Real>&);
  /// out (cols x rows) = transpose of in (rows x cols).
  void (*transpose)(std::size_t rows, std::size_t cols, const Real* in, Real* out);
  void (*add)(std::size_t n, const Real* a, const Real* b, Real* out);
  void (*relu)(std::size_t n, const Real* x, Real* y);
  void (*relu_backward)(std::size_t n, const Real* x, const Real* grad_y, Real* grad_x);
  void (*rmsnorm)(std::size_t rows, std::size_t cols, const Real* x, Real* y, Real* inverse_rms);
  void (*rmsnorm_backward)(std::size_t rows, std::size_t cols, const Real* y,
                           const Real* inverse_rms, const Real* grad_y, Real* grad_x);
  void (*softmax)(std::size_t rows, std::size_t cols, const Real* x, Real* y);
  void (*softmax_backward)(std::size_t rows, std::size_t cols, const Real* y, const Real* grad_y,
                           Real* grad_x);
  /// probabilities = softmax(logits), losses[row] = -ln probabilities[row][targets[row]].
  void (*cross_entropy)(std::size_t rows, std::size_t cols, const Real* logits,
                        const std::uint32_t* targets, Real* probabilities, Real* losses);
  void (*cross_entropy_backward)(std::size_t rows, std::size_t cols, const Real* probabilities,
                                 const std::uint32_t* targets, const Real* grad_losses,
                                 Real* grad_logits);
  void (*attention)(const AttentionArguments<Real>&, Real* out);
  void (*attention_backward)(const AttentionArguments<Real>&, const Real* grad_out, Real* grad_q,
                             Real* grad_k, Real* grad_v);
  /// One step of Adam (Kingma and Ba, 2015); leaves the gradients at zero.
  void (*adam)(const AdamArguments<Real>&);
  void (*exp)(std::size_t n, const Real* x, Real* y);
  void (*log)(std::size_t n, const Real* x, Real* y);
};

/// The table for an instruction set. Throws Error if this processor does not have it.
template <class Real>
const Kernels<Real>& kernels_for(Simd simd);

}  // namespace microgpt
