// Multi-head causal attention of short sequences, whose probabilities are kept.
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
  for (; s + 2 <= a.keys; s += 2) {
    dots_of_keys<2>(a, x_T, y + s * a.stride, out + s * kAttentionChunk);
  }
  if (s < a.keys) dots_of_keys<1>(a, x_T, y + s * a.stride, out + s * kAttentionChunk);
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
  for (; c + 2 <= a.width; c += 2) {
    weighted_channels<2>(a, weights, y + c, out_T + c * kAttentionChunk);
  }
  if (c < a.width) weighted_channels<1>(a, weights, y + c, out_T + c * kAttentionChunk);
}

// Keys of a negligible weight get 0.
template <class D, class Real = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> exp_or_zero(D d, hn::Vec<D> x) {
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, kLeastExponent<Real>)),
                            exp_lanes<Real, Ops<Real, D>>(x));
}

// Scores q k / sqrt(D) minus the largest one that the query sees; -infinity for the keys that it
// does not see. One vector of lanes.
template <class Real>
HWY_INLINE void relative_scores(const AttentionChunk<Real>& a, std::size_t first_lane,
                                const Real* q_T, const Real* k, Real* scores) {
  const typename Chunk<Real>::D d;
  const auto root = hn::Set(d, a.root);
  const auto unseen = hn::Set(d, -std::numeric_limits<Real>::infinity());
  const auto lane = hn::Iota(d, static_cast<Real>(first_lane));
  auto largest = unseen;
  dots(a, q_T, k, scores);
  for (std::size_t s = 0; s < a.keys; ++s) {
    auto score = hn::Mul(hn::LoadU(d, scores + s * kAttentionChunk), root);
    if (s >= a.first_seen) {  // lane i sees the keys up to first_seen - 1 + i
      const auto sees = hn::Ge(lane, hn::Set(d, static_cast<Real>(s + 1 - a.first_seen)));
      score = hn::IfThenElse(sees, score, unseen);
    }
    hn::StoreU(score, d, scores + s * kAttentionChunk);
    largest = hn::Max(largest, score);
  }
  for (std::size_t s = 0; s < a.keys; ++s) {
    Real* at = scores + s * kAttentionChunk;
    hn::StoreU(hn::Sub(hn::LoadU(d, at), largest), d, at);
  }
}

// Softmax of the scores, in place. One vector of lanes.
template <class Real>
HWY_INLINE void probabilities_of_scores(const AttentionChunk<Real>& a, Real* p) {
  const typename Chunk<Real>::D d;
  auto sum = hn::Zero(d);
  for (std::size_t s = 0; s < a.keys; ++s) {
    const auto score = hn::LoadU(d, p + s * kAttentionChunk);
    const auto e = exp_or_zero(d, score);
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
void short_attention(const AttentionArguments<Real>& a, const Sequence& s, Real* out) {
  const std::size_t width = a.channels / a.heads;
  Real *q_T = a.scratch, *out_T = q_T + a.channels * kAttentionChunk;
  const std::size_t chunk_size = s.keys * kAttentionChunk;
  const std::size_t head_size = AttentionArguments<Real>::chunks(s) * chunk_size;
  for (std::size_t t = 0; t < s.queries; t += kAttentionChunk) {
    const AttentionChunk<Real> chunk = chunk_of(a, s, t);
    const std::size_t count = std::min<std::size_t>(kAttentionChunk, s.queries - t);
    transpose_chunk(count, a.channels, a.q + t * a.channels, a.channels, q_T);
    // All heads go through each of the three phases together: within one head each phase depends on
    // the one before.
    const auto each_head = [&](const auto& phase) HWY_ATTR {
      for (std::size_t h = 0; h < a.heads; ++h) {
        Real* p_h = a.saved + h * head_size + t / kAttentionChunk * chunk_size;
        for (std::size_t l = 0; l < kAttentionChunk; l += Chunk<Real>::kLanes) {
          phase(h * width, l, p_h + l);
        }
      }
    };
    each_head([&](std::size_t channel, std::size_t l, Real* scores) HWY_ATTR {
      relative_scores(chunk, l, q_T + channel * kAttentionChunk + l, a.k + channel, scores);
    });
    each_head([&](std::size_t, std::size_t, Real* scores)
                  HWY_ATTR { probabilities_of_scores(chunk, scores); });
    each_head([&](std::size_t channel, std::size_t l, const Real* p_l) HWY_ATTR {
      weighted_sum(chunk, p_l, a.v + channel, out_T + channel * kAttentionChunk + l);
    });
    for (std::size_t h = 0; h < a.heads; ++h) {
      Real* p_h = a.saved + h * head_size + t / kAttentionChunk * chunk_size;
      std::fill(p_h + chunk.keys * kAttentionChunk, p_h + chunk_size, Real{0});
    }
    transpose_matrix<false>(a.channels, count, out_T, kAttentionChunk, out + t * a.channels,
                            a.channels);
  }
}

// One query, as when speaking: a chunk would be empty but for one lane. Here lanes run over keys,
// and then over channels; each sum is the same chain as there. All heads go through each phase
// together.
template <class Real>
void attention_of_one_query(const AttentionArguments<Real>& a, const Sequence& s, Real* out) {
  const hn::ScalableTag<Real> d;
  const std::size_t width = a.channels / a.heads, n = s.keys;
  const std::size_t row = (n + kAttentionChunk - 1) / kAttentionChunk * kAttentionChunk;
  const auto root = hn::Set(d, 1 / std::sqrt(static_cast<Real>(width)));
  Real *k_T = a.scratch, *p = k_T + a.channels * row;  // C x keys, H x keys
  transpose_matrix<false>(n, a.channels, a.k, a.channels, k_T, row);
  for (std::size_t h = 0; h < a.heads; ++h) {
    const Real *q = a.q + h * width, *k = k_T + h * width * row;
    for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
      auto score = hn::Mul(hn::Set(d, q[0]), load(d, k + i, left));
      for (std::size_t c = 1; c < width; ++c) {
        score = fma(hn::Set(d, q[c]), load(d, k + c * row + i, left), score);
      }
      store(hn::Mul(score, root), d, p + h * row + i, left);
    });
  }
  for (std::size_t h = 0; h < a.heads; ++h) {
    Real* p_h = p + h * row;
    const auto largest = hn::Set(d, maximum(n, p_h));
    for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
      store(exp_or_zero(d, hn::Sub(load(d, p_h + i, left), largest)), d, p_h + i, left);
    });
  }
  for (std::size_t h = 0; h < a.heads; ++h) {
    Real sum = 0;
    for (std::size_t t = 0; t < n; ++t) sum += p[h * row + t];
    scale(n, 1 / sum, p + h * row);
  }
  for (std::size_t h = 0; h < a.heads; ++h) {
    for_lanes<Real>(width, [&](std::size_t c, std::size_t left) HWY_ATTR {
      const Real* v = a.v + h * width + c;
      auto mean = hn::Zero(d);
      for (std::size_t t = 0; t < n; ++t) {
        mean = fma(hn::Set(d, p[h * row + t]), load(d, v + t * a.channels, left), mean);
      }
      store(mean, d, out + h * width + c, left);
    });
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

// out_T[c][s] = chain over t of weights[t][s] x[t][c], for R channels: lanes over keys. weights:
// queries x keys, rows of `row` numbers; out_T: D x keys, rows of `row` numbers.
template <std::size_t R, class Real>
HWY_INLINE void gather_channels(std::size_t queries, std::size_t keys, std::size_t row,
                                const Real* weights, const Real* x, std::size_t stride,
                                Real* out_T) {
  const typename Chunk<Real>::D d;
  for (std::size_t s = 0; s < keys; s += Chunk<Real>::kLanes) {
    typename Chunk<Real>::V sum[R];
    for (std::size_t r = 0; r < R; ++r) sum[r] = hn::Zero(d);
    for (std::size_t t = 0; t < queries; ++t) {
      const auto weight = hn::LoadU(d, weights + t * row + s);
      for (std::size_t r = 0; r < R; ++r) {
        sum[r] = fma(weight, hn::Set(d, x[t * stride + r]), sum[r]);
      }
    }
    for (std::size_t r = 0; r < R; ++r) hn::StoreU(sum[r], d, out_T + r * row + s);
  }
}

// The same for all channels of a head.
template <class Real>
HWY_INLINE void gather_over_queries(std::size_t queries, std::size_t keys, std::size_t width,
                                    std::size_t row, const Real* weights, const Real* x,
                                    std::size_t stride, Real* out_T) {
  std::size_t c = 0;
  for (; c + 4 <= width; c += 4) {
    gather_channels<4>(queries, keys, row, weights, x + c, stride, out_T + c * row);
  }
  for (; c + 2 <= width; c += 2) {
    gather_channels<2>(queries, keys, row, weights, x + c, stride, out_T + c * row);
  }
  if (c < width) gather_channels<1>(queries, keys, row, weights, x + c, stride, out_T + c * row);
}

// out_t = sum_s p_ts v_s, p_t = softmax(q_t k_s / sqrt(D)):
// grad_v_s += sum_t p_ts grad_out_t;  grad_q_t += sum_s grad_score_ts k_s;
// grad_k_s += sum_t grad_score_ts q_t
template <class Real>
void short_attention_backward(const AttentionArguments<Real>& a, const Sequence& s,
                              const Real* grad_out, Real* grad_q, Real* grad_k, Real* grad_v) {
  const std::size_t width = a.channels / a.heads, C = a.channels;
  const Real* p = a.saved;
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
        score_gradients(chunk, grad_out_T + l, a.v + channel, p + l, grad_score_T + l);
        weighted_sum(chunk, grad_score_T + l, a.k + channel, grad_q_T + l);
      }
      transpose_matrix<true>(width, count, grad_q_T, kAttentionChunk, grad_q + t * C + channel, C);
      const std::size_t hidden = s.keys - chunk.keys;
      std::fill_n(grad_score_T + chunk.keys * kAttentionChunk, hidden * kAttentionChunk, Real{0});
      transpose_matrix<false>(s.keys, kAttentionChunk, p, kAttentionChunk, p_rows + t * row, row);
      transpose_matrix<false>(s.keys, kAttentionChunk, grad_score_T, kAttentionChunk,
                              grad_score + t * row, row);
    }
    gather_over_queries(s.queries, s.keys, width, row, p_rows, grad_out + channel, C,
                        grad_v_T + channel * row);
    gather_over_queries(s.queries, s.keys, width, row, grad_score, a.q + channel, C,
                        grad_k_T + channel * row);
  }
  transpose_matrix<true>(C, s.keys, grad_k_T, row, grad_k, C);
  transpose_matrix<true>(C, s.keys, grad_v_T, row, grad_v, C);
}
