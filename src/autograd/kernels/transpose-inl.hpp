// Transposition, square by square in registers.

#if HWY_TARGET == HWY_SCALAR
template <class D, class Real, class V>
HWY_INLINE void load_halves(D d, const Real* in, std::size_t, V* row) {
  row[0] = hn::LoadU(d, in);
}
template <class D, class V>
HWY_INLINE void exchange_halves(D, V*) {}
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

// Combines the halves that meet in the transposed square: row i gets the lower half of row i + half
// as its upper half. As part of a load this is free, whereas shuffles between registers share one
// execution unit. Registers of one or two blocks do not need it.
template <class D>
constexpr bool kExchangesHalves = hn::MaxLanes(D()) * sizeof(hn::TFromD<D>) == 64;

template <class D, class Real, class V>
HWY_INLINE void load_halves(D d, const Real* in, std::size_t in_row, V* row) {
  constexpr std::size_t kLanes = hn::MaxLanes(d), kHalf = kLanes / 2;
  if constexpr (kExchangesHalves<D>) {
    const hn::Half<D> half;
    for (std::size_t i = 0; i < kHalf; ++i) {
      const Real *low = in + i * in_row, *high = in + (i + kHalf) * in_row;
      row[i] = hn::Combine(d, hn::LoadU(half, high), hn::LoadU(half, low));
      row[i + kHalf] = hn::Combine(d, hn::LoadU(half, high + kHalf), hn::LoadU(half, low + kHalf));
    }
  } else {
    for (std::size_t r = 0; r < kLanes; ++r) row[r] = hn::LoadU(d, in + r * in_row);
  }
}

template <class D, class V>
HWY_INLINE void exchange_halves(D d, V* row) {
  constexpr std::size_t kHalf = hn::MaxLanes(d) / 2;
  if constexpr (kExchangesHalves<D>) {
    for (std::size_t i = 0; i < kHalf; ++i) {
      const V a = row[i], b = row[i + kHalf];
      row[i] = hn::ConcatLowerLower(d, b, a);
      row[i + kHalf] = hn::ConcatUpperUpper(d, b, a);
    }
  }
}

// Transposes a square of as many registers as a register has lanes, with its halves exchanged.
template <class D, class V>
HWY_INLINE void transpose_registers(D d, V* row) {
  constexpr std::size_t kLanes = hn::MaxLanes(d), kInBlock = 16 / sizeof(hn::TFromD<D>);
  for (std::size_t i = 0; i < kLanes; i += kInBlock) transpose_within_blocks(d, row + i);
  if constexpr (kLanes > kInBlock) {  // now pairs of blocks
    for (std::size_t first = 0; first < kLanes; first += 2 * kInBlock) {
      for (std::size_t i = first; i < first + kInBlock; ++i) {
        const V a = row[i], b = row[i + kInBlock];
        row[i] = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(b), a);             // a0 b0 ...
        row[i + kInBlock] = hn::OddEvenBlocks(b, hn::SwapAdjacentBlocks(a));  // a1 b1 ...
      }
    }
  }
}
#endif

// One square of out[j][i] = in[i][j], or += if kAdd; kWhole: the square lies entirely inside.
template <bool kAdd, bool kWhole, class Real>
HWY_INLINE void transpose_square(std::size_t rows, std::size_t cols, const Real* in,
                                 std::size_t in_row, Real* out, std::size_t out_row) {
  const hn::CappedTag<Real, 8> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  hn::Vec<decltype(d)> square[kLanes];
  if constexpr (kWhole) {
    load_halves(d, in, in_row, square);
  } else {
    for (std::size_t r = 0; r < kLanes; ++r) {
      square[r] = r < rows ? load(d, in + r * in_row, cols) : hn::Zero(d);
    }
    exchange_halves(d, square);
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

// out[j][i] = in[i][j], or += if kAdd, square by square in registers.
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
      exchange_halves(d, square);
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
