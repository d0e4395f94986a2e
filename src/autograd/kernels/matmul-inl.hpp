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

// All rows of one column of tiles, spread evenly: 9 rows are 5 and 4, not 8 and 1, because a tile
// of few rows leaves the multipliers waiting.
template <bool kTransposed, int R, int V, bool kPart, class Real>
HWY_INLINE void matmul_rows(const MatmulArguments<Real>& m, std::size_t col, std::size_t last) {
  std::size_t row = 0;
  for (std::size_t left = (m.rows + R - 1) / R; left > 0; --left) {
    const std::size_t count = (m.rows - row + left - 1) / left;
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

// The part of a product over k in [first, first + count), or of some rows or columns.
template <class Real>
HWY_INLINE MatmulArguments<Real> part_of_inner(MatmulArguments<Real> m, std::size_t first,
                                               std::size_t count) {
  m.a += first * m.a_inner, m.b += first * m.b_inner, m.inner = count;
  m.accumulate = m.accumulate || first > 0;
  return m;
}
template <class Real>
HWY_INLINE MatmulArguments<Real> part_of_rows(MatmulArguments<Real> m, std::size_t first,
                                              std::size_t count) {
  m.a += first * m.a_row, m.c += first * m.c_row, m.rows = count;
  return m;
}
template <class Real>
HWY_INLINE MatmulArguments<Real> part_of_columns(MatmulArguments<Real> m, std::size_t first,
                                                 std::size_t count) {
  m.b += first * m.b_col, m.c += first, m.cols = count;
  return m;
}

// Calls body(first, count) for parts of at most `step` that cover [0, n).
template <class Body>
HWY_INLINE void for_parts(std::size_t n, std::size_t step, const Body& body) {
  for (std::size_t first = 0; first < n; first += step) body(first, std::min(step, n - first));
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

// A panel of B: up to two vectors of columns, as deep as kPanelBytes allow.
template <class Real>
HWY_INLINE void pack_panel(const MatmulArguments<Real>& m, Real* panel, std::size_t width) {
  if (m.b_col != 1) {
    transpose_matrix<false>(m.cols, m.inner, m.b, m.b_col, panel, width);
    return;
  }
  copy_rows(m.inner, m.cols, m.b, m.b_inner, panel, width);
}

// Whether rows are so far apart that they fall into the same few sets of the cache.
template <class Real>
HWY_INLINE bool is_far(std::size_t row) {
  return row * sizeof(Real) >= 2048;
}

// Packs B, panel by panel, and a transposed A if its rows are far apart, so many rows at a time
// that they stay in the second-level cache.
template <class Real>
void matmul_of_panels(const MatmulArguments<Real>& m) {
  const std::size_t width = 2 * hn::Lanes(hn::ScalableTag<Real>());
  const std::size_t depth = kPanelBytes / sizeof(Real) / width;
  constexpr std::size_t kRows = 128, kMostDepth = kPanelBytes / sizeof(Real) / 8;
  alignas(64) Real panel[kPanelBytes / sizeof(Real)];
  alignas(64) Real a_T[kRows * kMostDepth];
  for_parts(m.inner, depth, [&](std::size_t k, std::size_t inner) HWY_ATTR {
    for_parts(m.rows, kRows, [&](std::size_t row, std::size_t rows) HWY_ATTR {
      auto block = part_of_rows(part_of_inner(m, k, inner), row, rows);
      if (m.a_row == 1 && is_far<Real>(m.a_inner)) {
        copy_rows(inner, rows, block.a, m.a_inner, a_T, kRows);
        block.a = a_T, block.a_inner = kRows;
      }
      for_parts(m.cols, width, [&](std::size_t col, std::size_t cols) HWY_ATTR {
        auto part = part_of_columns(block, col, cols);
        pack_panel(part, panel, width);
        part.b = panel, part.b_inner = width, part.b_col = 1;
        matmul_in_place(part);
      });
    });
  });
}

// C^T = B^T A^T for a B whose columns are contiguous and an A of few rows: lanes run over the rows
// of A, so that B, the larger one, is read once and need not be transposed.
template <class Real>
void matmul_of_few_rows(const MatmulArguments<Real>& m) {
  const std::size_t width = 2 * hn::Lanes(hn::ScalableTag<Real>());
  const std::size_t depth = kPanelBytes / sizeof(Real) / width;
  constexpr std::size_t kColumns = 64;
  alignas(64) Real a_T[kPanelBytes / sizeof(Real)];
  alignas(64) Real c_T[kColumns * 2 * 64 / sizeof(Real)];
  for_parts(m.inner, depth, [&](std::size_t k, std::size_t inner) HWY_ATTR {
    transpose_matrix<false>(m.rows, inner, m.a + k * m.a_inner, m.a_row, a_T, width);
    for_parts(m.cols, kColumns, [&](std::size_t col, std::size_t cols) HWY_ATTR {
      const auto part = part_of_columns(part_of_inner(m, k, inner), col, cols);
      if (part.accumulate) transpose_matrix<false>(m.rows, cols, part.c, m.c_row, c_T, width);
      matmul_in_place<Real>({.rows = cols,
                             .cols = m.rows,
                             .inner = inner,
                             .a = part.b,
                             .a_row = m.b_col,
                             .a_inner = m.b_inner,
                             .b = a_T,
                             .b_inner = width,
                             .c = c_T,
                             .c_row = width,
                             .accumulate = part.accumulate});
      transpose_matrix<false>(cols, m.rows, c_T, width, part.c, m.c_row);
    });
  });
}

template <class Real>
void matmul(const MatmulArguments<Real>& arguments) {
  // A copy: stores through its pointers cannot change it.
  const MatmulArguments<Real> m = arguments;
  constexpr std::size_t kManyRows = 48;  // from here on packing pays
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<Real>());
  const std::size_t bytes_of_b = m.inner * m.cols * sizeof(Real);
  const bool packing_pays =
      m.rows >= kManyRows && (bytes_of_b > kSecondLevelCache / 2 ||
                              (bytes_of_b > kFirstLevelCache && is_far<Real>(m.b_inner)));
  if (m.b_col != 1 && 2 * m.rows > lanes && m.rows <= 2 * lanes) {
    matmul_of_few_rows(m);
  } else if (m.b_col != 1 || packing_pays) {
    matmul_of_panels(m);
  } else if (m.rows * m.cols * sizeof(Real) > kFirstLevelCache &&
             is_far<Real>(m.c_row)) {  // then C is written along its rows
    for_parts(m.rows, kTileRows, [&](std::size_t row, std::size_t rows) HWY_ATTR {
      matmul_in_place(part_of_rows(m, row, rows));
    });
  } else {
    matmul_in_place(m);
  }
}
