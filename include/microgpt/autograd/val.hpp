#pragma once

#include <cmath>
#include <concepts>
#include <span>
#include <vector>

#include "microgpt/autograd/tape.hpp"
#include "microgpt/core/elementary.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt::autograd {

/// A number with data, gradient and history. A Val is a handle: the numbers live on the tape, and
/// it is valid as long as the Scope in which it was created.
template <class Real>
class Val {
 public:
  Val(Tape<Real>& tape, Index index) : tape_(&tape), index_(index) {}

  Real data() const { return tape_->data(index_); }
  /// Of a leaf, such as a parameter that is learnt. What was computed from it stays as it is.
  void set(Real data) const { tape_->data(index_, 1)[0] = data; }
  /// d output / d this, after tape.backward(output).
  Real grad() const { return tape_->grad(index_); }
  /// The values this one was computed from, each with d this / d parent.
  std::vector<Parent<Real>> history() const { return tape_->history(index_); }

  Tape<Real>& tape() const { return *tape_; }
  Index index() const { return index_; }

 private:
  Tape<Real>* tape_;
  Index index_;
};

/// One operand of the operation that computed a value.
template <class Real>
struct Parent {
  Val<Real> value;
  Real local_derivative;
};

/// A contiguous, row-major block of rows x cols Vals: a weight matrix, or the activations of a
/// document (positions x channels). Its elements are Vals like any other.
template <class Real>
class Block {
 public:
  Block(Tape<Real>& tape, Index first, std::size_t rows, std::size_t cols)
      : tape_(&tape), first_(first), rows_(rows), cols_(cols) {}

  std::size_t rows() const { return rows_; }
  std::size_t cols() const { return cols_; }
  std::size_t size() const { return rows_ * cols_; }
  Val<Real> operator[](std::size_t i) const { return {*tape_, first_ + static_cast<Index>(i)}; }
  Val<Real> operator()(std::size_t row, std::size_t col) const {
    return (*this)[row * cols_ + col];
  }
  std::span<Real> data() const { return tape_->data(first_, size()); }
  std::span<Real> grad() const { return tape_->grad(first_, size()); }

  Tape<Real>& tape() const { return *tape_; }
  Index first() const { return first_; }

 private:
  Tape<Real>* tape_;
  Index first_;
  std::size_t rows_, cols_;
};

// The scalar algebra: + - * /, unary minus, pow, exp, log, relu, on any mix of Vals and plain
// numbers. A plain number becomes a new leaf. The derivatives are in src/autograd/scalar_rules.hpp.

template <class Real>
using Number = std::type_identity_t<Real>;  // keeps 2.0 or 2 out of template deduction

template <class Real>
Val<Real> operator+(Val<Real> a, Val<Real> b) {
  return {a.tape(), a.tape().push(Op::add, a.data() + b.data(), a.index(), b.index())};
}
template <class Real>
Val<Real> operator-(Val<Real> a, Val<Real> b) {
  return {a.tape(), a.tape().push(Op::sub, a.data() - b.data(), a.index(), b.index())};
}
template <class Real>
Val<Real> operator*(Val<Real> a, Val<Real> b) {
  return {a.tape(), a.tape().push(Op::mul, a.data() * b.data(), a.index(), b.index())};
}
/// Throws Error if b is 0.
template <class Real>
Val<Real> operator/(Val<Real> a, Val<Real> b) {
  if (b.data() == Real{0}) fail("division of {} by zero", a.data());
  return {a.tape(), a.tape().push(Op::div, a.data() / b.data(), a.index(), b.index())};
}
template <class Real>
Val<Real> operator-(Val<Real> a) {
  return {a.tape(), a.tape().push(Op::neg, -a.data(), a.index(), a.index())};
}

namespace detail {
/// x^y = e^(y ln x); square root, inverse square root and small integer exponents use IEEE
/// operations. Throws Error if the result is not a real number.
template <class Real>
Real power(Real x, Real y);
}  // namespace detail

/// a^b; a must be positive, since the derivative by b contains ln a. Throws Error otherwise.
template <class Real>
Val<Real> pow(Val<Real> a, Val<Real> b) {
  if (!(a.data() > Real{0})) fail("pow of {}: the base must be positive", a.data());
  return {a.tape(),
          a.tape().push(Op::pow, detail::power(a.data(), b.data()), a.index(), b.index())};
}
/// a^exponent; a may be negative if the exponent is an integer, and 0 if it is not negative.
template <class Real>
Val<Real> pow(Val<Real> a, Number<Real> exponent) {
  const Real result = detail::power(a.data(), exponent);
  const Val<Real> constant = a.tape().value(exponent);
  return {a.tape(), a.tape().push(Op::pow_constant, result, a.index(), constant.index())};
}
template <class Real>
Val<Real> pow(Number<Real> base, Val<Real> b) {
  return pow(b.tape().value(base), b);
}

template <class Real>
Val<Real> exp(Val<Real> a) {
  return {a.tape(), a.tape().push(Op::exp, elementary::exp(a.data()), a.index(), a.index())};
}
/// Throws Error unless a > 0 (NaN passes through).
template <class Real>
Val<Real> log(Val<Real> a) {
  if (a.data() <= Real{0}) fail("log of {}: must be positive", a.data());
  return {a.tape(), a.tape().push(Op::log, elementary::log(a.data()), a.index(), a.index())};
}
/// max(a, 0); its derivative at 0 is 0. NaN passes through.
template <class Real>
Val<Real> relu(Val<Real> a) {
  const Real x = a.data();
  return {a.tape(), a.tape().push(Op::relu, x <= Real{0} ? Real{0} : x, a.index(), a.index())};
}

#define MICROGPT_MIXED_OPERATOR(op)                    \
  template <class Real>                                \
  Val<Real> operator op(Val<Real> a, Number<Real> b) { \
    return a op a.tape().value(b);                     \
  }                                                    \
  template <class Real>                                \
  Val<Real> operator op(Number<Real> a, Val<Real> b) { \
    return b.tape().value(a) op b;                     \
  }
MICROGPT_MIXED_OPERATOR(+)
MICROGPT_MIXED_OPERATOR(-)
MICROGPT_MIXED_OPERATOR(*)
MICROGPT_MIXED_OPERATOR(/)
#undef MICROGPT_MIXED_OPERATOR

}  // namespace microgpt::autograd
