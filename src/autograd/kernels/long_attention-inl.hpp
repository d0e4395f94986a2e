// Multi-head causal attention of long sequences, block by block of queries and keys (Dao et al.,
// "FlashAttention", 2022): the largest score and the sum of a query run along over the blocks of
// keys, and the backward pass computes the probabilities anew. All products are those of matmul().
// Lanes run over queries; a matrix with _T has one row for each channel or key, and in it a number
// for each query of the block.
//
// Blocks begin at multiples of their size in the sequence, on every instruction set, and within the
// first one everything is computed as for short sequences. So what a query gets depends on its
// place and on the tokens before it, not on which queries are processed with it.

// Where one head of one block of queries works: its matrices have rows of kAttentionBlock numbers.
template <class Real>
struct AttentionTile {
  static constexpr std::size_t kRow = kAttentionBlock;
  AttentionTile(const AttentionArguments<Real>& a, const Sequence& s, std::size_t h, std::size_t t)
      : channels(a.channels),
        width(a.channels / a.heads),
        channel(h * width),
        first(t),
        hidden_from(s.keys - s.queries + t + 1),
        queries(std::min<std::size_t>(kRow - (hidden_from - 1) % kRow, s.queries - t)),
        root(1 / std::sqrt(static_cast<Real>(width))),
        largest(a.saved + h * s.queries + t),
        inverse_sum(a.saved + (a.heads + h) * s.queries + t),
        q_T(a.scratch),
        out_T(q_T + width * kRow),
        grad_out_T(out_T + width * kRow),
        grad_q_T(grad_out_T + width * kRow),
        scores(grad_q_T + width * kRow),
        grad_scores(scores + kRow * kRow),
        turned(grad_scores + kRow * kRow),
        turned_out(turned + kRow * kRow),
        sums(turned_out + width * kRow) {}

  /// The keys that the last query sees.
  std::size_t keys() const { return hidden_from + queries - 1; }
  /// The queries in whole vectors. Beyond the last query are zeros, or numbers that nobody uses.
  std::size_t lanes() const { return (queries + 15) / 16 * 16; }
  /// Whether all keys that the queries see are in one block.
  bool sees_one_block() const { return keys() <= kRow; }
  /// The number in row `row` of the block of queries, and in this head.
  std::size_t at(std::size_t row) const { return row * channels + channel; }

  std::size_t channels, width, channel;
  std::size_t first;                          // query of the block
  std::size_t hidden_from;                    // the first key that the first query does not see
  std::size_t queries;                        // of the block
  Real root;                                  // 1 / sqrt(width)
  Real *largest, *inverse_sum;                // by query
  Real *q_T, *out_T, *grad_out_T, *grad_q_T;  // width x queries
  Real *scores, *grad_scores;                 // keys x queries
  Real *turned, *turned_out;                  // queries x keys, width x keys
  Real* sums;                                 // by query
};

// A block of keys against the channels of a block of queries: out (keys x queries) = y x_T, where y
// has a row for each key.
template <class Real>
void scores_of_block(const AttentionTile<Real>& t, std::size_t keys, const Real* y, const Real* x_T,
                     Real* out) {
  matmul<Real>({.rows = keys,
                .cols = t.lanes(),
                .inner = t.width,
                .a = y,
                .a_row = t.channels,
                .a_inner = 1,
                .b = x_T,
                .b_inner = t.kRow,
                .c = out,
                .c_row = t.kRow,
                .accumulate = false});
}

// out_T (width x queries) += y^T weights, where y and weights have a row for each key.
template <class Real>
void add_weighted_keys(const AttentionTile<Real>& t, std::size_t keys, const Real* y,
                       const Real* weights, Real* out_T) {
  matmul<Real>({.rows = t.width,
                .cols = t.lanes(),
                .inner = keys,
                .a = y,
                .a_row = 1,
                .a_inner = t.channels,
                .b = weights,
                .b_inner = t.kRow,
                .c = out_T,
                .c_row = t.kRow,
                .accumulate = true});
}

// out (a row for each key) += weights x, where x has a row for each query. Heads narrower than a
// vector are turned, so that lanes run over keys.
template <class Real>
void add_weighted_queries(const AttentionTile<Real>& t, std::size_t keys, const Real* weights,
                          const Real* x, Real* out) {
  if (t.width >= hn::Lanes(hn::ScalableTag<Real>())) {
    matmul<Real>({.rows = keys,
                  .cols = t.width,
                  .inner = t.queries,
                  .a = weights,
                  .a_row = t.kRow,
                  .a_inner = 1,
                  .b = x,
                  .b_inner = t.channels,
                  .c = out,
                  .c_row = t.channels,
                  .accumulate = true});
    return;
  }
  transpose_matrix<false>(keys, t.queries, weights, t.kRow, t.turned, t.kRow);
  transpose_matrix<false>(keys, t.width, out, t.channels, t.turned_out, t.kRow);
  matmul<Real>({.rows = t.width,
                .cols = keys,
                .inner = t.queries,
                .a = x,
                .a_row = 1,
                .a_inner = t.channels,
                .b = t.turned,
                .b_inner = t.kRow,
                .c = t.turned_out,
                .c_row = t.kRow,
                .accumulate = true});
  transpose_matrix<false>(t.width, keys, t.turned_out, t.kRow, out, t.channels);
}

// Calls body(i, left) for each vector of queries, where `left` queries are left from i on.
template <class Real, class Body>
HWY_INLINE void for_queries(const AttentionTile<Real>& t, const Body& body) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<Real>());
  for (std::size_t i = 0; i < t.lanes(); i += lanes) body(i, i < t.queries ? t.queries - i : 0);
}

// Sets the scores of keys that a query does not see to -infinity. `key` is the first of the block.
template <class Real>
HWY_INLINE void hide_keys(const AttentionTile<Real>& t, std::size_t key, std::size_t keys) {
  for (std::size_t s = 0; s < keys; ++s) {  // query i sees the keys before hidden_from + i
    const std::size_t sees_not =
        key + s < t.hidden_from ? 0 : std::min(t.queries, key + s + 1 - t.hidden_from);
    std::fill_n(t.scores + s * t.kRow, sees_not, -std::numeric_limits<Real>::infinity());
  }
}

// Turns scores into e^(score - largest); adapts the largest score, the sum and the output so far to
// the new block.
template <class Real>
HWY_INLINE void accumulate_softmax(const AttentionTile<Real>& t, std::size_t keys) {
  const hn::ScalableTag<Real> d;
  const auto root = hn::Set(d, t.root);
  for_queries(t, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto score = [&](std::size_t s) HWY_ATTR {
      return hn::Mul(hn::LoadU(d, t.scores + s * t.kRow + i), root);
    };
    const auto before = load(d, t.largest + i, left);
    auto largest = before;
    for (std::size_t s = 0; s < keys; ++s) largest = hn::Max(largest, score(s));
    const auto shrink = exp_or_zero(d, hn::Sub(before, largest));
    auto sum = hn::Mul(hn::LoadU(d, t.sums + i), shrink);
    for (std::size_t s = 0; s < keys; ++s) {
      const auto e = exp_or_zero(d, hn::Sub(score(s), largest));
      hn::StoreU(e, d, t.scores + s * t.kRow + i);
      sum = hn::Add(sum, e);
    }
    for (std::size_t c = 0; c < t.width; ++c) {
      Real* at = t.out_T + c * t.kRow + i;
      hn::StoreU(hn::Mul(hn::LoadU(d, at), shrink), d, at);
    }
    store(largest, d, t.largest + i, left);
    hn::StoreU(sum, d, t.sums + i);
  });
}

// Divides each row of x by the sums of the queries.
template <class Real>
HWY_INLINE void divide_by_sums(const AttentionTile<Real>& t, std::size_t rows, Real* x) {
  const hn::ScalableTag<Real> d;
  for_queries(t, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto inverse = hn::Div(hn::Set(d, Real{1}), hn::LoadU(d, t.sums + i));
    store(inverse, d, t.inverse_sum + i, left);
    for (std::size_t r = 0; r < rows; ++r) {
      Real* at = x + r * t.kRow + i;
      hn::StoreU(hn::Mul(hn::LoadU(d, at), inverse), d, at);
    }
  });
}

// x_T = x for the queries of the block.
template <class Real>
HWY_INLINE void transpose_queries(const AttentionTile<Real>& t, const Real* x, Real* x_T) {
  transpose_matrix<false>(t.queries, t.width, x + t.at(t.first), t.channels, x_T, t.kRow);
  if (t.queries == t.lanes()) return;
  for (std::size_t c = 0; c < t.width; ++c) {
    std::fill(x_T + c * t.kRow + t.queries, x_T + c * t.kRow + t.lanes(), Real{0});
  }
}

template <class Real>
void long_attention(const AttentionTile<Real>& t, const AttentionArguments<Real>& a, Real* out) {
  transpose_queries(t, a.q, t.q_T);
  std::fill_n(t.largest, t.queries, -std::numeric_limits<Real>::infinity());
  std::fill_n(t.sums, t.lanes(), Real{0});
  std::fill_n(t.out_T, t.width * t.kRow, Real{0});
  for (std::size_t key = 0; key < t.keys(); key += kAttentionBlock) {
    const std::size_t keys = std::min(kAttentionBlock, t.keys() - key);
    scores_of_block(t, keys, a.k + t.at(key), t.q_T, t.scores);
    hide_keys(t, key, keys);
    accumulate_softmax(t, keys);
    if (t.sees_one_block()) divide_by_sums(t, keys, t.scores);
    add_weighted_keys(t, keys, a.v + t.at(key), t.scores, t.out_T);
  }
  if (!t.sees_one_block()) divide_by_sums(t, t.width, t.out_T);
  transpose_matrix<false>(t.width, t.queries, t.out_T, t.kRow, out + t.at(t.first), t.channels);
}

// Turns scores into probabilities p, and their gradients into grad_score = p (grad_p - delta) /
// sqrt(D), where delta = sum_s p grad_p = grad_out out, in `sums`.
template <class Real>
HWY_INLINE void score_gradients_of_block(const AttentionTile<Real>& t, std::size_t keys) {
  const hn::ScalableTag<Real> d;
  const auto root = hn::Set(d, t.root);
  for_queries(t, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto largest = load(d, t.largest + i, left), inverse = load(d, t.inverse_sum + i, left);
    const auto delta = hn::LoadU(d, t.sums + i);
    for (std::size_t s = 0; s < keys; ++s) {
      Real *at = t.scores + s * t.kRow + i, *grad = t.grad_scores + s * t.kRow + i;
      const auto score = hn::Mul(hn::LoadU(d, at), root);
      const auto p = hn::Mul(exp_or_zero(d, hn::Sub(score, largest)), inverse);
      const auto relative = hn::Sub(hn::LoadU(d, grad), delta);
      hn::StoreU(p, d, at);
      hn::StoreU(hn::Mul(hn::Mul(p, relative), root), d, grad);
    }
  });
}

// sums = grad_out out, by query
template <class Real>
HWY_INLINE void products_of_outputs(const AttentionTile<Real>& t) {
  const hn::ScalableTag<Real> d;
  for_queries(t, [&](std::size_t i, std::size_t) HWY_ATTR {
    auto sum = hn::Zero(d);
    for (std::size_t c = 0; c < t.width; ++c) {
      const std::size_t at = c * t.kRow + i;
      sum = fma(hn::LoadU(d, t.grad_out_T + at), hn::LoadU(d, t.out_T + at), sum);
    }
    hn::StoreU(sum, d, t.sums + i);
  });
}

template <class Real>
void long_attention_backward(const AttentionTile<Real>& t, const AttentionArguments<Real>& a,
                             const Real* out, const Real* grad_out, Real* grad_q, Real* grad_k,
                             Real* grad_v) {
  const std::size_t first = t.at(t.first);
  transpose_queries(t, a.q, t.q_T);
  transpose_queries(t, out, t.out_T);
  transpose_queries(t, grad_out, t.grad_out_T);
  products_of_outputs(t);
  std::fill_n(t.grad_q_T, t.width * t.kRow, Real{0});
  for (std::size_t key = 0; key < t.keys(); key += kAttentionBlock) {
    const std::size_t keys = std::min(kAttentionBlock, t.keys() - key), at = t.at(key);
    scores_of_block(t, keys, a.k + at, t.q_T, t.scores);
    hide_keys(t, key, keys);
    scores_of_block(t, keys, a.v + at, t.grad_out_T, t.grad_scores);
    score_gradients_of_block(t, keys);
    add_weighted_keys(t, keys, a.k + at, t.grad_scores, t.grad_q_T);
    add_weighted_queries(t, keys, t.scores, grad_out + first, grad_v + at);
    add_weighted_queries(t, keys, t.grad_scores, a.q + first, grad_k + at);
  }
  transpose_matrix<true>(t.width, t.queries, t.grad_q_T, t.kRow, grad_q + first, t.channels);
}

// Calls body(tile) for each head and each block of queries.
template <class Real, class Body>
HWY_INLINE void for_tiles(const AttentionArguments<Real>& a, const Sequence& s, const Body& body) {
  for (std::size_t h = 0; h < a.heads; ++h) {
    for (std::size_t first = 0; first < s.queries;) {
      const AttentionTile<Real> tile(a, s, h, first);
      body(tile);
      first += tile.queries;
    }
  }
}

// The arguments of the sequence that follows `s`.
template <class Real>
HWY_INLINE void advance(AttentionArguments<Real>& a, const Sequence& s) {
  a.q += s.queries * a.channels;
  a.k += s.keys * a.channels, a.v += s.keys * a.channels;
  a.saved += AttentionArguments<Real>::saved_count(s, a.heads);
}

template <class Real>
void attention(const AttentionArguments<Real>& arguments, Real* out) {
  AttentionArguments<Real> a = arguments;
  const bool saves = a.saved != nullptr;
  for (std::size_t i = 0; i < a.sequence_count; ++i) {
    const Sequence& s = a.sequences[i];
    if (!saves) {
      a.saved = a.scratch + AttentionArguments<Real>::scratch_count(s, a.channels, a.heads);
    }
    if (is_long(s)) {
      for_tiles(a, s, [&](const auto& tile) { long_attention(tile, a, out); });
    } else if (s.queries == 1 && !saves) {
      attention_of_one_query(a, s, out);
    } else {
      short_attention(a, s, out);
    }
    out += s.queries * a.channels;
    advance(a, s);
  }
}

template <class Real>
void attention_backward(const AttentionArguments<Real>& arguments, const Real* out,
                        const Real* grad_out, Real* grad_q, Real* grad_k, Real* grad_v) {
  AttentionArguments<Real> a = arguments;
  for (std::size_t i = 0; i < a.sequence_count; ++i) {
    const Sequence& s = a.sequences[i];
    if (is_long(s)) {
      for_tiles(a, s, [&](const auto& tile) {
        long_attention_backward(tile, a, out, grad_out, grad_q, grad_k, grad_v);
      });
    } else {
      short_attention_backward(a, s, grad_out, grad_q, grad_k, grad_v);
    }
    const std::size_t queries = s.queries * a.channels, keys = s.keys * a.channels;
    out += queries, grad_out += queries, grad_q += queries, grad_k += keys, grad_v += keys;
    advance(a, s);
  }
}
