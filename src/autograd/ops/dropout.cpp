// dropout: elements set to zero at random.
#include <algorithm>
#include <cmath>

#include "../fused_record.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::autograd {
namespace {

// An element takes 16 random bits.
constexpr std::uint32_t kChances = 1U << 16;

/// Calls visit(element, its multiplier) by their places: each multiplier is that of `width`
/// elements.
template <class Visit>
void for_each_element(std::size_t count, std::size_t width, const Visit& visit) {
  if (width == 1) {  // of its own, because compilers vectorise it
    for (std::size_t i = 0; i < count; ++i) visit(i, i);
    return;
  }
  for (std::size_t i = 0; i < count / width; ++i) {
    for (std::size_t c = 0; c < width; ++c) visit(i * width + c, i);
  }
}

// saved: the multipliers; inner: of how many elements each is
template <class Real>
constexpr FusedRule<Real> kDropout = {
    .backward =
        [](Tape<Real>& tape, const FusedRecord<Real>& r) {
          const std::size_t n = std::size_t{r.rows} * r.cols;
          const Real* multipliers = tape.saved(r.saved, n / r.inner).data();
          const Real* grad_out = tape.grad(r.output, n).data();
          Real* grad_x = tape.grad(r.x, n).data();
          for_each_element(n, r.inner, [&](std::size_t i, std::size_t multiplier) {
            grad_x[i] += multipliers[multiplier] * grad_out[i];
          });
        },
    .history =
        [](Tape<Real>& tape, const FusedRecord<Real>& r, std::size_t i) {
          const Index offset = static_cast<Index>(i);
          return std::vector<Parent<Real>>{
              {{tape, r.x + offset}, tape.saved(r.saved + offset / r.inner, 1)[0]}};
        }};

/// Each multiplier is 0 in `dropped` of kChances cases, and such that its mean is 1.
template <class Real>
void draw(std::uint32_t dropped, Rng& rng, std::span<Real> multipliers) {
  // Looked up, because a branch on random bits is often mispredicted.
  const Real choices[] = {static_cast<Real>(double{kChances} / (kChances - dropped)), Real{0}};
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < multipliers.size(); ++i, bits >>= 16) {
    if (i % 4 == 0) bits = rng.next();
    multipliers[i] = choices[bits % kChances < dropped ? 1 : 0];
  }
}

/// Drops units of `width` elements.
template <class Real>
Block<Real> dropout_of(Block<Real> x, std::size_t width, double rate, Rng& rng) {
  require(rate >= 0 && rate < 1, "dropout: the rate is {}, not at least 0 and below 1", rate);
  const std::uint32_t dropped =
      std::min(static_cast<std::uint32_t>(std::round(rate * kChances)), kChances - 1);
  if (dropped == 0) return x;
  Tape<Real>& tape = x.tape();
  const std::size_t n = x.size(), units = n / width;
  const Block<Real> out(tape, tape.allocate(n), x.rows(), x.cols());
  const Index saved = tape.recording() ? tape.save(units) : 0;
  Real* multipliers = tape.recording() ? tape.saved(saved, units).data() : tape.scratch(units);
  draw<Real>(dropped, rng, {multipliers, units});
  const Real* from = x.data().data();
  Real* to = out.data().data();
  for_each_element(n, width, [&](std::size_t i, std::size_t multiplier) {
    to[i] = multipliers[multiplier] * from[i];
  });
  tape.push({.rule = &kDropout<Real>,
             .output = out.first(),
             .x = x.first(),
             .saved = saved,
             .rows = static_cast<std::uint32_t>(x.rows()),
             .cols = static_cast<std::uint32_t>(x.cols()),
             .inner = static_cast<std::uint32_t>(width)});
  return out;
}

}  // namespace

template <class Real>
Block<Real> dropout(Block<Real> x, double rate, Rng& rng) {
  return dropout_of(x, 1, rate, rng);
}

template <class Real>
Block<Real> dropout_rows(Block<Real> x, double rate, Rng& rng) {
  return dropout_of(x, x.cols(), rate, rng);
}

#define MICROGPT_INSTANTIATE(Real)                         \
  template Block<Real> dropout(Block<Real>, double, Rng&); \
  template Block<Real> dropout_rows(Block<Real>, double, Rng&);
MICROGPT_INSTANTIATE(double)
MICROGPT_INSTANTIATE(float)

}  // namespace microgpt::autograd
