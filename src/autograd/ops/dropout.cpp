// dropout: elements set to zero at random.
#include <algorithm>
#include <cmath>

#include "../fused_record.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::autograd {
namespace {

// An element takes 16 random bits.
constexpr std::uint32_t kChances = 1U << 16;

// saved: the multipliers
template <class Real>
constexpr FusedRule<Real> kDropout = {
    .backward =
        [](Tape<Real>& tape, const FusedRecord<Real>& r) {
          const std::size_t n = std::size_t{r.rows} * r.cols;
          const Real* multipliers = tape.saved(r.saved, n).data();
          const Real* grad_out = tape.grad(r.output, n).data();
          Real* grad_x = tape.grad(r.x, n).data();
          for (std::size_t i = 0; i < n; ++i) grad_x[i] += multipliers[i] * grad_out[i];
        },
    .history =
        [](Tape<Real>& tape, const FusedRecord<Real>& r, std::size_t i) {
          const Index offset = static_cast<Index>(i);
          return std::vector<Parent<Real>>{
              {{tape, r.x + offset}, tape.saved(r.saved + offset, 1)[0]}};
        }};

}  // namespace

template <class Real>
void draw_dropout(double rate, Rng& rng, std::span<Real> multipliers) {
  require(rate >= 0 && rate < 1, "dropout: the rate is {}, not at least 0 and below 1", rate);
  const std::uint32_t dropped =
      std::min(static_cast<std::uint32_t>(std::round(rate * kChances)), kChances - 1);
  if (dropped == 0) {
    std::ranges::fill(multipliers, Real{1});
    return;
  }
  // Looked up, because a branch on random bits is often mispredicted.
  const Real choices[] = {static_cast<Real>(double{kChances} / (kChances - dropped)), Real{0}};
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < multipliers.size(); ++i, bits >>= 16) {
    if (i % 4 == 0) bits = rng.next();
    multipliers[i] = choices[bits % kChances < dropped ? 1 : 0];
  }
}

template <class Real>
Block<Real> dropout(Block<Real> x, double rate, Rng& rng) {
  if (rate >= 0 && std::round(rate * kChances) == 0) return x;
  Tape<Real>& tape = x.tape();
  const std::size_t n = x.size();
  const Block<Real> out(tape, tape.allocate(n), x.rows(), x.cols());
  const Index saved = tape.recording() ? tape.save(n) : 0;
  Real* multipliers = tape.recording() ? tape.saved(saved, n).data() : tape.scratch(n);
  draw_dropout<Real>(rate, rng, {multipliers, n});
  const Real* from = x.data().data();
  Real* to = out.data().data();
  for (std::size_t i = 0; i < n; ++i) to[i] = multipliers[i] * from[i];
  tape.push({.rule = &kDropout<Real>,
             .output = out.first(),
             .x = x.first(),
             .saved = saved,
             .rows = static_cast<std::uint32_t>(x.rows()),
             .cols = static_cast<std::uint32_t>(x.cols())});
  return out;
}

#define MICROGPT_INSTANTIATE(Real)                           \
  template void draw_dropout(double, Rng&, std::span<Real>); \
  template Block<Real> dropout(Block<Real>, double, Rng&);
MICROGPT_INSTANTIATE(double)
MICROGPT_INSTANTIATE(float)

}  // namespace microgpt::autograd
