// add, mean: one output for each pair of inputs, or one for all.
#include <algorithm>

#include "../fused_record.hpp"
#include "../kernels.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::autograd {
namespace {

template <class Real>
constexpr FusedRule<Real> kAdd = {
    .backward =
        [](Tape<Real>& tape, const FusedRecord<Real>& r) {
          const std::size_t n = std::size_t{r.rows} * r.cols;
          const Real* grad_out = tape.grad(r.output, n).data();
          for (const Index operand : {r.x, r.y}) {
            const bool first_to_add = tape.take_reset(operand, n);
            Real* grad = tape.grad(operand, n).data();
            if (first_to_add) {
              std::copy_n(grad_out, n, grad);
            } else {
              tape.kernels().add(n, grad, grad_out, grad);
            }
          }
        },
    .history =
        [](Tape<Real>& tape, const FusedRecord<Real>& r, std::size_t i) {
          const Index offset = static_cast<Index>(i);
          return std::vector<Parent<Real>>{{{tape, r.x + offset}, 1}, {{tape, r.y + offset}, 1}};
        }};

// inner: the number of elements; integers: the divisor
template <class Real>
constexpr FusedRule<Real> kMean = {
    .backward =
        [](Tape<Real>& tape, const FusedRecord<Real>& r) {
          const std::uint32_t count = tape.integers(r.integers, 1)[0];
          const Real share = tape.grad(r.output) / static_cast<Real>(count);
          for (Real& grad : tape.grad(r.x, r.inner)) grad += share;
        },
    .history =
        [](Tape<Real>& tape, const FusedRecord<Real>& r, std::size_t) {
          const std::uint32_t count = tape.integers(r.integers, 1)[0];
          std::vector<Parent<Real>> parents;
          for (Index i = 0; i < r.inner; ++i) {
            parents.push_back({{tape, r.x + i}, 1 / static_cast<Real>(count)});
          }
          return parents;
        }};

}  // namespace

template <class Real>
Block<Real> add(Block<Real> a, Block<Real> b) {
  require(a.rows() == b.rows() && a.cols() == b.cols(), "add of {} x {} and {} x {}", a.rows(),
          a.cols(), b.rows(), b.cols());
  Tape<Real>& tape = a.tape();
  const Block<Real> out(tape, tape.allocate(a.size()), a.rows(), a.cols());
  tape.kernels().add(a.size(), a.data().data(), b.data().data(), out.data().data());
  tape.push({.rule = &kAdd<Real>,
             .output = out.first(),
             .x = a.first(),
             .y = b.first(),
             .rows = static_cast<std::uint32_t>(a.rows()),
             .cols = static_cast<std::uint32_t>(a.cols())});
  return out;
}

template <class Real>
Val<Real> mean(Block<Real> x, std::size_t count) {
  require(count > 0, "mean of nothing");
  Tape<Real>& tape = x.tape();
  Real sum = 0;
  for (const Real value : x.data()) sum += value;
  const Block<Real> out(tape, tape.allocate(1), 1, 1);
  out.data()[0] = sum / static_cast<Real>(count);
  const std::size_t integers = tape.integer_count();
  tape.integers(1)[0] = static_cast<std::uint32_t>(count);
  tape.push({.rule = &kMean<Real>,
             .output = out.first(),
             .x = x.first(),
             .rows = 1,
             .cols = 1,
             .inner = static_cast<std::uint32_t>(x.size()),
             .integers = static_cast<std::uint32_t>(integers),
             .integer_count = 1});
  return out[0];
}

#define MICROGPT_INSTANTIATE(Real)                    \
  template Block<Real> add(Block<Real>, Block<Real>); \
  template Val<Real> mean(Block<Real>, std::size_t);
MICROGPT_INSTANTIATE(double)
MICROGPT_INSTANTIATE(float)

}  // namespace microgpt::autograd
