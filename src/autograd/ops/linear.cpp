// linear: y = x W, the matrix product that takes most of the time; linear_transposed: y = x W^T.
#include "../fused_record.hpp"
#include "../kernels.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::autograd {
namespace {

/// A matrix that is stored row after row, or its transpose.
template <class Real>
struct Matrix {
  const Real* data;
  std::size_t rows, cols;
  std::size_t row_step, col_step;  ///< from one element to the one below, and to the next one

  Matrix transposed() const { return {data, cols, rows, col_step, row_step}; }
};

template <class Real>
Matrix<Real> matrix(const Real* data, std::size_t rows, std::size_t cols) {
  return {data, rows, cols, cols, 1};
}

/// c = a b, or c += a b.
template <class Real>
void multiply(const Kernels<Real>& kernels, const Matrix<Real>& a, const Matrix<Real>& b, Real* c,
              bool accumulate) {
  kernels.matmul({.rows = a.rows,
                  .cols = b.cols,
                  .inner = a.cols,
                  .a = a.data,
                  .a_row = a.row_step,
                  .a_inner = a.col_step,
                  .b = b.data,
                  .b_inner = b.row_step,
                  .b_col = b.col_step,
                  .c = c,
                  .c_row = b.cols,
                  .accumulate = accumulate});
}

// T = rows, O = cols (outputs), I = inner (inputs): x (T, I), y (T, O), and
// W (I, O): grad_W += x^T grad_y;  grad_x += grad_y W^T
// W (O, I), transposed: grad_W += grad_y^T x;  grad_x += grad_y W
template <class Real, bool kTransposed>
void linear_backward(Tape<Real>& tape, const FusedRecord<Real>& r) {
  const std::size_t T = r.rows, O = r.cols, I = r.inner;
  const auto grad_y = matrix<Real>(tape.grad(r.output, T * O).data(), T, O);
  const auto x = matrix<Real>(tape.data(r.x, T * I).data(), T, I);
  const Real* w = tape.data(r.y, I * O).data();
  const bool first_to_add = tape.take_reset(r.y, I * O);
  const bool first_to_add_x = tape.take_reset(r.x, T * I);
  Real* grad_w = tape.grad(r.y, I * O).data();
  Real* grad_x = tape.grad(r.x, T * I).data();
  if constexpr (kTransposed) {
    multiply(tape.kernels(), grad_y.transposed(), x, grad_w, !first_to_add);
    multiply(tape.kernels(), grad_y, matrix(w, O, I), grad_x, !first_to_add_x);
  } else {
    multiply(tape.kernels(), x.transposed(), grad_y, grad_w, !first_to_add);
    multiply(tape.kernels(), grad_y, matrix(w, I, O).transposed(), grad_x, !first_to_add_x);
  }
}

template <class Real, bool kTransposed>
std::vector<Parent<Real>> linear_history(Tape<Real>& tape, const FusedRecord<Real>& r,
                                         std::size_t i) {
  const Index t = static_cast<Index>(i) / r.cols, o = static_cast<Index>(i) % r.cols;
  std::vector<Parent<Real>> parents;
  for (Index k = 0; k < r.inner; ++k) {
    const Index x = r.x + t * r.inner + k;
    const Index w = r.y + (kTransposed ? o * r.inner + k : k * r.cols + o);
    parents.push_back({{tape, x}, tape.data(w)});
    parents.push_back({{tape, w}, tape.data(x)});
  }
  return parents;
}

template <class Real, bool kTransposed>
constexpr FusedRule<Real> kLinear = {linear_backward<Real, kTransposed>,
                                     linear_history<Real, kTransposed>};

/// x times the weights, whose rows are inputs, or are outputs if kTransposed.
template <bool kTransposed, class Real>
Block<Real> product(Block<Real> x, Block<Real> weights) {
  Tape<Real>& tape = x.tape();
  const std::size_t T = x.rows(), I = x.cols();
  const std::size_t O = kTransposed ? weights.rows() : weights.cols();
  const Block<Real> out(tape, tape.allocate(T * O), T, O);
  const auto w = matrix<Real>(weights.data().data(), weights.rows(), weights.cols());
  multiply(tape.kernels(), matrix<Real>(x.data().data(), T, I), kTransposed ? w.transposed() : w,
           out.data().data(), false);
  tape.push({.rule = &kLinear<Real, kTransposed>,
             .output = out.first(),
             .x = x.first(),
             .y = weights.first(),
             .rows = static_cast<std::uint32_t>(T),
             .cols = static_cast<std::uint32_t>(O),
             .inner = static_cast<std::uint32_t>(I)});
  return out;
}

}  // namespace

template <class Real>
Block<Real> linear(Block<Real> x, Block<Real> weights) {
  require(x.cols() == weights.rows(), "linear: {} inputs do not fit weights of {} x {}", x.cols(),
          weights.rows(), weights.cols());
  return product<false>(x, weights);
}

template <class Real>
Block<Real> linear_transposed(Block<Real> x, Block<Real> weights) {
  require(x.cols() == weights.cols(),
          "linear_transposed: {} inputs do not fit the transpose of weights of {} x {}", x.cols(),
          weights.rows(), weights.cols());
  return product<true>(x, weights);
}

#define MICROGPT_INSTANTIATE(Real)                       \
  template Block<Real> linear(Block<Real>, Block<Real>); \
  template Block<Real> linear_transposed(Block<Real>, Block<Real>);
MICROGPT_INSTANTIATE(double)
MICROGPT_INSTANTIATE(float)

}  // namespace microgpt::autograd
