// Pairs of channels turned by an angle, or back by it; lanes run over the pairs of one head.

/// One head of one row: where its pairs, their turns and the results stand.
template <class Real>
struct RotaryHead {
  std::size_t pairs;
  const Real* turns;  // the cosines, then the sines
  const Real* in;
  Real* out;
};

// out = the pairs from p on turned, or out += them turned back if kBack, as many as d has lanes.
template <bool kBack, class D, class Real = hn::TFromD<D>>
HWY_INLINE void turn_pairs(D d, const RotaryHead<Real>& head, std::size_t p) {
  const auto cosine = hn::LoadU(d, head.turns + p),
             sine = hn::LoadU(d, head.turns + head.pairs + p);
  const auto a = hn::LoadU(d, head.in + p), b = hn::LoadU(d, head.in + head.pairs + p);
  Real *to_a = head.out + p, *to_b = to_a + head.pairs;
  if constexpr (kBack) {
    const auto grad_a = hn::Add(hn::Mul(a, cosine), hn::Mul(b, sine));
    const auto grad_b = hn::Sub(hn::Mul(b, cosine), hn::Mul(a, sine));
    hn::StoreU(hn::Add(hn::LoadU(d, to_a), grad_a), d, to_a);
    hn::StoreU(hn::Add(hn::LoadU(d, to_b), grad_b), d, to_b);
  } else {
    hn::StoreU(hn::Sub(hn::Mul(a, cosine), hn::Mul(b, sine)), d, to_a);
    hn::StoreU(hn::Add(hn::Mul(a, sine), hn::Mul(b, cosine)), d, to_b);
  }
}

// The pairs from p on, in vectors of up to kLanes, then in ever shorter ones: heads are narrow, and
// whole short vectors are several times as fast as parts of long ones.
template <bool kBack, std::size_t kLanes, class Real>
HWY_INLINE void turn_head(const RotaryHead<Real>& head, std::size_t p) {
  const hn::CappedTag<Real, kLanes> d;
  for (; p + hn::Lanes(d) <= head.pairs; p += hn::Lanes(d)) turn_pairs<kBack>(d, head, p);
  if constexpr (kLanes > 1) turn_head<kBack, kLanes / 2>(head, p);
}

template <bool kBack, class Real>
HWY_INLINE void turn_rows(const RotaryArguments<Real>& arguments, const Real* in, Real* out) {
  const RotaryArguments<Real> a = arguments;  // a copy: stores cannot change it
  const std::size_t pairs = a.width / 2;
  const Real* turns = a.turns;
  for (std::size_t t = 0; t < a.rows; ++t, turns += 2 * pairs) {
    for (std::size_t h = 0; h < a.heads; ++h, in += a.width, out += a.width) {
      turn_head<kBack, 16>(RotaryHead<Real>{pairs, turns, in, out}, 0);
      if (a.width % 2 == 0) continue;
      Real& last = out[a.width - 1];
      last = kBack ? last + in[a.width - 1] : in[a.width - 1];
    }
  }
}

template <class Real>
void rotary(const RotaryArguments<Real>& arguments, const Real* x, Real* y) {
  turn_rows<false>(arguments, x, y);
}

template <class Real>
void rotary_backward(const RotaryArguments<Real>& arguments, const Real* grad_y, Real* grad_x) {
  turn_rows<true>(arguments, grad_y, grad_x);
}
