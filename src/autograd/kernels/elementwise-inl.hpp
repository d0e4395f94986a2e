// One output for each input.

template <class Real>
void add(std::size_t n, const Real* a, const Real* b, Real* out) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(hn::Add(load(d, a + i, left), load(d, b + i, left)), d, out + i, left);
  });
}

// max(x, 0), but a NaN stays one.
template <class D>
HWY_INLINE hn::Vec<D> positive_part(D d, hn::Vec<D> x) {
  return hn::IfThenZeroElse(hn::Le(x, hn::Zero(d)), x);
}

template <class Real>
void relu(std::size_t n, const Real* x, Real* y) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(positive_part(d, load(d, x + i, left)), d, y + i, left);
  });
}

template <class Real>
void relu_backward(std::size_t n, const Real* x, const Real* grad_y, Real* grad_x) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto blocked = hn::Le(load(d, x + i, left), hn::Zero(d));
    const auto passed = hn::IfThenZeroElse(blocked, load(d, grad_y + i, left));
    store(hn::Add(load(d, grad_x + i, left), passed), d, grad_x + i, left);
  });
}

template <class Real>
void relu_squared(std::size_t n, const Real* x, Real* y) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto positive = positive_part(d, load(d, x + i, left));
    store(hn::Mul(positive, positive), d, y + i, left);
  });
}

// dy/dx = 2 max(x, 0)
template <class Real>
void relu_squared_backward(std::size_t n, const Real* x, const Real* grad_y, Real* grad_x) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    const auto positive = positive_part(d, load(d, x + i, left));
    const auto derivative = hn::Add(positive, positive);
    const auto grad = fma(load(d, grad_y + i, left), derivative, load(d, grad_x + i, left));
    store(grad, d, grad_x + i, left);
  });
}

// Where e^x is a weight, it is 0 for x below this: 1e-27 is far below the rounding error of a
// float, but multiplied by a gradient it becomes subnormal, which made the backward pass of
// attention twice as slow.
template <class Real>
constexpr Real kLeastExponent = std::is_same_v<Real, float> ? Real(-60) : Real(-708);

template <class Real>
void exp(std::size_t n, const Real* x, Real* y) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(exp_lanes<Real, Ops<Real>>(load(d, x + i, left)), d, y + i, left);
  });
}

template <class Real>
void log(std::size_t n, const Real* x, Real* y) {
  const hn::ScalableTag<Real> d;
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(log_lanes<Real>(load(d, x + i, left)), d, y + i, left);
  });
}
