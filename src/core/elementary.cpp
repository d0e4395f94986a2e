#include "microgpt/core/elementary.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace microgpt::core::elementary {
namespace {

#define Ops_INLINE inline

template <class Real>
struct Bits;
template <>
struct Bits<double> {
  using Int = std::int64_t;
  static constexpr int kMantissa = 52;
};
template <>
struct Bits<float> {
  using Int = std::int32_t;
  static constexpr int kMantissa = 23;
};

/// One lane: the operations required by elementary-inl.hpp, on plain numbers.
template <class Real>
struct Ops {
  using V = Real;
  using B = Bits<Real>;
  using Int = typename B::Int;
  using UInt = std::make_unsigned_t<Int>;
  static V set(Real x) { return x; }
  static V add(V a, V b) { return a + b; }
  static V sub(V a, V b) { return a - b; }
  static V mul(V a, V b) { return a * b; }
  static V div(V a, V b) { return a / b; }
  static V fma(V a, V b, V c) { return std::fma(a, b, c); }
  /// a 2^n, where n is in the low bits of `shifted`: adds it to a's exponent.
  static V scale(V a, V shifted) {
    const auto n = static_cast<UInt>(std::bit_cast<Int>(shifted));
    return std::bit_cast<Real>(static_cast<UInt>(std::bit_cast<Int>(a)) + (n << B::kMantissa));
  }
  static V exp_domain(V x, Real low, Real high, V result) {
    if (x < low) return 0;
    if (x > high) return std::numeric_limits<Real>::infinity();
    return x != x ? x : result;
  }
  static std::pair<V, V> split(V x) {
    constexpr Real kSubnormalScale = static_cast<Real>(Int{1} << (B::kMantissa + 1));
    const bool subnormal = x < std::numeric_limits<Real>::min();
    // Unsigned differences: for negative x, which log_domain() handles, they wrap.
    const UInt bits = std::bit_cast<UInt>(subnormal ? x * kSubnormalScale : x);
    // Moving the boundary of the mantissa from 1 to sqrt(1/2) keeps it centred around 1.
    const UInt root_half = std::bit_cast<UInt>(static_cast<Real>(0x1.6a09e667f3bcdp-1));
    const Int exponent = static_cast<Int>(bits - root_half) >> B::kMantissa;
    const UInt shift = static_cast<UInt>(exponent) << B::kMantissa;
    const V mantissa = std::bit_cast<Real>(static_cast<UInt>(bits - shift));
    return {mantissa, static_cast<Real>(exponent - (subnormal ? B::kMantissa + 1 : 0))};
  }
  static V log_domain(V x, V result) {
    if (x == std::numeric_limits<Real>::infinity()) return x;
    if (x > 0) return result;
    return x == 0 ? -std::numeric_limits<Real>::infinity() : std::numeric_limits<Real>::quiet_NaN();
  }
};

#include "elementary-inl.hpp"

}  // namespace

double exp(double x) { return exp_lanes<double>(x); }
float exp(float x) { return exp_lanes<float>(x); }
double log(double x) { return log_lanes<double>(x); }
float log(float x) { return log_lanes<float>(x); }

}  // namespace microgpt::core::elementary
