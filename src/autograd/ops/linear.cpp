// linear: y = x W, the matrix product that takes most of the time.
#include "../fused_record.hpp"
#include "../kernels.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::autograd {
namespace {

// T = rows, O = cols (outputs), I = inner (inputs): x (T, I), W (I, O), y (T, O).
// grad_W += x^T grad_y;  grad_x += grad_y W^T
template <class Real>
void linear_backward(Tape<Real>& tape, const FusedRecord<Real>& r) {
  const std::size_t T = r.rows, O = r.cols, I = r.inner;
  const Real* grad_y = tape.grad(r.output, T * O).data();
  const bool first_to_add = tape.take_reset(r.y, I * O);
  const bool first_to_add_x = tape.take_reset(r.x, T * I);
  tape.kernels().matmul({.rows = I,
                         .cols = O,
                         .inner = T,
                         .a = tape.data(r.x, T * I).data(),
                         .a_row = 1,
                         .a_inner = I,
                         .b = grad_y,
                         .b_inner = O,
                         .c = tape.grad(r.y, I * O).data(),
                         .c_row = O,
                         .accumulate = !first_to_add});
  tape.kernels().matmul({.rows = T,
                         .cols = I,
                         .inner = O,
                         .a = grad_y,
                         .a_row = O,
                         .a_inner = 1,
                         .b = tape.data(r.y, I * O).data(),
                         .b_inner = 1,
                         .b_col = O,
                         .c = tape.grad(r.x, T * I).data(),
                         .c_row = I,
                         .accumulate = !first_to_add_x});
}

template <class Real>
std::vector<Parent<Real>> linear_history(Tape<Real>& tape, const FusedRecord<Real>& r,
                                         std::size_t i) {
  const Index t = static_cast<Index>(i) / r.cols, o = static_cast<Index>(i) % r.cols;
  std::vector<Parent<Real>> parents;
  for (Index k = 0; k < r.inner; ++k) {
    const Index x = r.x + t * r.inner + k, w = r.y + k * r.cols + o;
    parents.push_back({{tape, x}, tape.data(w)});
    parents.push_back({{tape, w}, tape.data(x)});
  }
  return parents;
}

template <class Real>
constexpr FusedRule<Real> kLinear = {linear_backward<Real>, linear_history<Real>};

}  // namespace

template <class Real>
Block<Real> linear(Block<Real> x, Block<Real> weights) {
  require(x.cols() == weights.rows(), "linear: {} inputs do not fit weights of {} x {}", x.cols(),
          weights.rows(), weights.cols());
  Tape<Real>& tape = x.tape();
  const std::size_t T = x.rows(), I = x.cols(), O = weights.cols();
  const Block<Real> out(tape, tape.allocate(T * O), T, O);
  tape.kernels().matmul({.rows = T,
                         .cols = O,
                         .inner = I,
                         .a = x.data().data(),
                         .a_row = I,
                         .a_inner = 1,
                         .b = weights.data().data(),
                         .b_inner = O,
                         .c = out.data().data(),
                         .c_row = O,
                         .accumulate = false});
  tape.push({.rule = &kLinear<Real>,
             .output = out.first(),
             .x = x.first(),
             .y = weights.first(),
             .rows = static_cast<std::uint32_t>(T),
             .cols = static_cast<std::uint32_t>(O),
             .inner = static_cast<std::uint32_t>(I)});
  return out;
}

template Block<double> linear(Block<double>, Block<double>);
template Block<float> linear(Block<float>, Block<float>);

}  // namespace microgpt::autograd
