// One step of Adam, without a hardware root or division.

// The first guesses y of 1 / sqrt(x) and 1 / x are a constant minus the bits of x. Their errors, t
// = x y^2 and x y, lie in [0.633, 0.720] and [0.949, 1.052]; there (shift - t)^2 + scale is the
// best approximation of 1 / sqrt(t) and 1 / t by such a square: relative errors 2.1e-5 and 3.4e-5.
// The guesses were chosen so that the square needs no factor.
template <class Real>
struct RootConstants;
template <>
struct RootConstants<double> {
  static constexpr std::uint64_t kInverseRoot = 0x5FE221CAD745D000, kInverse = 0x7FDE6650B670D400;
  static constexpr double kTinyMoment = 1e-60;
};
template <>
struct RootConstants<float> {
  static constexpr std::uint32_t kInverseRoot = 0x5F110E57, kInverse = 0x7EF33286;
  static constexpr float kTinyMoment = 1e-32f;
};
constexpr double kRootShift = 1.1266525259513382, kRootScale = 1.0131727856735755;
constexpr double kInverseShift = 1.5009621509957123, kInverseScale = 0.74903815790958528;

// The dependency chains below are long. Several vectors are interleaved, operation by operation, to
// keep the execution units busy.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kAdamVectors = 4;
#else
constexpr int kAdamVectors = 2;
#endif

// sum = sqrt(x) + epsilon for x >= 0 without a hardware root: y close to 1 / sqrt(x), then
// sqrt(x) = x y (1 - e)^(-1/2) as a series in e = 1 - x y^2. For x below 2^-1022 the result is some
// number below 2^-511, which is negligible next to Adam's epsilon.
template <class Real, int N, class D = hn::ScalableTag<Real>, class V = hn::Vec<D>>
HWY_INLINE void root_plus_epsilon(const V (&x)[N], V epsilon, V (&sum)[N]) {
  const D d;
  const hn::RebindToUnsigned<D> bits;
  const auto constant = [d](double c) HWY_ATTR { return hn::Set(d, static_cast<Real>(c)); };
  V y[N], root[N], e[N], series[N];
  for (int i = 0; i < N; ++i) {
    y[i] = hn::BitCast(d, hn::Sub(hn::Set(bits, RootConstants<Real>::kInverseRoot),
                                  hn::ShiftRight<1>(hn::BitCast(bits, x[i]))));
  }
  for (int i = 0; i < N; ++i) root[i] = hn::Mul(x[i], y[i]);
  for (int i = 0; i < N; ++i) e[i] = negative_fma(root[i], y[i], constant(kRootShift));
  for (int i = 0; i < N; ++i) e[i] = fma(e[i], e[i], constant(kRootScale));
  for (int i = 0; i < N; ++i) y[i] = hn::Mul(e[i], y[i]);
  for (int i = 0; i < N; ++i) root[i] = hn::Mul(x[i], y[i]);
  for (int i = 0; i < N; ++i) e[i] = negative_fma(root[i], y[i], constant(1));
  for (int i = 0; i < N; ++i) series[i] = constant(1.0 / 2);
  if constexpr (sizeof(Real) == 8) {
    for (int i = 0; i < N; ++i) series[i] = fma(constant(5.0 / 16), e[i], constant(3.0 / 8));
    for (int i = 0; i < N; ++i) series[i] = fma(series[i], e[i], constant(1.0 / 2));
  }
  for (int i = 0; i < N; ++i) e[i] = hn::Mul(e[i], root[i]);
  for (int i = 0; i < N; ++i) sum[i] = fma(series[i], e[i], hn::Add(root[i], epsilon));
}

// inverse = 1 / x for normal x > 0 without a hardware division: y close to it, then y / (1 - e) as
// a series in e = 1 - x y.
template <class Real, int N, class D = hn::ScalableTag<Real>, class V = hn::Vec<D>>
HWY_INLINE void approximate_inverse(const V (&x)[N], V (&inverse)[N]) {
  const D d;
  const hn::RebindToUnsigned<D> bits;
  const auto constant = [d](double c) HWY_ATTR { return hn::Set(d, static_cast<Real>(c)); };
  V y[N], e[N], series[N];
  for (int i = 0; i < N; ++i) {
    y[i] = hn::BitCast(
        d, hn::Sub(hn::Set(bits, RootConstants<Real>::kInverse), hn::BitCast(bits, x[i])));
  }
  for (int i = 0; i < N; ++i) e[i] = negative_fma(x[i], y[i], constant(kInverseShift));
  for (int i = 0; i < N; ++i) e[i] = fma(e[i], e[i], constant(kInverseScale));
  for (int i = 0; i < N; ++i) y[i] = hn::Mul(e[i], y[i]);
  for (int i = 0; i < N; ++i) series[i] = e[i] = negative_fma(x[i], y[i], constant(1));
  if constexpr (sizeof(Real) == 8) {
    for (int i = 0; i < N; ++i) series[i] = fma(e[i], e[i], e[i]);
    for (int i = 0; i < N; ++i) series[i] = fma(series[i], e[i], e[i]);
  }
  for (int i = 0; i < N; ++i) inverse[i] = fma(series[i], y[i], y[i]);
}

// A moment below kTinyMoment changes a weight by less than a thousandth of its last bit, and the
// root of the second moment is negligible next to epsilon = 1e-8.
template <class Real>
HWY_INLINE void drop_tiny(std::size_t n, Real* moments) {
  const hn::ScalableTag<Real> d;
  const auto tiny = hn::Set(d, RootConstants<Real>::kTinyMoment);
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto moment = load(d, moments + i, left);
    store(hn::IfThenZeroElse(hn::Lt(hn::Abs(moment), tiny), moment), d, moments + i, left);
  });
}

// N vectors from index `first` on; only `left` lanes of a partial last one.
template <int N, class Real>
HWY_INLINE void adam_vectors(const AdamArguments<Real>& a, std::size_t first, std::size_t left) {
  const hn::ScalableTag<Real> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto beta1 = hn::Set(d, a.beta1), beta2 = hn::Set(d, a.beta2);
  hn::Vec<decltype(d)> m[N], v[N], divisor[N], inverse[N];
  const auto at = [&](auto* array, int i)
                      HWY_ATTR { return array + first + static_cast<std::size_t>(i) * lanes; };
  for (int i = 0; i < N; ++i) {
    const auto g = load(d, at(a.gradients, i), left);
    m[i] = fma(beta1, load(d, at(a.first_moment, i), left), g);
    v[i] = fma(g, g, hn::Mul(beta2, load(d, at(a.second_moment, i), left)));
    store(m[i], d, at(a.first_moment, i), left);
    store(v[i], d, at(a.second_moment, i), left);
  }
  root_plus_epsilon<Real>(v, hn::Set(d, a.epsilon), divisor);
  approximate_inverse<Real>(divisor, inverse);
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
  // A pass of its own: within the loop below even a factor of 1 would cost a step 3 % of its time.
  if (a.keep != 1) scale(a.count, a.keep, a.weights);
  const std::size_t lanes = hn::Lanes(hn::ScalableTag<Real>());
  std::size_t i = 0;
  for (; i + kAdamVectors * lanes <= a.count; i += kAdamVectors * lanes) {
    adam_vectors<kAdamVectors>(a, i, lanes);
  }
  for (; i < a.count; i += lanes) adam_vectors<1>(a, i, a.count - i);
}
