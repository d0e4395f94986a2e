// Norms, softmax and losses: row by row.

template <class Real>
HWY_INLINE Real dot(std::size_t n, const Real* a, const Real* b) {
  return sum_in_eight_lanes<Real>(
      n, [=](auto d, std::size_t i, std::size_t left, auto partial)
             HWY_ATTR { return fma(load(d, a + i, left), load(d, b + i, left), partial); });
}

// y += factor * x
template <class Real>
HWY_INLINE void add_multiple(std::size_t n, Real factor, const Real* x, Real* y) {
  const hn::ScalableTag<Real> d;
  const auto factors = hn::Set(d, factor);
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(fma(factors, load(d, x + i, left), load(d, y + i, left)), d, y + i, left);
  });
}

// y = x / r, r = sqrt(mean(x^2) + epsilon)
template <class Real>
void rmsnorm(std::size_t rows, std::size_t cols, const Real* x, Real* y, Real* inverse_rms) {
  const hn::ScalableTag<Real> d;
  for (std::size_t t = 0; t < rows; ++t, x += cols, y += cols) {
    const Real mean_square = dot(cols, x, x) / static_cast<Real>(cols);
    inverse_rms[t] = 1 / std::sqrt(mean_square + static_cast<Real>(kRmsNormEpsilon));
    const auto factor = hn::Set(d, inverse_rms[t]);
    for_lanes<Real>(cols, [&](std::size_t i, std::size_t left) HWY_ATTR {
      store(hn::Mul(load(d, x + i, left), factor), d, y + i, left);
    });
  }
}

// y = x / r: dy_j/dx_i = (delta_ij - y_i y_j / C) / r, hence
// grad_x = (grad_y - y * mean(grad_y * y)) / r
template <class Real>
void rmsnorm_backward(std::size_t rows, std::size_t cols, const Real* y, const Real* inverse_rms,
                      const Real* grad_y, Real* grad_x) {
  const hn::ScalableTag<Real> d;
  for (std::size_t t = 0; t < rows; ++t, y += cols, grad_y += cols, grad_x += cols) {
    const Real mean = dot(cols, grad_y, y) / static_cast<Real>(cols);
    const auto minus_mean = hn::Set(d, -mean);
    const auto factor = hn::Set(d, inverse_rms[t]);
    for_lanes<Real>(cols, [&](std::size_t i, std::size_t left) HWY_ATTR {
      const auto along = fma(minus_mean, load(d, y + i, left), load(d, grad_y + i, left));
      store(fma(factor, along, load(d, grad_x + i, left)), d, grad_x + i, left);
    });
  }
}

// The largest of n > 0 numbers. (If one is NaN, the result is arbitrary; the exponentials then
// propagate the NaN.)
template <class Real>
HWY_INLINE Real maximum(std::size_t n, const Real* x) {
  const hn::CappedTag<Real, 8> d;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  auto largest = hn::Set(d, x[0]);
  for (std::size_t i = 0; i < n; i += kLanes) {
    const auto some = load(d, x + i, n - i);
    largest = hn::Max(largest,
                      n - i >= kLanes ? some : hn::IfThenElse(hn::FirstN(d, n - i), some, largest));
  }
  return hn::GetLane(hn::MaxOfLanes(d, largest));
}

// y = e^(x - largest) for one row, not yet divided by its sum, which is returned; y may be null.
template <class Real>
HWY_INLINE Real exponentials(std::size_t n, const Real* x, Real largest, Real* y) {
  return sum_in_eight_lanes<Real>(n, [=](auto d, std::size_t i, std::size_t left,
                                         auto partial) HWY_ATTR {
    const auto shift = hn::Set(d, largest);
    const auto e = exp_lanes<Real, Ops<Real, decltype(d)>>(hn::Sub(load(d, x + i, left), shift));
    if (y != nullptr) store(e, d, y + i, left);
    return hn::Add(partial, first_lanes(d, e, left));
  });
}

template <class Real>
HWY_INLINE void scale(std::size_t n, Real factor, Real* y) {
  const hn::ScalableTag<Real> d;
  const auto factors = hn::Set(d, factor);
  for_lanes<Real>(n, [&](std::size_t i, std::size_t left) HWY_ATTR {
    store(hn::Mul(load(d, y + i, left), factors), d, y + i, left);
  });
}

template <class Real>
void softmax(std::size_t rows, std::size_t cols, const Real* x, Real* y) {
  for (std::size_t t = 0; t < rows; ++t, x += cols, y += cols) {
    scale(cols, 1 / exponentials(cols, x, maximum(cols, x), y), y);
  }
}

// dy_j/dx_i = y_j (delta_ij - y_i): grad_x = y (grad_y - sum(grad_y * y))
template <class Real>
void softmax_backward(std::size_t rows, std::size_t cols, const Real* y, const Real* grad_y,
                      Real* grad_x) {
  const hn::ScalableTag<Real> d;
  for (std::size_t t = 0; t < rows; ++t, y += cols, grad_y += cols, grad_x += cols) {
    const auto weighted = hn::Set(d, dot(cols, grad_y, y));
    for_lanes<Real>(cols, [&](std::size_t i, std::size_t left) HWY_ATTR {
      const auto relative = hn::Sub(load(d, grad_y + i, left), weighted);
      store(fma(load(d, y + i, left), relative, load(d, grad_x + i, left)), d, grad_x + i, left);
    });
  }
}

// loss = ln(sum e^(x - max)) + max - x[target]
template <class Real>
void cross_entropy(std::size_t rows, std::size_t cols, const Real* logits,
                   const std::uint32_t* targets, Real* probabilities, Real* losses) {
  constexpr std::size_t kChunk = 16;  // rows whose logarithms are taken together
  Real largest[kChunk], sum[kChunk];
  for (std::size_t first = 0; first < rows; first += kChunk) {
    const std::size_t count = std::min(kChunk, rows - first);
    for (std::size_t t = 0; t < count; ++t) {
      const Real* x = logits + (first + t) * cols;
      Real* p = probabilities == nullptr ? nullptr : probabilities + (first + t) * cols;
      largest[t] = maximum(cols, x);
      sum[t] = exponentials(cols, x, largest[t], p);
      if (p != nullptr) scale(cols, 1 / sum[t], p);
    }
    log(count, sum, losses + first);
    for (std::size_t t = 0; t < count; ++t) {
      losses[first + t] += largest[t] - logits[(first + t) * cols + targets[first + t]];
    }
  }
}

// dloss/dx_i = p_i - [i = target]
template <class Real>
void cross_entropy_backward(std::size_t rows, std::size_t cols, const Real* probabilities,
                            const std::uint32_t* targets, const Real* grad_losses,
                            Real* grad_logits) {
  for (std::size_t t = 0; t < rows; ++t, probabilities += cols, grad_logits += cols) {
    add_multiple(cols, grad_losses[t], probabilities, grad_logits);
    grad_logits[targets[t]] -= grad_losses[t];
  }
}
