// A thin layer over Highway for the kernels. Included once for each target, inside
// HWY_BEFORE_NAMESPACE and microgpt::HWY_NAMESPACE.

namespace hn = hwy::HWY_NAMESPACE;

#define Ops_INLINE HWY_INLINE

template <class Real>
struct FloatBits;
template <>
struct FloatBits<double> {
  using Int = std::int64_t;
  static constexpr int kMantissa = 52;
  static constexpr double kRound = 0x1.8p52;  // x + kRound holds round(x) in its low bits
};
template <>
struct FloatBits<float> {
  using Int = std::int32_t;
  static constexpr int kMantissa = 23;
  static constexpr float kRound = 0x1.8p23f;
};

// a * b + c, rounded once. Highway's single lane would round twice.
template <class V>
HWY_INLINE V fma(V a, V b, V c) {
#if HWY_TARGET == HWY_SCALAR
  return V(std::fma(a.raw, b.raw, c.raw));
#else
  return hn::MulAdd(a, b, c);
#endif
}

// c - a * b, rounded once.
template <class V>
HWY_INLINE V negative_fma(V a, V b, V c) {
#if HWY_TARGET == HWY_SCALAR
  return V(std::fma(-a.raw, b.raw, c.raw));
#else
  return hn::NegMulAdd(a, b, c);
#endif
}

// The lanes of p[0, left), the rest zero.
template <class D, class Real = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load(D d, const Real* HWY_RESTRICT p, std::size_t left) {
  return left >= hn::Lanes(d) ? hn::LoadU(d, p) : hn::MaskedLoad(hn::FirstN(d, left), d, p);
}

template <class D, class Real = hn::TFromD<D>>
HWY_INLINE void store(hn::Vec<D> v, D d, Real* HWY_RESTRICT p, std::size_t left) {
  if (left >= hn::Lanes(d)) {
    hn::StoreU(v, d, p);
  } else {
    hn::BlendedStore(v, hn::FirstN(d, left), d, p);
  }
}

// The first `left` lanes of v, the rest zero.
template <class D>
HWY_INLINE hn::Vec<D> first_lanes(D d, hn::Vec<D> v, std::size_t left) {
  return left >= hn::Lanes(d) ? v : hn::IfThenElseZero(hn::FirstN(d, left), v);
}

// Calls body(i, left) for i = 0, N, 2N, ... below n, left = n - i.
template <class Real, class Body>
HWY_INLINE void for_lanes(std::size_t n, const Body& body) {
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<Real>());
  for (std::size_t i = 0; i < n; i += lanes) body(i, n - i);
}

// A sum over [0, n) in eight partial sums (index modulo 8), added as a tree. The eight lanes are
// the same for every vector width. `term(d, i, left, partial)` adds the terms from i on to partial.
template <class Real, class Term>
HWY_INLINE Real sum_in_eight_lanes(std::size_t n, const Term& term) {
  const hn::CappedTag<Real, 8> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  constexpr std::size_t kVectors = 8 / kLanes;
  hn::Vec<decltype(d)> partial[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) partial[v] = hn::Zero(d);
  for (std::size_t i = 0; i < n; i += 8) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t at = i + v * kLanes;
      if (at < n) partial[v] = term(d, at, n - at, partial[v]);
    }
  }
  Real sum[8];
  for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(partial[v], d, sum + v * kLanes);
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

// The operations required by elementary-inl.hpp.
template <class Real, class Tag = hn::ScalableTag<Real>>
struct Ops {
  using D = Tag;
  using V = hn::Vec<D>;
  using B = FloatBits<Real>;
  using DI = hn::RebindToSigned<D>;
  using VI = hn::Vec<DI>;
  static HWY_INLINE V set(Real x) { return hn::Set(D(), x); }
  static HWY_INLINE V add(V a, V b) { return hn::Add(a, b); }
  static HWY_INLINE V sub(V a, V b) { return hn::Sub(a, b); }
  static HWY_INLINE V mul(V a, V b) { return hn::Mul(a, b); }
  static HWY_INLINE V div(V a, V b) { return hn::Div(a, b); }
  static HWY_INLINE V fma(V a, V b, V c) { return HWY_NAMESPACE::fma(a, b, c); }
  static HWY_INLINE V to_real(VI whole) {
    return hn::Sub(hn::BitCast(D(), hn::Add(whole, hn::BitCast(DI(), set(B::kRound)))),
                   set(B::kRound));
  }
  // a 2^n, where n is in the low bits of `shifted`: adds it to a's exponent.
  static HWY_INLINE V scale(V a, V shifted) {
    const VI n = hn::ShiftLeft<B::kMantissa>(hn::BitCast(DI(), shifted));
    return hn::BitCast(D(), hn::Add(hn::BitCast(DI(), a), n));
  }
  static HWY_INLINE V exp_domain(V x, Real low, Real high, V result) {
    const V infinity = set(std::numeric_limits<Real>::infinity());
    result = hn::IfThenElse(hn::Gt(x, set(high)), infinity, result);
    result = hn::IfThenElse(hn::IsNaN(x), x, result);
    return hn::IfThenZeroElse(hn::Lt(x, set(low)), result);
  }
  struct Split {
    V mantissa, exponent;
  };
  static HWY_INLINE Split split(V x) {
    using Int = typename B::Int;
    constexpr Real kSubnormalScale = static_cast<Real>(Int{1} << (B::kMantissa + 1));
    const auto subnormal = hn::Lt(x, set(std::numeric_limits<Real>::min()));
    const V normal = hn::IfThenElse(subnormal, mul(x, set(kSubnormalScale)), x);
    const VI bits = hn::BitCast(DI(), normal);
    const VI root_half = hn::BitCast(DI(), set(static_cast<Real>(0x1.6a09e667f3bcdp-1)));
    const VI exponent = hn::ShiftRight<B::kMantissa>(hn::Sub(bits, root_half));
    const V mantissa = hn::BitCast(D(), hn::Sub(bits, hn::ShiftLeft<B::kMantissa>(exponent)));
    const V shift = hn::IfThenElseZero(subnormal, set(static_cast<Real>(B::kMantissa + 1)));
    return {mantissa, sub(to_real(exponent), shift)};
  }
  static HWY_INLINE V log_domain(V x, V result) {
    const V infinity = set(std::numeric_limits<Real>::infinity());
    const V zero = set(Real{0});
    const V nan = set(std::numeric_limits<Real>::quiet_NaN());
    const V not_positive = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity), nan);
    return hn::IfThenElse(hn::Eq(x, infinity), x,
                          hn::IfThenElse(hn::Gt(x, zero), result, not_positive));
  }
};
