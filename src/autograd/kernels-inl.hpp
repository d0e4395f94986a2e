// The numeric kernels, in lanes. Included by kernels.cpp once for each instruction set.
//
// Lanes run over outputs (columns, channels, parameters) and never across a sum, except where
// sum_in_eight_lanes fixes the order; so the width of a vector does not change any result.
// T = rows (positions), C = columns (channels), H = heads, D = channels of a head.

#include <hwy/highway.h>

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
template <int R, int V, bool kPart, class Real>
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
  const Real* a = m.a + row * m.a_row;
  const Real* b = m.b + col;
  for (std::size_t k = 0; k < m.inner; ++k, a += m.a_inner, b += m.b_inner) {
    hn::Vec<decltype(d)> b_lanes[V];
    for (int v = 0; v < V; ++v) b_lanes[v] = load_vector(b + v * lanes, v);
    for (int r = 0; r < R; ++r) {
      const auto a_all = hn::Set(d, a[r * m.a_row]);
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
template <int R, int V, bool kPart, class Real>
HWY_INLINE void matmul_rows(const MatmulArguments<Real>& m, std::size_t row, std::size_t col,
                            std::size_t last) {
  if constexpr (R > 0) {
    for (; row + R <= m.rows; row += R) matmul_tile<R, V, kPart>(m, row, col, last);
    if (row < m.rows) matmul_rows<R - 1, V, kPart>(m, row, col, last);
  }
}

template <class Real>
void matmul(const MatmulArguments<Real>& m) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<Real>());
  std::size_t col = 0;
  if (m.rows <= kWideRows) {  // few rows: more columns at once keep the multipliers busy
    for (; col + 4 * lanes <= m.cols; col += 4 * lanes) {
      matmul_rows<kWideRows, 4, false>(m, 0, col, lanes);
    }
  }
  for (; col + 2 * lanes <= m.cols; col += 2 * lanes) {
    matmul_rows<kTileRows, 2, false>(m, 0, col, lanes);
  }
  const std::size_t left = m.cols - col;
  if (left > lanes) {
    matmul_rows<kTileRows, 2, true>(m, 0, col, left - lanes);
  } else if (left == lanes) {
    matmul_rows<kTileRows, 1, false>(m, 0, col, lanes);
  } else if (left > 0) {
    matmul_rows<kTileRows, 1, true>(m, 0, col, left);
  }
}

template <class Real>
void transpose(std::size_t rows, std::size_t cols, const Real* in, Real* out) {
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < cols; ++j) out[j * rows + i] = in[i * cols + j];
  }
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

template <class Real>
HWY_INLINE Real maximum(std::size_t n, const Real* x) {
  Real largest = x[0];
  for (std::size_t i = 1; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
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
  for (std::size_t t = 0; t < rows; ++t, logits += cols, probabilities += cols) {
    const Real largest = maximum(cols, logits);
    const Real sum = exponentials(cols, logits, largest, probabilities);
    scale(cols, 1 / sum, probabilities);
    Real log_sum;
    log(1, &sum, &log_sum);
    losses[t] = log_sum + (largest - logits[targets[t]]);
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

// The scores of query t with the keys it may see, then their softmax, in place in p. Sums over
// channels and over keys run in order.
template <class Real>
HWY_INLINE void attend(std::size_t keys, std::size_t width, std::size_t stride, const Real* q,
                       const Real* k, Real* p) {
  const Real root = 1 / std::sqrt(static_cast<Real>(width));
  for (std::size_t s = 0; s < keys; ++s) {
    Real score = 0;
    for (std::size_t c = 0; c < width; ++c) score = fma1(q[c], k[s * stride + c], score);
    p[s] = score * root;
  }
  const Real largest = maximum(keys, p);
  for (std::size_t s = 0; s < keys; ++s) p[s] -= largest;
  exp(keys, p, p);
  Real sum = 0;
  for (std::size_t s = 0; s < keys; ++s) sum += p[s];
  scale(keys, 1 / sum, p);
}

template <class Real>
void attention(const AttentionArguments<Real>& a, Real* out) {
  const std::size_t width = a.channels / a.heads;
  const Real *q = a.q, *k = a.k, *v = a.v;
  Real* p = a.probabilities;
  for (std::size_t i = 0; i < a.sequence_count; ++i) {
    const std::size_t queries = a.sequences[i].queries, keys = a.sequences[i].keys;
    for (std::size_t h = 0; h < a.heads; ++h) {
      const std::size_t channel = h * width;
      for (std::size_t t = 0; t < queries; ++t, p += keys) {
        const std::size_t seen = keys - queries + t + 1;
        attend(seen, width, a.channels, q + t * a.channels + channel, k + channel, p);
        for (std::size_t s = seen; s < keys; ++s) p[s] = 0;
        Real* o = out + t * a.channels + channel;
        for (std::size_t c = 0; c < width; ++c) {
          Real sum = 0;
          for (std::size_t s = 0; s < seen; ++s) {
            sum = fma1(p[s], v[s * a.channels + channel + c], sum);
          }
          o[c] = sum;
        }
      }
    }
    q += queries * a.channels, out += queries * a.channels;
    k += keys * a.channels, v += keys * a.channels;
  }
}

// out_t = sum_s p_ts v_s, p_t = softmax(q_t k_s / sqrt(D)):
// grad_v_s += p_ts grad_out_t;  grad_p_ts = grad_out_t v_s;
// grad_score_ts = p_ts (grad_p_ts - sum_s p_ts grad_p_ts) / sqrt(D);
// grad_q_t += grad_score_ts k_s;  grad_k_s += grad_score_ts q_t
template <class Real>
void attention_backward(const AttentionArguments<Real>& a, const Real* grad_out, Real* grad_q,
                        Real* grad_k, Real* grad_v) {
  const std::size_t width = a.channels / a.heads;
  const Real root = 1 / std::sqrt(static_cast<Real>(width));
  const Real *q = a.q, *k = a.k, *v = a.v;
  Real* p = a.probabilities;  // becomes grad_score on the way
  for (std::size_t i = 0; i < a.sequence_count; ++i) {
    const std::size_t queries = a.sequences[i].queries, keys = a.sequences[i].keys;
    for (std::size_t h = 0; h < a.heads; ++h) {
      for (std::size_t t = 0; t < queries; ++t, p += keys) {
        const std::size_t seen = keys - queries + t + 1;
        const std::size_t at = t * a.channels + h * width;
        const Real* go = grad_out + at;
        for (std::size_t s = 0; s < seen; ++s) {
          add_multiple(width, p[s], go, grad_v + s * a.channels + h * width);
        }
        const auto grad_p = [&](std::size_t s) HWY_ATTR {
          Real sum = 0;
          const Real* v_s = v + s * a.channels + h * width;
          for (std::size_t c = 0; c < width; ++c) sum = fma1(go[c], v_s[c], sum);
          return sum;
        };
        Real weighted = 0;
        for (std::size_t s = 0; s < seen; ++s) weighted = fma1(p[s], grad_p(s), weighted);
        for (std::size_t s = 0; s < seen; ++s) p[s] = p[s] * (grad_p(s) - weighted) * root;
        for (std::size_t s = 0; s < seen; ++s) {
          const std::size_t from = s * a.channels + h * width;
          add_multiple(width, p[s], k + from, grad_q + at);
          add_multiple(width, p[s], q + at, grad_k + from);
        }
      }
    }
    q += queries * a.channels, grad_q += queries * a.channels, grad_out += queries * a.channels;
    k += keys * a.channels, grad_k += keys * a.channels;
    v += keys * a.channels, grad_v += keys * a.channels;
  }
}

// ---- Adam ----

// m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w -= step m / (sqrt(v correction) + epsilon)
template <class Real>
void adam(const AdamArguments<Real>& a) {
  const hn::ScalableTag<Real> d;
  const auto beta1 = hn::Set(d, a.beta1), one_minus_beta1 = hn::Set(d, 1 - a.beta1);
  const auto beta2 = hn::Set(d, a.beta2), one_minus_beta2 = hn::Set(d, 1 - a.beta2);
  const auto step = hn::Set(d, a.step_size), epsilon = hn::Set(d, a.epsilon);
  const auto correction = hn::Set(d, a.second_correction);
  for_lanes<Real>(a.count, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto g = load(d, a.gradients + i, left);
    const auto m = fma(beta1, load(d, a.first_moment + i, left), hn::Mul(one_minus_beta1, g));
    const auto v =
        fma(beta2, load(d, a.second_moment + i, left), hn::Mul(hn::Mul(one_minus_beta2, g), g));
    const auto denominator = hn::Add(hn::Sqrt(hn::Mul(v, correction)), epsilon);
    const auto w = load(d, a.weights + i, left);
    store(m, d, a.first_moment + i, left);
    store(v, d, a.second_moment + i, left);
    store(hn::Sub(w, hn::Div(hn::Mul(step, m), denominator)), d, a.weights + i, left);
    store(hn::Zero(d), d, a.gradients + i, left);
  });
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
