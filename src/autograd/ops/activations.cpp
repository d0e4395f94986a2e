// relu, relu_squared, gelu: functions of single numbers; and swiglu, of two.
#include "../fused_record.hpp"
#include "../kernels.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::autograd {
namespace {

template <class Real>
using Forward = void (*Kernels<Real>::*)(std::size_t n, const Real* x, Real* y);
template <class Real>
using Backward = void (*Kernels<Real>::*)(std::size_t n, const Real* x, const Real* grad_y,
                                          Real* grad_x);

// The derivative stands in the kernel alone: it is what a gradient of 1 becomes on its way back.
template <class Real, Backward<Real> kBackward>
constexpr FusedRule<Real> kActivation = {
    .backward =
        [](Tape<Real>& tape, const FusedRecord<Real>& r) {
          const std::size_t n = std::size_t{r.rows} * r.cols;
          (tape.kernels().*kBackward)(n, tape.data(r.x, n).data(), tape.grad(r.output, n).data(),
                                      tape.grad(r.x, n).data());
        },
    .history =
        [](Tape<Real>& tape, const FusedRecord<Real>& r, std::size_t i) {
          const Index x = r.x + static_cast<Index>(i);
          const Real data = tape.data(x), one = 1;
          Real derivative = 0;
          (tape.kernels().*kBackward)(1, &data, &one, &derivative);
          return std::vector<Parent<Real>>{{{tape, x}, derivative}};
        }};

template <class Real, Forward<Real> kForward, Backward<Real> kBackward>
Block<Real> activation(Block<Real> x) {
  Tape<Real>& tape = x.tape();
  const Block<Real> out(tape, tape.allocate(x.size()), x.rows(), x.cols());
  (tape.kernels().*kForward)(x.size(), x.data().data(), out.data().data());
  tape.push({.rule = &kActivation<Real, kBackward>,
             .output = out.first(),
             .x = x.first(),
             .rows = static_cast<std::uint32_t>(x.rows()),
             .cols = static_cast<std::uint32_t>(x.cols())});
  return out;
}

// x: the gate; y: what passes it
template <class Real>
constexpr FusedRule<Real> kSwiglu = {
    .backward =
        [](Tape<Real>& tape, const FusedRecord<Real>& r) {
          const std::size_t n = std::size_t{r.rows} * r.cols;
          tape.kernels().swiglu_backward(n, tape.data(r.x, n).data(), tape.data(r.y, n).data(),
                                         tape.grad(r.output, n).data(), tape.grad(r.x, n).data(),
                                         tape.grad(r.y, n).data());
        },
    .history =
        [](Tape<Real>& tape, const FusedRecord<Real>& r, std::size_t i) {
          const Index gate = r.x + static_cast<Index>(i), x = r.y + static_cast<Index>(i);
          const Real data[] = {tape.data(gate), tape.data(x)}, one = 1;
          Real derivatives[] = {0, 0};
          tape.kernels().swiglu_backward(1, &data[0], &data[1], &one, &derivatives[0],
                                         &derivatives[1]);
          return std::vector<Parent<Real>>{{{tape, gate}, derivatives[0]},
                                           {{tape, x}, derivatives[1]}};
        }};

}  // namespace

template <class Real>
Block<Real> relu(Block<Real> x) {
  return activation<Real, &Kernels<Real>::relu, &Kernels<Real>::relu_backward>(x);
}

template <class Real>
Block<Real> relu_squared(Block<Real> x) {
  return activation<Real, &Kernels<Real>::relu_squared, &Kernels<Real>::relu_squared_backward>(x);
}

template <class Real>
Block<Real> gelu(Block<Real> x) {
  return activation<Real, &Kernels<Real>::gelu, &Kernels<Real>::gelu_backward>(x);
}

template <class Real>
Block<Real> swiglu(Block<Real> gate, Block<Real> x) {
  require(gate.rows() == x.rows() && gate.cols() == x.cols(), "swiglu of {} x {} and {} x {}",
          gate.rows(), gate.cols(), x.rows(), x.cols());
  Tape<Real>& tape = x.tape();
  const Block<Real> out(tape, tape.allocate(x.size()), x.rows(), x.cols());
  tape.kernels().swiglu(x.size(), gate.data().data(), x.data().data(), out.data().data());
  tape.push({.rule = &kSwiglu<Real>,
             .output = out.first(),
             .x = gate.first(),
             .y = x.first(),
             .rows = static_cast<std::uint32_t>(x.rows()),
             .cols = static_cast<std::uint32_t>(x.cols())});
  return out;
}

#define MICROGPT_INSTANTIATE(Real)                \
  template Block<Real> relu(Block<Real>);         \
  template Block<Real> relu_squared(Block<Real>); \
  template Block<Real> gelu(Block<Real>);         \
  template Block<Real> swiglu(Block<Real>, Block<Real>);
MICROGPT_INSTANTIATE(double)
MICROGPT_INSTANTIATE(float)

}  // namespace microgpt::autograd
