// Exponential and logarithm, written once for a number and for a vector of lanes.
//
// Included as text, inside a namespace that provides `Ops<Real>`: a type V of lanes and the
// operations on it. No include guard: each SIMD target includes it again, so that the functions
// are compiled for that target. Every rounding is that of an IEEE operation (the fused
// multiply-add is always Ops::fma), hence all targets give the same bits.

template <class Real>
struct ElementaryConstants;

template <>
struct ElementaryConstants<double> {
  static constexpr double kLog2E = 0x1.71547652b82fep+0;
  static constexpr double kLn2High = 0x1.62e42fee00000p-1;  // 33 bits: exponent * high is exact
  static constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
  static constexpr double kExpMax = 0x1.62e42fefa39efp+9, kExpMin = -708.0;
  static constexpr double kRound = 0x1.8p52;  // x + kRound holds round(x) in its low bits
  static constexpr int kExpTerms = 13;
  static constexpr int kLogTerms = 11;
};

template <>
struct ElementaryConstants<float> {
  static constexpr float kLog2E = 0x1.715476p+0f;
  static constexpr float kLn2High = 0x1.62e400p-1f;  // 16 bits
  static constexpr float kLn2Low = 0x1.7f7d1cp-20f;
  static constexpr float kExpMax = 0x1.62e42ep+6f, kExpMin = -87.0f;
  static constexpr float kRound = 0x1.8p23f;
  static constexpr int kExpTerms = 7;
  static constexpr int kLogTerms = 5;
};

// e^x = 2^n e^r, n = round(x / ln 2), |r| <= ln 2 / 2; e^r by its Taylor series, whose first
// dropped term is r^14/14! < 4e-18 (r^8/8! < 6e-9 for float). Below kExpMin it is 0: subnormal
// results would be right, but cost a processor a hundred times as much as the others.
template <class Real, class O = Ops<Real>>
Ops_INLINE typename O::V exp_lanes(typename O::V x) {
  using K = ElementaryConstants<Real>;
  const auto shifted = O::fma(x, O::set(K::kLog2E), O::set(K::kRound));
  const auto n = O::sub(shifted, O::set(K::kRound));
  auto r = O::fma(n, O::set(-K::kLn2High), x);
  r = O::fma(n, O::set(-K::kLn2Low), r);
  constexpr double kInverseFactorial[] = {1.0,
                                          1.0,
                                          1.0 / 2,
                                          1.0 / 6,
                                          1.0 / 24,
                                          1.0 / 120,
                                          1.0 / 720,
                                          1.0 / 5040,
                                          1.0 / 40320,
                                          1.0 / 362880,
                                          1.0 / 3628800,
                                          1.0 / 39916800,
                                          1.0 / 479001600,
                                          1.0 / 6227020800};
  auto series = O::set(static_cast<Real>(kInverseFactorial[K::kExpTerms]));
  for (int i = K::kExpTerms - 1; i >= 0; --i) {
    series = O::fma(series, r, O::set(static_cast<Real>(kInverseFactorial[i])));
  }
  return O::exp_domain(x, K::kExpMin, K::kExpMax, O::scale(series, shifted));
}

// x = 2^e m, m in [sqrt(1/2), sqrt(2)), f = (m - 1) / (m + 1):
// ln x = e ln 2 + 2 (f + f^3/3 + f^5/5 + ...), |f| < 0.172.
template <class Real, class O = Ops<Real>>
Ops_INLINE typename O::V log_lanes(typename O::V x) {
  using K = ElementaryConstants<Real>;
  const auto [mantissa, exponent] = O::split(x);
  const auto one = O::set(Real{1});
  const auto numerator = O::sub(mantissa, one);
  const auto f = O::div(numerator, O::add(mantissa, one));
  const auto square = O::mul(f, f);
  auto series = O::set(static_cast<Real>(1.0 / (2 * K::kLogTerms + 1)));
  for (int i = K::kLogTerms - 1; i >= 1; --i) {
    series = O::fma(series, square, O::set(static_cast<Real>(1.0 / (2 * i + 1))));
  }
  // 2 f = (m - 1) - f (m - 1), so that the leading term m - 1 carries no rounding error.
  const auto twice_f_cubed = O::mul(O::mul(O::add(f, f), square), series);
  auto tail = O::fma(exponent, O::set(K::kLn2Low), twice_f_cubed);
  tail = O::sub(tail, O::mul(f, numerator));
  const auto result = O::fma(exponent, O::set(K::kLn2High), O::add(numerator, tail));
  return O::log_domain(x, result);
}
