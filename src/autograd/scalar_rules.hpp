#pragma once

#include <limits>

#include "microgpt/autograd/tape.hpp"
#include "microgpt/core/elementary.hpp"

namespace microgpt::autograd {

/// d y / d a and d y / d b of y = op(a, b). `b` is 0 where the operation has one operand.
template <class Real>
struct LocalDerivatives {
  Real a;
  Real b;
};

inline bool has_two_parents(Op op) { return op <= Op::div || op == Op::pow; }

/// The limit of z x^(z - 1) as x > 0 goes to 0, for z >= 0.
template <class Real>
inline Real derivative_of_power_at_zero(Real z) {
  if (z > 0 && z < 1) return std::numeric_limits<Real>::infinity();
  return z == 1 ? Real{1} : Real{0};
}

/// All derivatives of the scalar algebra: x and z are the operands' data, y the result.
template <class Real>
inline LocalDerivatives<Real> local_derivatives(Op op, Real x, Real z, Real y) {
  switch (op) {
    case Op::add:
      return {1, 1};
    case Op::sub:
      return {1, -1};
    case Op::mul:
      return {z, x};
    case Op::div:
      return {1 / z, -y / z};
    case Op::neg:
      return {-1, 0};
    case Op::pow:
      return {z * y / x, elementary::log(x) * y};
    case Op::pow_constant:
      return {x == 0 ? derivative_of_power_at_zero(z) : z * y / x, 0};
    case Op::exp:
      return {y, 0};
    case Op::log:
      return {1 / x, 0};
    case Op::relu:
      return {x <= 0 ? Real{0} : Real{1}, 0};
    case Op::fused:
      break;
  }
  return {0, 0};
}

}  // namespace microgpt::autograd
