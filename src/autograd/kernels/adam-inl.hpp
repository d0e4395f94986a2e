// One step of Adam, without a hardware root or division.

// How often the steps of third order are taken, and the terms of the last series.
template <class Real>
struct RootConstants;
template <>
struct RootConstants<double> {
  static constexpr std::uint64_t kInverseRoot = 0x5FE6EB50C7B537A9, kInverse = 0x7FDE623822FC16E6;
  static constexpr int kInverseSteps = 3;
  static constexpr double kTinyMoment = 1e-60;
};
template <>
struct RootConstants<float> {
  static constexpr std::uint32_t kInverseRoot = 0x5F375A86, kInverse = 0x7EF311C7;
  static constexpr int kInverseSteps = 2;
  static constexpr float kTinyMoment = 1e-32f;
};

// The chains of dependent operations below are long. Several vectors go through them side by side,
// operation by operation, so that the processor always finds work that is ready.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kAdamVectors = 4;
#else
constexpr int kAdamVectors = 2;
#endif

// root = sqrt(x) for x >= 0 without a hardware root. A first guess y of 1 / sqrt(x) from the bits
// of x (error 3.5 %), improved by y (1 + e/2 + 3/8 e^2), e = 1 - x y^2 (error 1e-4), and at last
// x y (1 - e)^(-1/2) as a series in e. Below 2^-1022 the result is some number below 2^-511, which
// vanishes beside Adam's epsilon.
template <class Real, int N, class D = hn::ScalableTag<Real>, class V = hn::Vec<D>>
HWY_INLINE void approximate_sqrt(const V (&x)[N], V (&root)[N]) {
  using K = RootConstants<Real>;
  const D d;
  const hn::RebindToUnsigned<D> bits;
  const auto one = hn::Set(d, Real(1)), half = hn::Set(d, Real(0.5));
  const auto three_eighths = hn::Set(d, Real(0.375));
  V y[N], e[N], series[N];
  for (int i = 0; i < N; ++i) {
    y[i] = hn::BitCast(
        d, hn::Sub(hn::Set(bits, K::kInverseRoot), hn::ShiftRight<1>(hn::BitCast(bits, x[i]))));
  }
  for (int i = 0; i < N; ++i) root[i] = hn::Mul(x[i], y[i]);
  for (int i = 0; i < N; ++i) e[i] = negative_fma(root[i], y[i], one);
  for (int i = 0; i < N; ++i) series[i] = fma(three_eighths, e[i], half);
  for (int i = 0; i < N; ++i) e[i] = hn::Mul(e[i], y[i]);
  for (int i = 0; i < N; ++i) y[i] = fma(series[i], e[i], y[i]);
  for (int i = 0; i < N; ++i) root[i] = hn::Mul(x[i], y[i]);
  for (int i = 0; i < N; ++i) e[i] = negative_fma(root[i], y[i], one);
  for (int i = 0; i < N; ++i) series[i] = three_eighths;
  if constexpr (sizeof(Real) == 8) {
    const auto c3 = hn::Set(d, Real(5.0 / 16)), c4 = hn::Set(d, Real(35.0 / 128));
    for (int i = 0; i < N; ++i) series[i] = fma(c4, e[i], c3);
    for (int i = 0; i < N; ++i) series[i] = fma(series[i], e[i], three_eighths);
  }
  for (int i = 0; i < N; ++i) series[i] = fma(series[i], e[i], half);
  for (int i = 0; i < N; ++i) e[i] = hn::Mul(e[i], root[i]);
  for (int i = 0; i < N; ++i) root[i] = fma(series[i], e[i], root[i]);
}

// inverse = 1 / x for normal x > 0 without a hardware division: a first guess from the bits (error
// 12 %), and steps of third order, y (1 + e + e^2), e = 1 - x y.
template <class Real, int N, class D = hn::ScalableTag<Real>, class V = hn::Vec<D>>
HWY_INLINE void approximate_inverse(const V (&x)[N], V (&inverse)[N]) {
  using K = RootConstants<Real>;
  const D d;
  const hn::RebindToUnsigned<D> bits;
  const auto one = hn::Set(d, Real(1));
  for (int i = 0; i < N; ++i) {
    inverse[i] = hn::BitCast(d, hn::Sub(hn::Set(bits, K::kInverse), hn::BitCast(bits, x[i])));
  }
  V e[N], square[N];
  for (int step = 0; step < K::kInverseSteps; ++step) {
    for (int i = 0; i < N; ++i) e[i] = negative_fma(x[i], inverse[i], one);
    for (int i = 0; i < N; ++i) square[i] = fma(e[i], e[i], e[i]);
    for (int i = 0; i < N; ++i) inverse[i] = fma(square[i], inverse[i], inverse[i]);
  }
}

// A moment below kTinyMoment moves a weight by less than a thousandth of its last bit: the root of
// the second one vanishes beside epsilon = 1e-8.
template <class Real>
HWY_INLINE void drop_tiny(std::size_t n, Real* moments) {
  const hn::ScalableTag<Real> d;
  const auto tiny = hn::Set(d, RootConstants<Real>::kTinyMoment);
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto moment = load(d, moments + i, left);
    store(hn::IfThenZeroElse(hn::Lt(hn::Abs(moment), tiny), moment), d, moments + i, left);
  });
}

// N vectors from number `first` on; of the last one only `left` lanes if it is cut off.
template <int N, class Real>
HWY_INLINE void adam_vectors(const AdamArguments<Real>& a, std::size_t first, std::size_t left) {
  const hn::ScalableTag<Real> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto beta1 = hn::Set(d, a.beta1), beta2 = hn::Set(d, a.beta2);
  hn::Vec<decltype(d)> m[N], v[N], root[N], inverse[N];
  const auto at = [&](auto* array, int i)
                      HWY_ATTR { return array + first + static_cast<std::size_t>(i) * lanes; };
  for (int i = 0; i < N; ++i) {
    const auto g = load(d, at(a.gradients, i), left);
    m[i] = fma(beta1, load(d, at(a.first_moment, i), left), g);
    v[i] = fma(g, g, hn::Mul(beta2, load(d, at(a.second_moment, i), left)));
    store(m[i], d, at(a.first_moment, i), left);
    store(v[i], d, at(a.second_moment, i), left);
  }
  approximate_sqrt<Real>(v, root);
  for (int i = 0; i < N; ++i) root[i] = hn::Add(root[i], hn::Set(d, a.epsilon));
  approximate_inverse<Real>(root, inverse);
  for (int i = 0; i < N; ++i) {
    const auto move = hn::Mul(hn::Set(d, a.step), m[i]);
    const auto w = load(d, at(a.weights, i), left);
    store(negative_fma(move, inverse[i], w), d, at(a.weights, i), left);
  }
}

template <class Real>
void adam(const AdamArguments<Real>& arguments) {
  const AdamArguments<Real> a = arguments;  // a copy: stores through its pointers cannot change it
  if (a.drop_tiny_moments) {
    drop_tiny(a.count, a.first_moment);
    drop_tiny(a.count, a.second_moment);
  }
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<Real>());
  std::size_t i = 0;
  for (; i + kAdamVectors * lanes <= a.count; i += kAdamVectors * lanes) {
    adam_vectors<kAdamVectors>(a, i, lanes);
  }
  for (; i < a.count; i += lanes) adam_vectors<1>(a, i, a.count - i);
}
