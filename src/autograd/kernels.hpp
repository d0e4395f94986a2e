#pragma once

#include <cstddef>
#include <cstdint>

#include "microgpt/autograd/fused.hpp"
#include "microgpt/autograd/simd.hpp"

namespace microgpt::autograd {

/// C (rows x cols) = A (rows x inner) B (inner x cols), or += if `accumulate`. Each element is
/// one chain of fused multiply-adds over `inner` in order, starting from 0 or the value in C.
/// A is read at a[row * a_row + k * a_inner], where one of the two is 1, so that a transposed A
/// costs nothing; B at b[k * b_inner + col * b_col], likewise.
template <class Real>
struct MatmulArguments {
  std::size_t rows, cols, inner;
  const Real* a;
  std::size_t a_row, a_inner;
  const Real* b;
  std::size_t b_inner;
  std::size_t b_col = 1;
  Real* c;
  std::size_t c_row;
  bool accumulate;
};

/// How many queries the attention kernels take at a time, whatever the width of a vector.
inline constexpr std::size_t kAttentionChunk = 8;
/// Sequences with more keys are processed in blocks of as many queries and keys, which forget their
/// probabilities, so that memory does not grow with the square of the length.
inline constexpr std::size_t kAttentionBlock = 64;

inline bool is_long(const Sequence& s) { return s.keys > kAttentionBlock; }

/// q, k, v and out have rows of channels = heads * D numbers. Saved for the backward pass, sequence
/// by sequence: of a short one the probabilities, head by head, chunk by chunk of queries, as keys
/// x kAttentionChunk; of a long one, head by head, the largest score of each query, and then one
/// over the sum of e^(score - largest).
template <class Real>
struct AttentionArguments {
  std::size_t channels, heads;
  const Sequence* sequences;
  std::size_t sequence_count;
  const Real *q, *k, *v;
  Real* saved;    ///< null: there will be no backward pass
  Real* scratch;  ///< scratch_count() numbers

  /// The index of the probability of [query][key] of head `head` within its short sequence.
  static std::size_t place(const Sequence& s, std::size_t head, std::size_t query,
                           std::size_t key) {
    const std::size_t chunk = head * chunks(s) + query / kAttentionChunk;
    return (chunk * s.keys + key) * kAttentionChunk + query % kAttentionChunk;
  }
  static std::size_t chunks(const Sequence& s) {
    return (s.queries + kAttentionChunk - 1) / kAttentionChunk;
  }
  static std::size_t saved_count(const Sequence& s, std::size_t heads) {
    return is_long(s) ? 2 * heads * s.queries : heads * chunks(s) * s.keys * kAttentionChunk;
  }
  /// Numbers of scratch memory that the kernels need for a sequence, besides those of saved_count()
  /// if they are not saved.
  static std::size_t scratch_count(const Sequence& s, std::size_t channels, std::size_t heads) {
    if (is_long(s)) return kAttentionBlock * (5 * channels / heads + 3 * kAttentionBlock + 1);
    const std::size_t queries =
        (s.queries + 2 * kAttentionChunk) / kAttentionChunk * kAttentionChunk;
    const std::size_t keys = (s.keys + 2 * kAttentionChunk) / kAttentionChunk * kAttentionChunk;
    return 2 * channels * kAttentionChunk + 2 * keys * kAttentionChunk + 2 * queries * keys +
           2 * channels * keys + heads * keys;
  }
};

/// Rows of `heads` times `width` channels. Of each head, channel i < width / 2 and channel
/// i + width / 2 are turned by an angle; the last one of an odd width is not.
template <class Real>
struct RotaryArguments {
  std::size_t rows, heads, width;
  const Real* turns;  ///< of each row: the cosines of all pairs, then their sines
};

/// m = beta1 m + g;  v = beta2 v + g^2;  w = keep w - step m / (sqrt(v) + epsilon)
template <class Real>
struct AdamArguments {
  std::size_t count;
  Real* weights;
  const Real* gradients;
  Real *first_moment, *second_moment;
  Real beta1, beta2, epsilon, step;
  /// Sets negligible moments to zero. While a gradient is zero they would decay into subnormal
  /// numbers, on which processors are a hundred times slower.
  bool drop_tiny_moments;
  Real keep = 1;  ///< less than 1: the weights decay
};

/// The numeric kernels of the fused algebra for one instruction set. Every table gives the same
/// bits; the portable one is the reference. Backward kernels accumulate.
template <class Real>
struct Kernels {
  Simd simd;
  void (*matmul)(const MatmulArguments<Real>&);
  /// out (cols x rows) = transpose of in (rows x cols).
  void (*transpose)(std::size_t rows, std::size_t cols, const Real* in, Real* out);
  void (*add)(std::size_t n, const Real* a, const Real* b, Real* out);
  /// y = e^x, with the bits of core::elementary::exp.
  void (*exp)(std::size_t n, const Real* x, Real* y);
  void (*relu)(std::size_t n, const Real* x, Real* y);
  void (*relu_backward)(std::size_t n, const Real* x, const Real* grad_y, Real* grad_x);
  void (*relu_squared)(std::size_t n, const Real* x, Real* y);
  void (*relu_squared_backward)(std::size_t n, const Real* x, const Real* grad_y, Real* grad_x);
  /// Where x is infinite, a product with a weight or a derivative of 0 is 0, not NaN.
  void (*gelu)(std::size_t n, const Real* x, Real* y);
  void (*gelu_backward)(std::size_t n, const Real* x, const Real* grad_y, Real* grad_x);
  void (*swiglu)(std::size_t n, const Real* gate, const Real* x, Real* y);
  void (*swiglu_backward)(std::size_t n, const Real* gate, const Real* x, const Real* grad_y,
                          Real* grad_gate, Real* grad_x);
  void (*rotary)(const RotaryArguments<Real>&, const Real* x, Real* y);
  void (*rotary_backward)(const RotaryArguments<Real>&, const Real* grad_y, Real* grad_x);
  void (*rmsnorm)(std::size_t rows, std::size_t cols, const Real* x, Real* y, Real* inverse_rms);
  void (*rmsnorm_backward)(std::size_t rows, std::size_t cols, const Real* y,
                           const Real* inverse_rms, const Real* grad_y, Real* grad_x);
  void (*softmax)(std::size_t rows, std::size_t cols, const Real* x, Real* y);
  void (*softmax_backward)(std::size_t rows, std::size_t cols, const Real* y, const Real* grad_y,
                           Real* grad_x);
  /// probabilities = softmax(logits), losses[row] = -ln probabilities[row][targets[row]].
  /// `probabilities` may be null.
  void (*cross_entropy)(std::size_t rows, std::size_t cols, const Real* logits,
                        const std::uint32_t* targets, Real* probabilities, Real* losses);
  void (*cross_entropy_backward)(std::size_t rows, std::size_t cols, const Real* probabilities,
                                 const std::uint32_t* targets, const Real* grad_losses,
                                 Real* grad_logits);
  void (*attention)(const AttentionArguments<Real>&, Real* out);
  void (*attention_backward)(const AttentionArguments<Real>&, const Real* out, const Real* grad_out,
                             Real* grad_q, Real* grad_k, Real* grad_v);
  /// One step of Adam (Kingma and Ba, 2015); the quotient is within 4 ulp.
  void (*adam)(const AdamArguments<Real>&);
};

/// The table for an instruction set. Throws Error if this processor does not support it.
template <class Real>
const Kernels<Real>& kernels_for(Simd simd);

}  // namespace microgpt::autograd
