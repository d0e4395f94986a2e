// The numeric kernels, in lanes. Included by kernels.cpp once for each instruction set.
//
// Lanes run over outputs (columns, channels, parameters) and never across a sum, except where
// sum_in_eight_lanes fixes the order; so the width of a vector does not change any result.
// T = rows (positions), C = columns (channels), H = heads, D = channels of a head.

#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels.hpp"

HWY_BEFORE_NAMESPACE();
namespace microgpt {
namespace HWY_NAMESPACE {

// lanes first: elementary-inl.hpp builds on its Ops
#include "lanes-inl.hpp"

#include "../core/elementary-inl.hpp"

// ---- Matrix product ----

// A tile of R rows x V vectors of C stays in registers while k runs over the inner dimension.
// kPart: the last vector is cut off at `last` lanes.
// kTransposed: a column of A is contiguous (a_row = 1); otherwise a row is (a_inner = 1).
template <bool kTransposed, int R, int V, bool kPart, class Real>
HWY_INLINE void matmul_tile(const MatmulArguments<Real>& m, std::size_t row, std::size_t col,
                            std::size_t last) {
  const hn::ScalableTag<Real> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto mask = hn::FirstN(d, last);
  const auto load_vector = [&](const Real* p, int v) HWY_ATTR {
    return kPart && v == V - 1 ? hn::MaskedLoad(mask, d, p) : hn::LoadU(d, p);
  };
  Real* c = m.c + row * m.c_row + col;
  hn::Vec<decltype(d)> sum[R][V];
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) {
      sum[r][v] = m.accumulate ? load_vector(c + r * m.c_row + v * lanes, v) : hn::Zero(d);
    }
  }
  const std::size_t a_row = kTransposed ? 1 : m.a_row, a_inner = kTransposed ? m.a_inner : 1;
  const Real* a = m.a + row * a_row;
  const Real* b = m.b + col;
  for (std::size_t k = 0; k < m.inner; ++k, a += a_inner, b += m.b_inner) {
    hn::Vec<decltype(d)> b_lanes[V];
    for (int v = 0; v < V; ++v) b_lanes[v] = load_vector(b + v * lanes, v);
    for (int r = 0; r < R; ++r) {
      const auto a_all = hn::Set(d, a[r * a_row]);
      for (int v = 0; v < V; ++v) sum[r][v] = fma(a_all, b_lanes[v], sum[r][v]);
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) {
      Real* to = c + r * m.c_row + v * lanes;
      if (kPart && v == V - 1) {
        hn::BlendedStore(sum[r][v], mask, d, to);
      } else {
        hn::StoreU(sum[r][v], d, to);
      }
    }
  }
}

// Registers: 32 hold a tile of 8 rows x 2 vectors (or 4 x 4), 16 hold 4 x 2.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kTileRows = 8, kWideRows = 4;
#else
constexpr int kTileRows = 4, kWideRows = 1;
#endif

// The rows of one column of tiles, as many as possible at a time.
template <bool kTransposed, int R, int V, bool kPart, class Real>
HWY_INLINE void matmul_rows(const MatmulArguments<Real>& m, std::size_t row, std::size_t col,
                            std::size_t last) {
  if constexpr (R > 0) {
    for (; row + R <= m.rows; row += R) matmul_tile<kTransposed, R, V, kPart>(m, row, col, last);
    if (row < m.rows) matmul_rows<kTransposed, R - 1, V, kPart>(m, row, col, last);
  }
}

template <bool kTransposed, class Real>
HWY_INLINE void matmul_columns(const MatmulArguments<Real>& m) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<Real>());
  std::size_t col = 0;
  if (m.rows <= kWideRows) {  // few rows: more columns at once keep the multipliers busy
    for (; col + 4 * lanes <= m.cols; col += 4 * lanes) {
      matmul_rows<kTransposed, kWideRows, 4, false>(m, 0, col, lanes);
    }
  }
  for (; col + 2 * lanes <= m.cols; col += 2 * lanes) {
    matmul_rows<kTransposed, kTileRows, 2, false>(m, 0, col, lanes);
  }
  const std::size_t left = m.cols - col;
  if (left > lanes) {
    matmul_rows<kTransposed, kTileRows, 2, true>(m, 0, col, left - lanes);
  } else if (left == lanes) {
    matmul_rows<kTransposed, kTileRows, 1, false>(m, 0, col, lanes);
  } else if (left > 0) {
    matmul_rows<kTransposed, kTileRows, 1, true>(m, 0, col, left);
  }
}

template <class Real>
void matmul(const MatmulArguments<Real>& arguments) {
  const MatmulArguments<Real> m =
      arguments;  // a copy: stores through its pointers cannot change it
  if (m.a_row == 1) {
    matmul_columns<true>(m);
  } else {
    matmul_columns<false>(m);
  }
}

// ---- Transposition ----

#if HWY_TARGET == HWY_SCALAR
template <class D, class V>
HWY_INLINE void transpose_registers(D, V*) {}
#else

// A 128-bit block holds two doubles or four floats. Transposes the squares within the blocks of as
// many rows as a block holds.
template <class D, class V>
HWY_INLINE void transpose_within_blocks(D d, V* row) {
  if constexpr (sizeof(hn::TFromD<D>) == 8) {
    const V a = row[0], b = row[1];
    row[0] = hn::InterleaveLower(d, a, b);
    row[1] = hn::InterleaveUpper(d, a, b);
  } else {
    const hn::RepartitionToWide<D> pairs;
    const auto low_ab = hn::BitCast(pairs, hn::InterleaveLower(d, row[0], row[1]));
    const auto high_ab = hn::BitCast(pairs, hn::InterleaveUpper(d, row[0], row[1]));
    const auto low_cd = hn::BitCast(pairs, hn::InterleaveLower(d, row[2], row[3]));
    const auto high_cd = hn::BitCast(pairs, hn::InterleaveUpper(d, row[2], row[3]));
    row[0] = hn::BitCast(d, hn::InterleaveLower(pairs, low_ab, low_cd));
    row[1] = hn::BitCast(d, hn::InterleaveUpper(pairs, low_ab, low_cd));
    row[2] = hn::BitCast(d, hn::InterleaveLower(pairs, high_ab, high_cd));
    row[3] = hn::BitCast(d, hn::InterleaveUpper(pairs, high_ab, high_cd));
  }
}

// Transposes the square of as many registers as one has lanes.
template <class D, class V>
HWY_INLINE void transpose_registers(D d, V* row) {
  constexpr std::size_t kLanes = hn::MaxLanes(d), kInBlock = 16 / sizeof(hn::TFromD<D>);
  for (std::size_t i = 0; i < kLanes; i += kInBlock) transpose_within_blocks(d, row + i);
  // Now the blocks themselves: those at the same place of each group of rows form a square.
  if constexpr (kLanes / kInBlock == 2) {
    for (std::size_t i = 0; i < kInBlock; ++i) {
      const V a = row[i], b = row[i + kInBlock];
      row[i] = hn::ConcatLowerLower(d, b, a);
      row[i + kInBlock] = hn::ConcatUpperUpper(d, b, a);
    }
  } else if constexpr (kLanes / kInBlock == 4) {
    for (std::size_t i = 0; i < kInBlock; ++i) {
      const V a = row[i], b = row[i + kInBlock];
      const V c = row[i + 2 * kInBlock], e = row[i + 3 * kInBlock];
      const V even_ab = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(b), a);  // a0 b0 a2 b2
      const V odd_ab = hn::OddEvenBlocks(b, hn::SwapAdjacentBlocks(a));   // a1 b1 a3 b3
      const V even_ce = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(e), c);
      const V odd_ce = hn::OddEvenBlocks(e, hn::SwapAdjacentBlocks(c));
      row[i] = hn::ConcatLowerLower(d, even_ce, even_ab);
      row[i + kInBlock] = hn::ConcatLowerLower(d, odd_ce, odd_ab);
      row[i + 2 * kInBlock] = hn::ConcatUpperUpper(d, even_ce, even_ab);
      row[i + 3 * kInBlock] = hn::ConcatUpperUpper(d, odd_ce, odd_ab);
    }
  }
}
#endif

// One square of out[j][i] = in[i][j], or += where kAdd; kWhole: no part of it lies outside.
template <bool kAdd, bool kWhole, class Real>
HWY_INLINE void transpose_square(std::size_t rows, std::size_t cols, const Real* in,
                                 std::size_t in_row, Real* out, std::size_t out_row) {
  const hn::CappedTag<Real, 8> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  hn::Vec<decltype(d)> square[kLanes];
  for (std::size_t r = 0; r < kLanes; ++r) {
    if constexpr (kWhole) {
      square[r] = hn::LoadU(d, in + r * in_row);
    } else {
      square[r] = r < rows ? load(d, in + r * in_row, cols) : hn::Zero(d);
    }
  }
  transpose_registers(d, square);
  for (std::size_t c = 0; c < kLanes; ++c) {
    Real* to = out + c * out_row;
    if constexpr (kWhole) {
      hn::StoreU(kAdd ? hn::Add(hn::LoadU(d, to), square[c]) : square[c], d, to);
    } else if (c < cols) {
      store(kAdd ? hn::Add(load(d, to, rows), square[c]) : square[c], d, to, rows);
    }
  }
}

// out[j][i] = in[i][j], or += where kAdd, square by square in registers.
template <bool kAdd, class Real>
HWY_INLINE void transpose_matrix(std::size_t rows, std::size_t cols, const Real* in,
                                 std::size_t in_row, Real* out, std::size_t out_row) {
  constexpr std::size_t kLanes = hn::MaxLanes(hn::CappedTag<Real, 8>());
  for (std::size_t i = 0; i < rows; i += kLanes) {
    for (std::size_t j = 0; j < cols; j += kLanes) {
      const Real* from = in + i * in_row + j;
      Real* to = out + j * out_row + i;
      if (rows - i >= kLanes && cols - j >= kLanes) {
        transpose_square<kAdd, true>(rows - i, cols - j, from, in_row, to, out_row);
      } else {
        transpose_square<kAdd, false>(rows - i, cols - j, from, in_row, to, out_row);
      }
    }
  }
}

// The first `count` rows of a chunk of eight, the others zero, as columns of out (cols x 8).
template <class Real>
HWY_INLINE void transpose_chunk(std::size_t count, std::size_t cols, const Real* in,
                                std::size_t in_row, Real* out) {
  const hn::CappedTag<Real, 8> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  for (std::size_t i = 0; i < kAttentionChunk; i += kLanes) {
    for (std::size_t j = 0; j < cols; j += kLanes) {
      hn::Vec<decltype(d)> square[kLanes];
      for (std::size_t r = 0; r < kLanes; ++r) {
        square[r] = i + r < count ? load(d, in + (i + r) * in_row + j, cols - j) : hn::Zero(d);
      }
      transpose_registers(d, square);
      for (std::size_t c = 0; c < kLanes && j + c < cols; ++c) {
        hn::StoreU(square[c], d, out + (j + c) * kAttentionChunk + i);
      }
    }
  }
}

template <class Real>
void transpose(std::size_t rows, std::size_t cols, const Real* in, Real* out) {
  transpose_matrix<false>(rows, cols, in, cols, out, rows);
}

// ---- Elementwise ----

template <class Real>
void add(std::size_t n, const Real* a, const Real* b, Real* out) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(hn::Add(load(d, a + i, left), load(d, b + i, left)), d, out + i, left);
  });
}

template <class Real>
void relu(std::size_t n, const Real* x, Real* y) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto value = load(d, x + i, left);
    // Not max(x, 0): a NaN must stay one.
    store(hn::IfThenZeroElse(hn::Le(value, hn::Zero(d)), value), d, y + i, left);
  });
}

template <class Real>
void relu_backward(std::size_t n, const Real* x, const Real* grad_y, Real* grad_x) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto blocked = hn::Le(load(d, x + i, left), hn::Zero(d));
    const auto passed = hn::IfThenZeroElse(blocked, load(d, grad_y + i, left));
    store(hn::Add(load(d, grad_x + i, left), passed), d, grad_x + i, left);
  });
}

template <class Real>
void exp(std::size_t n, const Real* x, Real* y) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(exp_lanes<Real>(load(d, x + i, left)), d, y + i, left);
  });
}

template <class Real>
void log(std::size_t n, const Real* x, Real* y) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(log_lanes<Real>(load(d, x + i, left)), d, y + i, left);
  });
}

// ---- Row by row ----

template <class Real>
HWY_INLINE Real dot(std::size_t n, const Real* a, const Real* b) {
  return sum_in_eight_lanes<Real>(
      n, [=](auto d, std::size_t i, std::size_t left, auto partial)
             HWY_ATTR { return fma(load(d, a + i, left), load(d, b + i, left), partial); });
}

// y += factor * x
template <class Real>
HWY_INLINE void add_multiple(std::size_t n, Real factor, const Real* x, Real* y) {
  const hn::ScalableTag<Real> d;
  const auto factors = hn::Set(d, factor);
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(fma(factors, load(d, x + i, left), load(d, y + i, left)), d, y + i, left);
  });
}

// y = x / r, r = sqrt(mean(x^2) + epsilon)
template <class Real>
void rmsnorm(std::size_t rows, std::size_t cols, const Real* x, Real* y, Real* inverse_rms) {
  const hn::ScalableTag<Real> d;
  for (std::size_t t = 0; t < rows; ++t, x += cols, y += cols) {
    const Real mean_square = dot(cols, x, x) / static_cast<Real>(cols);
    inverse_rms[t] = 1 / std::sqrt(mean_square + static_cast<Real>(kRmsNormEpsilon));
    const auto factor = hn::Set(d, inverse_rms[t]);
    for_lanes<Real>(cols, [&](std::size_t i, std::size_t left) HWY_ATTR {
      store(hn::Mul(load(d, x + i, left), factor), d, y + i, left);
    });
  }
}

// y = x / r: dy_j/dx_i = (delta_ij - y_i y_j / C) / r, hence
// grad_x = (grad_y - y * mean(grad_y * y)) / r
template <class Real>
void rmsnorm_backward(std::size_t rows, std::size_t cols, const Real* y, const Real* inverse_rms,
                      const Real* grad_y, Real* grad_x) {
  const hn::ScalableTag<Real> d;
  for (std::size_t t = 0; t < rows; ++t, y += cols, grad_y += cols, grad_x += cols) {
    const Real mean = dot(cols, grad_y, y) / static_cast<Real>(cols);
    const auto minus_mean = hn::Set(d, -mean);
    const auto factor = hn::Set(d, inverse_rms[t]);
    for_lanes<Real>(cols, [&](std::size_t i, std::size_t left) HWY_ATTR {
      const auto along = fma(minus_mean, load(d, y + i, left), load(d, grad_y + i, left));
      store(fma(factor, along, load(d, grad_x + i, left)), d, grad_x + i, left);
    });
  }
}

// The largest of n > 0 numbers. (With a NaN among them it may be any; the exponentials then bring
// the NaN to light.)
template <class Real>
HWY_INLINE Real maximum(std::size_t n, const Real* x) {
  const hn::CappedTag<Real, 8> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  auto largest = hn::Set(d, x[0]);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) largest = hn::Max(largest, hn::LoadU(d, x + i));
  Real lanes[kLanes];
  hn::StoreU(largest, d, lanes);
  Real result = lanes[0];
  for (std::size_t lane = 1; lane < kLanes; ++lane) result = std::max(result, lanes[lane]);
  for (; i < n; ++i) result = std::max(result, x[i]);
  return result;
}

// y = e^(x - max x) for one row, not yet divided by its sum, which is returned.
template <class Real>
HWY_INLINE Real exponentials(std::size_t n, const Real* x, Real largest, Real* y) {
  const hn::ScalableTag<Real> d;
  const auto shift = hn::Set(d, largest);
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(exp_lanes<Real>(hn::Sub(load(d, x + i, left), shift)), d, y + i, left);
  });
  return sum_in_eight_lanes<Real>(n,
                                  [=](auto d8, std::size_t i, std::size_t left, auto partial)
                                      HWY_ATTR { return hn::Add(partial, load(d8, y + i, left)); });
}

template <class Real>
HWY_INLINE void scale(std::size_t n, Real factor, Real* y) {
  const hn::ScalableTag<Real> d;
  const auto factors = hn::Set(d, factor);
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(hn::Mul(load(d, y + i, left), factors), d, y + i, left);
  });
}

template <class Real>
void softmax(std::size_t rows, std::size_t cols, const Real* x, Real* y) {
  for (std::size_t t = 0; t < rows; ++t, x += cols, y += cols) {
    scale(cols, 1 / exponentials(cols, x, maximum(cols, x), y), y);
  }
}

// dy_j/dx_i = y_j (delta_ij - y_i): grad_x = y (grad_y - sum(grad_y * y))
template <class Real>
void softmax_backward(std::size_t rows, std::size_t cols, const Real* y, const Real* grad_y,
                      Real* grad_x) {
  const hn::ScalableTag<Real> d;
  for (std::size_t t = 0; t < rows; ++t, y += cols, grad_y += cols, grad_x += cols) {
    const auto weighted = hn::Set(d, dot(cols, grad_y, y));
    for_lanes<Real>(cols, [&](std::size_t i, std::size_t left) HWY_ATTR {
      const auto relative = hn::Sub(load(d, grad_y + i, left), weighted);
      store(fma(load(d, y + i, left), relative, load(d, grad_x + i, left)), d, grad_x + i, left);
    });
  }
}

// loss = ln(sum e^(x - max)) + max - x[target]
template <class Real>
void cross_entropy(std::size_t rows, std::size_t cols, const Real* logits,
                   const std::uint32_t* targets, Real* probabilities, Real* losses) {
  for (std::size_t t = 0; t < rows; ++t) {
    Real* p = probabilities + t * cols;
    losses[t] = exponentials(cols, logits + t * cols, maximum(cols, logits + t * cols), p);
    scale(cols, 1 / losses[t], p);
  }
  log(rows, losses, losses);
  for (std::size_t t = 0; t < rows; ++t, logits += cols) {
    losses[t] += maximum(cols, logits) - logits[targets[t]];
  }
}

// dloss/dx_i = p_i - [i = target]
template <class Real>
void cross_entropy_backward(std::size_t rows, std::size_t cols, const Real* probabilities,
                            const std::uint32_t* targets, const Real* grad_losses,
                            Real* grad_logits) {
  for (std::size_t t = 0; t < rows; ++t, probabilities += cols, grad_logits += cols) {
    add_multiple(cols, grad_losses[t], probabilities, grad_logits);
    grad_logits[targets[t]] -= grad_losses[t];
  }
}

// ---- Attention ----
//
// Lanes run over queries, a chunk of eight at a time, so that softmax needs no sum across lanes;
// q and grad_out are transposed into that form, out and the gradients back out of it. Lanes beyond
// the last query compute on zeros and are dropped. Each sum runs over its index in order.

// The vectors of one chunk of queries: one of eight lanes, or two of four, and so on.
template <class Real>
struct Chunk {
  using D = hn::CappedTag<Real, kAttentionChunk>;
  using V = hn::Vec<D>;
  static constexpr std::size_t kLanes = hn::MaxLanes(D());
  static constexpr std::size_t kVectors = kAttentionChunk / kLanes;
};

// Queries [t, t + count) of one sequence and one head. Matrices: q_T, grad_out_T, ... are
// D x kAttentionChunk; p and grad_score are keys x kAttentionChunk.
template <class Real>
struct AttentionChunk {
  std::size_t first_seen;  // keys that the first query of the chunk sees
  std::size_t keys;        // keys that its last query sees
  std::size_t width;       // D
  std::size_t stride;      // channels: from one row of k and v to the next
  Real root;               // 1 / sqrt(D)
};

// out[s] = chain over c of x_T[c] y[s][c], for R keys from s on side by side
template <std::size_t R, class Real>
HWY_INLINE void dots_of_keys(const AttentionChunk<Real>& a, const Real* x_T, const Real* y,
                             Real* out) {
  const typename Chunk<Real>::D d;
  typename Chunk<Real>::V sum[R];
  const auto first = hn::LoadU(d, x_T);
  for (std::size_t r = 0; r < R; ++r) sum[r] = hn::Mul(first, hn::Set(d, y[r * a.stride]));
  for (std::size_t c = 1; c < a.width; ++c) {
    const auto x = hn::LoadU(d, x_T + c * kAttentionChunk);
    for (std::size_t r = 0; r < R; ++r) sum[r] = fma(x, hn::Set(d, y[r * a.stride + c]), sum[r]);
  }
  for (std::size_t r = 0; r < R; ++r) hn::StoreU(sum[r], d, out + r * kAttentionChunk);
}

// The same for all keys of the chunk.
template <class Real>
HWY_INLINE void dots(const AttentionChunk<Real>& a, const Real* x_T, const Real* y, Real* out) {
  std::size_t s = 0;
  for (; s + 4 <= a.keys; s += 4) {
    dots_of_keys<4>(a, x_T, y + s * a.stride, out + s * kAttentionChunk);
  }
  for (; s < a.keys; ++s) dots_of_keys<1>(a, x_T, y + s * a.stride, out + s * kAttentionChunk);
}

// out_T[c] = chain over s of weights[s] y[s][c], for R channels from c on
template <std::size_t R, class Real>
HWY_INLINE void weighted_channels(const AttentionChunk<Real>& a, const Real* weights, const Real* y,
                                  Real* out_T) {
  const typename Chunk<Real>::D d;
  typename Chunk<Real>::V sum[R];
  for (std::size_t r = 0; r < R; ++r) sum[r] = hn::Zero(d);
  for (std::size_t s = 0; s < a.keys; ++s) {
    const auto weight = hn::LoadU(d, weights + s * kAttentionChunk);
    for (std::size_t r = 0; r < R; ++r) {
      sum[r] = fma(weight, hn::Set(d, y[s * a.stride + r]), sum[r]);
    }
  }
  for (std::size_t r = 0; r < R; ++r) hn::StoreU(sum[r], d, out_T + r * kAttentionChunk);
}

template <class Real>
HWY_INLINE void weighted_sum(const AttentionChunk<Real>& a, const Real* weights, const Real* y,
                             Real* out_T) {
  std::size_t c = 0;
  for (; c + 4 <= a.width; c += 4) {
    weighted_channels<4>(a, weights, y + c, out_T + c * kAttentionChunk);
  }
  for (; c < a.width; ++c) weighted_channels<1>(a, weights, y + c, out_T + c * kAttentionChunk);
}

// p = softmax over the keys that each query sees; 0 for the others. One vector of lanes.
template <class Real>
HWY_INLINE void attend(const AttentionChunk<Real>& a, std::size_t first_lane, const Real* q_T,
                       const Real* k, Real* p) {
  const typename Chunk<Real>::D d;
  const auto root = hn::Set(d, a.root);
  const auto unseen = hn::Set(d, -std::numeric_limits<Real>::infinity());
  const auto lane = hn::Iota(d, static_cast<Real>(first_lane));
  auto largest = unseen;
  dots(a, q_T, k, p);
  for (std::size_t s = 0; s < a.keys; ++s) {
    auto score = hn::Mul(hn::LoadU(d, p + s * kAttentionChunk), root);
    if (s >= a.first_seen) {  // lane i sees the keys up to first_seen - 1 + i
      const auto sees = hn::Ge(lane, hn::Set(d, static_cast<Real>(s + 1 - a.first_seen)));
      score = hn::IfThenElse(sees, score, unseen);
    }
    hn::StoreU(score, d, p + s * kAttentionChunk);
    largest = hn::Max(largest, score);
  }
  auto sum = hn::Zero(d);
  for (std::size_t s = 0; s < a.keys; ++s) {
    const auto score = hn::LoadU(d, p + s * kAttentionChunk);
    const auto e = exp_lanes<Real, Ops<Real, typename Chunk<Real>::D>>(hn::Sub(score, largest));
    hn::StoreU(e, d, p + s * kAttentionChunk);
    sum = hn::Add(sum, e);
  }
  const auto inverse = hn::Div(hn::Set(d, Real{1}), sum);
  for (std::size_t s = 0; s < a.keys; ++s) {
    Real* at = p + s * kAttentionChunk;
    hn::StoreU(hn::Mul(hn::LoadU(d, at), inverse), d, at);
  }
}

template <class Real>
HWY_INLINE AttentionChunk<Real> chunk_of(const AttentionArguments<Real>& a, const Sequence& s,
                                         std::size_t t) {
  const std::size_t count = std::min<std::size_t>(kAttentionChunk, s.queries - t);
  const std::size_t width = a.channels / a.heads;
  return {.first_seen = s.keys - s.queries + t + 1,
          .keys = s.keys - s.queries + t + count,
          .width = width,
          .stride = a.channels,
          .root = 1 / std::sqrt(static_cast<Real>(width))};
}

template <class Real>
void attention(const AttentionArguments<Real>& a, Real* out) {
  const std::size_t width = a.channels / a.heads;
  const Real *q = a.q, *k = a.k, *v = a.v;
  Real *p = a.probabilities, *q_T = a.scratch, *out_T = q_T + a.channels * kAttentionChunk;
  for (std::size_t i = 0; i < a.sequence_count; ++i) {
    const Sequence& s = a.sequences[i];
    const std::size_t chunk_size = s.keys * kAttentionChunk;
    const std::size_t head_size = AttentionArguments<Real>::chunks(s) * chunk_size;
    for (std::size_t t = 0; t < s.queries; t += kAttentionChunk) {
      const AttentionChunk<Real> chunk = chunk_of(a, s, t);
      const std::size_t count = std::min<std::size_t>(kAttentionChunk, s.queries - t);
      transpose_chunk(count, a.channels, q + t * a.channels, a.channels, q_T);
      for (std::size_t h = 0; h < a.heads; ++h) {
        Real* p_h = p + h * head_size + t / kAttentionChunk * chunk_size;
        for (std::size_t l = 0; l < kAttentionChunk; l += Chunk<Real>::kLanes) {
          const std::size_t at = h * width * kAttentionChunk + l;
          attend(chunk, l, q_T + at, k + h * width, p_h + l);
          weighted_sum(chunk, p_h + l, v + h * width, out_T + at);
        }
        std::fill(p_h + chunk.keys * kAttentionChunk, p_h + chunk_size, Real{0});
      }
      transpose_matrix<false>(a.channels, count, out_T, kAttentionChunk, out + t * a.channels,
                              a.channels);
    }
    q += s.queries * a.channels, out += s.queries * a.channels;
    k += s.keys * a.channels, v += s.keys * a.channels;
    p += AttentionArguments<Real>::probability_count(s, a.heads);
  }
}

// grad_score = p (grad_p - sum_s p grad_p) / sqrt(D), grad_p[s] = grad_out v[s]. One vector.
template <class Real>
HWY_INLINE void score_gradients(const AttentionChunk<Real>& a, const Real* grad_out_T,
                                const Real* v, const Real* p, Real* grad_score) {
  const typename Chunk<Real>::D d;
  auto weighted = hn::Zero(d);
  dots(a, grad_out_T, v, grad_score);
  for (std::size_t s = 0; s < a.keys; ++s) {
    const auto grad_p = hn::LoadU(d, grad_score + s * kAttentionChunk);
    weighted = fma(hn::LoadU(d, p + s * kAttentionChunk), grad_p, weighted);
  }
  const auto root = hn::Set(d, a.root);
  for (std::size_t s = 0; s < a.keys; ++s) {
    Real* at = grad_score + s * kAttentionChunk;
    const auto relative = hn::Sub(hn::LoadU(d, at), weighted);
    hn::StoreU(hn::Mul(hn::Mul(hn::LoadU(d, p + s * kAttentionChunk), relative), root), d, at);
  }
}

// out_T[c][s] = chain over t of weights[t][s] x[t][c]: lanes over keys. weights: queries x keys,
// rows of `row` numbers; out_T: D x keys, rows of `row` numbers.
template <class Real>
HWY_INLINE void gather_over_queries(std::size_t queries, std::size_t keys, std::size_t width,
                                    std::size_t row, const Real* weights, const Real* x,
                                    std::size_t stride, Real* out_T) {
  const typename Chunk<Real>::D d;
  constexpr std::size_t kLanes = Chunk<Real>::kLanes;
  for (std::size_t s = 0; s < keys; s += kLanes) {
    std::size_t c = 0;
    for (; c + 4 <= width; c += 4) {
      typename Chunk<Real>::V sum[4] = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
      for (std::size_t t = 0; t < queries; ++t) {
        const auto weight = hn::LoadU(d, weights + t * row + s);
        for (std::size_t r = 0; r < 4; ++r) {
          sum[r] = fma(weight, hn::Set(d, x[t * stride + c + r]), sum[r]);
        }
      }
      for (std::size_t r = 0; r < 4; ++r) hn::StoreU(sum[r], d, out_T + (c + r) * row + s);
    }
    for (; c < width; ++c) {
      auto sum = hn::Zero(d);
      for (std::size_t t = 0; t < queries; ++t) {
        sum = fma(hn::LoadU(d, weights + t * row + s), hn::Set(d, x[t * stride + c]), sum);
      }
      hn::StoreU(sum, d, out_T + c * row + s);
    }
  }
}

// out_t = sum_s p_ts v_s, p_t = softmax(q_t k_s / sqrt(D)):
// grad_v_s += sum_t p_ts grad_out_t;  grad_q_t += sum_s grad_score_ts k_s;
// grad_k_s += sum_t grad_score_ts q_t
template <class Real>
void attention_backward(const AttentionArguments<Real>& a, const Real* grad_out, Real* grad_q,
                        Real* grad_k, Real* grad_v) {
  const std::size_t width = a.channels / a.heads, C = a.channels;
  const Real *q = a.q, *k = a.k, *v = a.v, *p = a.probabilities;
  for (std::size_t i = 0; i < a.sequence_count; ++i) {
    const Sequence& s = a.sequences[i];
    const std::size_t chunk_size = s.keys * kAttentionChunk;
    const std::size_t chunks = AttentionArguments<Real>::chunks(s);
    const std::size_t row = (s.keys + kAttentionChunk - 1) / kAttentionChunk * kAttentionChunk;
    Real* grad_out_T = a.scratch;                         // C x chunk
    Real* grad_q_T = grad_out_T + C * kAttentionChunk;    // C x chunk
    Real* grad_score_T = grad_q_T + C * kAttentionChunk;  // keys x chunk
    Real* p_rows = grad_score_T + chunk_size;             // queries x keys
    Real* grad_score = p_rows + chunks * kAttentionChunk * row;
    Real* grad_k_T = grad_score + chunks * kAttentionChunk * row;  // C x keys
    Real* grad_v_T = grad_k_T + C * row;
    for (std::size_t h = 0; h < a.heads; ++h) {
      const std::size_t channel = h * width;
      for (std::size_t t = 0; t < s.queries; t += kAttentionChunk, p += chunk_size) {
        const AttentionChunk<Real> chunk = chunk_of(a, s, t);
        const std::size_t count = std::min<std::size_t>(kAttentionChunk, s.queries - t);
        transpose_chunk(count, width, grad_out + t * C + channel, C, grad_out_T);
        for (std::size_t l = 0; l < kAttentionChunk; l += Chunk<Real>::kLanes) {
          score_gradients(chunk, grad_out_T + l, v + channel, p + l, grad_score_T + l);
          weighted_sum(chunk, grad_score_T + l, k + channel, grad_q_T + l);
        }
        transpose_matrix<true>(width, count, grad_q_T, kAttentionChunk, grad_q + t * C + channel,
                               C);
        const std::size_t hidden = s.keys - chunk.keys;
        std::fill_n(grad_score_T + chunk.keys * kAttentionChunk, hidden * kAttentionChunk, Real{0});
        transpose_matrix<false>(s.keys, kAttentionChunk, p, kAttentionChunk, p_rows + t * row, row);
        transpose_matrix<false>(s.keys, kAttentionChunk, grad_score_T, kAttentionChunk,
                                grad_score + t * row, row);
      }
      gather_over_queries(s.queries, s.keys, width, row, p_rows, grad_out + channel, C,
                          grad_v_T + channel * row);
      gather_over_queries(s.queries, s.keys, width, row, grad_score, q + channel, C,
                          grad_k_T + channel * row);
    }
    transpose_matrix<true>(C, s.keys, grad_k_T, row, grad_k, C);
    transpose_matrix<true>(C, s.keys, grad_v_T, row, grad_v, C);
    q += s.queries * C, grad_q += s.queries * C, grad_out += s.queries * C;
    k += s.keys * C, grad_k += s.keys * C;
    v += s.keys * C, grad_v += s.keys * C;
  }
}

// ---- Adam ----

// How often the steps of third order are taken, and the terms of the last series.
template <class Real>
struct RootConstants;
template <>
struct RootConstants<double> {
  static constexpr std::uint64_t kInverseRoot = 0x5FE6EB50C7B537A9, kInverse = 0x7FDE623822FC16E6;
  static constexpr int kInverseSteps = 3;
  static constexpr double kTinyMoment = 1e-60;
};
template <>
struct RootConstants<float> {
  static constexpr std::uint32_t kInverseRoot = 0x5F375A86, kInverse = 0x7EF311C7;
  static constexpr int kInverseSteps = 2;
  static constexpr float kTinyMoment = 1e-32f;
};

// The chains of dependent operations below are long. Several vectors go through them side by side,
// operation by operation, so that the processor always finds work that is ready.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kAdamVectors = 4;
#else
constexpr int kAdamVectors = 2;
#endif

// root = sqrt(x) for x >= 0 without a hardware root. A first guess y of 1 / sqrt(x) from the bits
// of x (error 3.5 %), improved by y (1 + e/2 + 3/8 e^2), e = 1 - x y^2 (error 1e-4), and at last
// x y (1 - e)^(-1/2) as a series in e. Below 2^-1022 the result is some number below 2^-511, which
// vanishes beside Adam's epsilon.
template <class Real, int N, class D = hn::ScalableTag<Real>, class V = hn::Vec<D>>
HWY_INLINE void approximate_sqrt(const V (&x)[N], V (&root)[N]) {
  using K = RootConstants<Real>;
  const D d;
  const hn::RebindToUnsigned<D> bits;
  const auto one = hn::Set(d, Real(1)), half = hn::Set(d, Real(0.5));
  const auto three_eighths = hn::Set(d, Real(0.375));
  V y[N], e[N], series[N];
  for (int i = 0; i < N; ++i) {
    y[i] = hn::BitCast(
        d, hn::Sub(hn::Set(bits, K::kInverseRoot), hn::ShiftRight<1>(hn::BitCast(bits, x[i]))));
  }
  for (int i = 0; i < N; ++i) root[i] = hn::Mul(x[i], y[i]);
  for (int i = 0; i < N; ++i) e[i] = negative_fma(root[i], y[i], one);
  for (int i = 0; i < N; ++i) series[i] = fma(three_eighths, e[i], half);
  for (int i = 0; i < N; ++i) e[i] = hn::Mul(e[i], y[i]);
  for (int i = 0; i < N; ++i) y[i] = fma(series[i], e[i], y[i]);
  for (int i = 0; i < N; ++i) root[i] = hn::Mul(x[i], y[i]);
  for (int i = 0; i < N; ++i) e[i] = negative_fma(root[i], y[i], one);
  for (int i = 0; i < N; ++i) series[i] = three_eighths;
  if constexpr (sizeof(Real) == 8) {
    const auto c3 = hn::Set(d, Real(5.0 / 16)), c4 = hn::Set(d, Real(35.0 / 128));
    for (int i = 0; i < N; ++i) series[i] = fma(c4, e[i], c3);
    for (int i = 0; i < N; ++i) series[i] = fma(series[i], e[i], three_eighths);
  }
  for (int i = 0; i < N; ++i) series[i] = fma(series[i], e[i], half);
  for (int i = 0; i < N; ++i) e[i] = hn::Mul(e[i], root[i]);
  for (int i = 0; i < N; ++i) root[i] = fma(series[i], e[i], root[i]);
}

// inverse = 1 / x for normal x > 0 without a hardware division: a first guess from the bits (error
// 12 %), and steps of third order, y (1 + e + e^2), e = 1 - x y.
template <class Real, int N, class D = hn::ScalableTag<Real>, class V = hn::Vec<D>>
HWY_INLINE void approximate_inverse(const V (&x)[N], V (&inverse)[N]) {
  using K = RootConstants<Real>;
  const D d;
  const hn::RebindToUnsigned<D> bits;
  const auto one = hn::Set(d, Real(1));
  for (int i = 0; i < N; ++i) {
    inverse[i] = hn::BitCast(d, hn::Sub(hn::Set(bits, K::kInverse), hn::BitCast(bits, x[i])));
  }
  V e[N], square[N];
  for (int step = 0; step < K::kInverseSteps; ++step) {
    for (int i = 0; i < N; ++i) e[i] = negative_fma(x[i], inverse[i], one);
    for (int i = 0; i < N; ++i) square[i] = fma(e[i], e[i], e[i]);
    for (int i = 0; i < N; ++i) inverse[i] = fma(square[i], inverse[i], inverse[i]);
  }
}

// A moment below kTinyMoment moves a weight by less than a thousandth of its last bit: the root of
// the second one vanishes beside epsilon = 1e-8.
template <class Real>
HWY_INLINE void drop_tiny(std::size_t n, Real* moments) {
  const hn::ScalableTag<Real> d;
  const auto tiny = hn::Set(d, RootConstants<Real>::kTinyMoment);
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto moment = load(d, moments + i, left);
    store(hn::IfThenZeroElse(hn::Lt(hn::Abs(moment), tiny), moment), d, moments + i, left);
  });
}

// N vectors from number `first` on; of the last one only `left` lanes if it is cut off.
template <int N, class Real>
HWY_INLINE void adam_vectors(const AdamArguments<Real>& a, std::size_t first, std::size_t left) {
  const hn::ScalableTag<Real> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto beta1 = hn::Set(d, a.beta1), beta2 = hn::Set(d, a.beta2);
  hn::Vec<decltype(d)> m[N], v[N], root[N], inverse[N];
  const auto at = [&](auto* array, int i)
                      HWY_ATTR { return array + first + static_cast<std::size_t>(i) * lanes; };
  for (int i = 0; i < N; ++i) {
    const auto g = load(d, at(a.gradients, i), left);
    m[i] = fma(beta1, load(d, at(a.first_moment, i), left), g);
    v[i] = fma(g, g, hn::Mul(beta2, load(d, at(a.second_moment, i), left)));
    store(m[i], d, at(a.first_moment, i), left);
    store(v[i], d, at(a.second_moment, i), left);
  }
  approximate_sqrt<Real>(v, root);
  for (int i = 0; i < N; ++i) root[i] = hn::Add(root[i], hn::Set(d, a.epsilon));
  approximate_inverse<Real>(root, inverse);
  for (int i = 0; i < N; ++i) {
    const auto move = hn::Mul(hn::Set(d, a.step), m[i]);
    const auto w = load(d, at(a.weights, i), left);
    store(negative_fma(move, inverse[i], w), d, at(a.weights, i), left);
  }
}

template <class Real>
void adam(const AdamArguments<Real>& arguments) {
  const AdamArguments<Real> a = arguments;  // a copy: stores through its pointers cannot change it
  if (a.drop_tiny_moments) {
    drop_tiny(a.count, a.first_moment);
    drop_tiny(a.count, a.second_moment);
  }
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<Real>());
  std::size_t i = 0;
  for (; i + kAdamVectors * lanes <= a.count; i += kAdamVectors * lanes) {
    adam_vectors<kAdamVectors>(a, i, lanes);
  }
  for (; i < a.count; i += lanes) adam_vectors<1>(a, i, a.count - i);
}

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
                                           .relu = relu<Real>,
                                           .relu_backward = relu_backward<Real>,
                                           .rmsnorm = rmsnorm<Real>,
                                           .rmsnorm_backward = rmsnorm_backward<Real>,
                                           .softmax = softmax<Real>,
                                           .softmax_backward = softmax_backward<Real>,
                                           .cross_entropy = cross_entropy<Real>,
                                           .cross_entropy_backward = cross_entropy_backward<Real>,
                                           .attention = attention<Real>,
                                           .attention_backward = attention_backward<Real>,
                                           .adam = adam<Real>,
                                           .exp = exp<Real>,
                                           .log = log<Real>};
  return kTable;
}

}  // namespace HWY_NAMESPACE
}  // namespace microgpt
HWY_AFTER_NAMESPACE();
