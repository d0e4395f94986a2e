// Matrix product: forward, input gradients and weight gradients in one kernel. A tile of C is
// computed in registers. Where B is large or transposed it is copied, a panel at a time, into a
// small array that stays in the first-level cache while all rows of A pass by (Goto and van de
// Geijn, "Anatomy of high-performance matrix multiplication", 2008). However it is done, each
// element of C is one chain over k in order, so the bits are the same.

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

// Registers: 32 hold a tile of 8 rows x 2 vectors (or 4 x 4), 16 hold 6 x 2.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kTileRows = 8, kWideRows = 4;
#else
constexpr int kTileRows = 6, kWideRows = 1;
#endif

template <bool kTransposed, int R, int V, bool kPart, class Real>
HWY_INLINE void tile_of_rows(std::size_t count, const MatmulArguments<Real>& m, std::size_t row,
                             std::size_t col, std::size_t last) {
  if constexpr (R > 1) {
    if (count < R) return tile_of_rows<kTransposed, R - 1, V, kPart>(count, m, row, col, last);
  }
  matmul_tile<kTransposed, R, V, kPart>(m, row, col, last);
}

// All rows of one column of tiles. The last two tiles share theirs: 9 rows are 5 and 4, not 8 and
// 1, because a tile of few rows leaves the multipliers waiting.
template <bool kTransposed, int R, int V, bool kPart, class Real>
HWY_INLINE void matmul_rows(const MatmulArguments<Real>& m, std::size_t col, std::size_t last) {
  std::size_t row = 0;
  for (; row + 2 * R <= m.rows; row += R) matmul_tile<kTransposed, R, V, kPart>(m, row, col, last);
  while (row < m.rows) {
    const std::size_t left = m.rows - row, count = left > R ? (left + 1) / 2 : left;
    tile_of_rows<kTransposed, R, V, kPart>(count, m, row, col, last);
    row += count;
  }
}

template <bool kTransposed, class Real>
HWY_INLINE void matmul_columns(const MatmulArguments<Real>& m) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<Real>());
  std::size_t col = 0;
  if (m.rows <= kWideRows) {  // few rows: more columns at a time keep the multipliers busy
    for (; col + 4 * lanes <= m.cols; col += 4 * lanes) {
      matmul_rows<kTransposed, kWideRows, 4, false>(m, col, lanes);
    }
  }
  for (; col + 2 * lanes <= m.cols; col += 2 * lanes) {
    matmul_rows<kTransposed, kTileRows, 2, false>(m, col, lanes);
  }
  const std::size_t left = m.cols - col;
  if (left > lanes) {
    matmul_rows<kTransposed, kTileRows, 2, true>(m, col, left - lanes);
  } else if (left == lanes) {
    matmul_rows<kTransposed, kTileRows, 1, false>(m, col, lanes);
  } else if (left > 0) {
    matmul_rows<kTransposed, kTileRows, 1, true>(m, col, left);
  }
}

// B as it is: its rows are contiguous.
template <class Real>
HWY_INLINE void matmul_in_place(const MatmulArguments<Real>& m) {
  if (m.a_row == 1) {
    matmul_columns<true>(m);
  } else {
    matmul_columns<false>(m);
  }
}

constexpr std::size_t kFirstLevelCache = 32 << 10;  // bytes, of any processor of today
constexpr std::size_t kSecondLevelCache = 512 << 10;
constexpr std::size_t kPanelBytes = 16 << 10;

template <class Real>
HWY_INLINE void copy_rows(std::size_t rows, std::size_t cols, const Real* from,
                          std::size_t from_row, Real* to, std::size_t to_row) {
  const hn::ScalableTag<Real> d;
  for (std::size_t i = 0; i < rows; ++i, from += from_row, to += to_row) {
    for_lanes<Real>(cols, [&](std::size_t j, std::size_t left) HWY_ATTR {
      hn::StoreU(load(d, from + j, left), d, to + j);  // lanes beyond the last are zero
    });
  }
}

// Whether rows are so far apart that they fall into the same few sets of the cache.
template <class Real>
HWY_INLINE bool is_far(std::size_t row) {
  return row * sizeof(Real) >= 2048;
}

// A block of B as a panel: rows of `width` numbers.
template <class Real>
HWY_INLINE void pack(const MatmulArguments<Real>& m, std::size_t k, std::size_t inner,
                     std::size_t col, std::size_t cols, std::size_t width, Real* panel) {
  const Real* from = m.b + k * m.b_inner + col * m.b_col;
  if (m.b_col == 1) {
    copy_rows(inner, cols, from, m.b_inner, panel, width);
  } else {
    transpose_matrix<false>(cols, inner, from, m.b_col, panel, width);
  }
}

// Packs B, panel by panel, and a transposed A if its rows are far apart, so many rows at a time
// that they stay in the second-level cache.
template <class Real>
void matmul_of_panels(const MatmulArguments<Real>& m) {
  const std::size_t width = 2 * hn::Lanes(hn::ScalableTag<Real>());
  constexpr std::size_t kRows = 128, kMostDepth = kPanelBytes / sizeof(Real) / 8;
  const std::size_t depth = std::min(kMostDepth, kPanelBytes / sizeof(Real) / width);
  alignas(64) Real panel[kPanelBytes / sizeof(Real)], a_T[kRows * kMostDepth];
  const bool packs_a = m.a_row == 1 && is_far<Real>(m.a_inner);
  for (std::size_t k = 0; k < m.inner; k += depth) {
    const std::size_t inner = std::min(depth, m.inner - k);
    for (std::size_t row = 0; row < m.rows; row += kRows) {
      const std::size_t rows = std::min(kRows, m.rows - row);
      const Real* a = m.a + row * m.a_row + k * m.a_inner;
      if (packs_a) copy_rows(inner, rows, a, m.a_inner, a_T, kRows);
      for (std::size_t col = 0; col < m.cols; col += width) {
        const std::size_t cols = std::min(width, m.cols - col);
        pack(m, k, inner, col, cols, width, panel);
        matmul_in_place<Real>({.rows = rows,
                               .cols = cols,
                               .inner = inner,
                               .a = packs_a ? a_T : a,
                               .a_row = m.a_row,
                               .a_inner = packs_a ? kRows : m.a_inner,
                               .b = panel,
                               .b_inner = width,
                               .c = m.c + row * m.c_row + col,
                               .c_row = m.c_row,
                               .accumulate = m.accumulate || k > 0});
      }
    }
  }
}

// C^T = B^T A^T for a B whose columns are contiguous and an A of few rows: lanes run over the rows
// of A, so that B, the larger one, is read once and need not be transposed.
template <class Real>
void matmul_of_few_rows(const MatmulArguments<Real>& m) {
  const std::size_t width = 2 * hn::Lanes(hn::ScalableTag<Real>());
  const std::size_t depth = kPanelBytes / sizeof(Real) / width;
  constexpr std::size_t kColumns = 64, kMostWidth = 2 * 64 / sizeof(Real);
  alignas(64) Real a_T[kPanelBytes / sizeof(Real)], c_T[kColumns * kMostWidth];
  for (std::size_t k = 0; k < m.inner; k += depth) {
    const std::size_t inner = std::min(depth, m.inner - k);
    const bool accumulate = m.accumulate || k > 0;
    transpose_matrix<false>(m.rows, inner, m.a + k * m.a_inner, m.a_row, a_T, width);
    for (std::size_t col = 0; col < m.cols; col += kColumns) {
      const std::size_t cols = std::min(kColumns, m.cols - col);
      if (accumulate) transpose_matrix<false>(m.rows, cols, m.c + col, m.c_row, c_T, width);
      matmul_in_place<Real>({.rows = cols,
                             .cols = m.rows,
                             .inner = inner,
                             .a = m.b + k * m.b_inner + col * m.b_col,
                             .a_row = m.b_col,
                             .a_inner = m.b_inner,
                             .b = a_T,
                             .b_inner = width,
                             .c = c_T,
                             .c_row = width,
                             .accumulate = accumulate});
      transpose_matrix<false>(cols, m.rows, c_T, width, m.c + col, m.c_row);
    }
  }
}

// C is written along its rows.
template <class Real>
void matmul_row_by_row(const MatmulArguments<Real>& m) {
  for (std::size_t row = 0; row < m.rows; row += kTileRows) {
    MatmulArguments<Real> rows = m;
    rows.rows = std::min<std::size_t>(kTileRows, m.rows - row);
    rows.a += row * m.a_row;
    rows.c += row * m.c_row;
    matmul_in_place(rows);
  }
}

template <class Real>
void matmul(const MatmulArguments<Real>& m) {
  constexpr std::size_t kManyRows = 48;  // from here on packing pays
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<Real>());
  const std::size_t bytes_of_b = m.inner * m.cols * sizeof(Real);
  const std::size_t bytes_of_c = m.rows * m.cols * sizeof(Real);
  if (m.b_col != 1) {
    const bool few_rows = 2 * m.rows > lanes && m.rows <= 2 * lanes;
    const bool turns = m.a_inner == 1 && few_rows && bytes_of_b > kFirstLevelCache / 2;
    turns ? matmul_of_few_rows(m) : matmul_of_panels(m);
  } else if (m.rows >= kManyRows && (bytes_of_b > kSecondLevelCache / 2 ||
                                     (bytes_of_b > kFirstLevelCache && is_far<Real>(m.b_inner)))) {
    matmul_of_panels(m);
  } else if (bytes_of_c > kFirstLevelCache && is_far<Real>(m.c_row)) {
    matmul_row_by_row(m);
  } else {
    matmul_in_place<Real>(MatmulArguments<Real>(m));  // a copy: stores cannot change it
  }
}
