// gelu and swiglu: a number times the sigmoid of itself, or of a multiple of it.
//
// No operation here negates, so that every NaN in a formula is the one that came in: a product of
// two different ones would depend on the order in which a compiler takes them.

// 1 / (1 + e^-u), 0 where that is negligible. e^-u may be infinite, then it is 0 as well.
template <class Real, class D = hn::ScalableTag<Real>>
HWY_INLINE hn::Vec<D> sigmoid(hn::Vec<D> u) {
  const D d;
  const auto one = hn::Set(d, Real{1});
  const auto e = exp_lanes<Real, Ops<Real>>(hn::Sub(hn::Zero(d), u));
  return hn::IfThenZeroElse(hn::Lt(u, hn::Set(d, kLeastExponent<Real>)),
                            hn::Div(one, hn::Add(one, e)));
}

// weight * x, but 0 if the weight is 0 and x infinite.
template <class D>
HWY_INLINE hn::Vec<D> weighted(D d, hn::Vec<D> weight, hn::Vec<D> x) {
  return hn::IfThenZeroElse(hn::Eq(weight, hn::Zero(d)), hn::Mul(weight, x));
}

// The derivative of the sigmoid s by its argument: s (1 - s).
template <class D>
HWY_INLINE hn::Vec<D> sigmoid_slope(D d, hn::Vec<D> s) {
  return hn::Mul(s, hn::Sub(hn::Set(d, hn::TFromD<D>{1}), s));
}

constexpr double kGeluScale = 1.5957691216057308;  // 2 sqrt(2 / pi)
constexpr double kGeluCubic = 0.044715;

// x (scale + factor scale cubic x^2): u for a factor of 1, and for a factor of 3 x du/dx.
template <class D>
HWY_INLINE hn::Vec<D> gelu_argument(D d, hn::Vec<D> x, double factor) {
  using Real = hn::TFromD<D>;
  const auto cubic = hn::Set(d, static_cast<Real>(factor * kGeluScale * kGeluCubic));
  return hn::Mul(x, fma(hn::Mul(x, x), cubic, hn::Set(d, static_cast<Real>(kGeluScale))));
}

template <class Real>
void gelu(std::size_t n, const Real* x, Real* y) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto value = load(d, x + i, left);
    const auto s = sigmoid<Real>(gelu_argument(d, value, 1));
    store(weighted(d, s, value), d, y + i, left);
  });
}

// y = x s, s = sigmoid(u): dy/dx = s + s (1 - s) x du/dx
template <class Real>
void gelu_backward(std::size_t n, const Real* x, const Real* grad_y, Real* grad_x) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto value = load(d, x + i, left);
    const auto s = sigmoid<Real>(gelu_argument(d, value, 1));
    const auto bend = weighted(d, sigmoid_slope(d, s), gelu_argument(d, value, 3));
    const auto grad = load(d, grad_x + i, left);
    store(fma(load(d, grad_y + i, left), hn::Add(s, bend), grad), d, grad_x + i, left);
  });
}

template <class Real>
void swiglu(std::size_t n, const Real* gate, const Real* x, Real* y) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto g = load(d, gate + i, left);
    const auto open = weighted(d, sigmoid<Real>(g), g);
    store(hn::Mul(open, load(d, x + i, left)), d, y + i, left);
  });
}

// y = g s x, s = sigmoid(g): dy/dx = g s, dy/dg = (s + s (1 - s) g) x
template <class Real>
void swiglu_backward(std::size_t n, const Real* gate, const Real* x, const Real* grad_y,
                     Real* grad_gate, Real* grad_x) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto g = load(d, gate + i, left), grad = load(d, grad_y + i, left);
    const auto s = sigmoid<Real>(g);
    const auto slope = hn::Add(s, weighted(d, sigmoid_slope(d, s), g));
    const auto through_gate = hn::Mul(grad, load(d, x + i, left));
    store(fma(through_gate, slope, load(d, grad_gate + i, left)), d, grad_gate + i, left);
    // Loaded only now: the two gradients may be the same numbers.
    store(fma(grad, weighted(d, s, g), load(d, grad_x + i, left)), d, grad_x + i, left);
  });
}
