// Matrix product: forward, input gradients and weight gradients in one kernel.

// A tile of R rows x V vectors of C stays in registers while k runs over the inner dimension.
// kPart: only `last` lanes of the last vector are used.
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
  if (m.rows <= kWideRows) {  // few rows: more columns at a time keep the multipliers busy
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
