#include "microgpt/core/elementary.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "../support/numbers.hpp"
#include "microgpt/core/files.hpp"

namespace microgpt::test {

using namespace core;
namespace {

template <class Real>
using BitsOf = std::conditional_t<sizeof(Real) == 8, std::uint64_t, std::uint32_t>;

template <class Real>
class Elementary : public ::testing::Test {
 protected:
  using Limits = std::numeric_limits<Real>;

  /// |value - exact| in units of the last place of `exact`; subnormal results have a fixed one.
  static long double ulps(Real value, long double exact) {
    const int exponent = exact == 0 ? Limits::min_exponent : std::ilogb(exact) + 1;
    const long double ulp =
        std::ldexp(1.0L, std::max(exponent, Limits::min_exponent) - Limits::digits);
    return std::abs(static_cast<long double>(value) - exact) / ulp;
  }

  static ::testing::AssertionResult within_two_ulps(Real x, Real value, long double exact) {
    // Past the largest number and half a unit, infinity is the nearest.
    const long double largest = static_cast<long double>(Limits::max());
    if (std::isinf(value) && exact > largest * (1 - 4 * Limits::epsilon())) {
      return ::testing::AssertionSuccess();
    }
    if (ulps(value, exact) <= 2) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << fmt::format("x = {:a}: {:a} is {:.2f} units off", x, value, ulps(value, exact));
  }

  static ::testing::AssertionResult exp_is_right(Real x) {
    return within_two_ulps(x, elementary::exp(x), std::exp(static_cast<long double>(x)));
  }
  static ::testing::AssertionResult log_is_right(Real x) {
    return within_two_ulps(x, elementary::log(x), std::log(static_cast<long double>(x)));
  }

  static constexpr Real kInfinity = Limits::infinity();
  static constexpr Real kNaN = Limits::quiet_NaN();
  static constexpr Real kSubnormal = Limits::denorm_min();
  // Above, e^x is past the largest number; below, it is 0 before it would become subnormal.
  static constexpr double kExpMax = sizeof(Real) == 8 ? 709.78 : 88.72;
  static constexpr double kExpMin = sizeof(Real) == 8 ? -708 : -87;
};

using Precisions = ::testing::Types<double, float>;
TYPED_TEST_SUITE(Elementary, Precisions);

TYPED_TEST(Elementary, exp_is_within_two_ulps_of_the_truth_from_underflow_to_overflow) {
  Rng rng = rng_of(1);
  for (int i = 0; i < 200'000; ++i) {
    const auto x = static_cast<TypeParam>(rng.uniform(this->kExpMin, this->kExpMax + 2));
    ASSERT_TRUE(this->exp_is_right(x));
  }
}

TYPED_TEST(Elementary, exp_is_within_two_ulps_of_the_truth_around_zero_and_at_every_scale) {
  Rng rng = rng_of(2);
  for (int i = 0; i < 200'000; ++i) {
    const auto x = static_cast<TypeParam>(rng.log_uniform(1e-40, 80));
    ASSERT_TRUE(this->exp_is_right(x));
    ASSERT_TRUE(this->exp_is_right(-x));
  }
}

// Around (n + 1/2) ln 2 the reduced argument is largest and jumps.
TYPED_TEST(Elementary, exp_is_within_two_ulps_of_the_truth_where_its_reduction_jumps) {
  for (double n = -120; n < 120; ++n) {
    auto x = static_cast<TypeParam>((n + 0.5) * 0.693147180559945309417);
    for (int i = 0; i < 20; ++i) x = std::nextafter(x, -this->kInfinity);
    for (int i = 0; i < 40; ++i) {
      ASSERT_TRUE(this->exp_is_right(x));
      x = std::nextafter(x, this->kInfinity);
    }
  }
}

TYPED_TEST(Elementary, exp_overflows_to_infinity_and_underflows_to_zero) {
  EXPECT_EQ(elementary::exp(this->kInfinity), this->kInfinity);
  EXPECT_EQ(elementary::exp(-this->kInfinity), 0);
  EXPECT_EQ(elementary::exp(static_cast<TypeParam>(this->kExpMax + 0.1)), this->kInfinity);
  EXPECT_EQ(elementary::exp(std::numeric_limits<TypeParam>::max()), this->kInfinity);
  EXPECT_EQ(elementary::exp(std::numeric_limits<TypeParam>::lowest()), 0);
  const auto lowest = static_cast<TypeParam>(this->kExpMin);
  EXPECT_TRUE(this->exp_is_right(lowest));
  EXPECT_TRUE(std::isnormal(elementary::exp(lowest)));
  EXPECT_EQ(elementary::exp(std::nextafter(lowest, -this->kInfinity)), 0);
}

TYPED_TEST(Elementary, exp_of_zero_is_one_and_of_nan_nan) {
  EXPECT_EQ(elementary::exp(TypeParam{0}), 1);
  EXPECT_EQ(elementary::exp(-TypeParam{0}), 1);
  EXPECT_EQ(elementary::exp(this->kSubnormal), 1);
  EXPECT_TRUE(std::isnan(elementary::exp(this->kNaN)));
  EXPECT_TRUE(std::isnan(elementary::exp(-this->kNaN)));
}

TYPED_TEST(Elementary, log_is_within_two_ulps_of_the_truth_for_positive_numbers_of_every_size) {
  using Bits = BitsOf<TypeParam>;
  constexpr Bits kInfinityBits = std::bit_cast<Bits>(TestFixture::kInfinity);
  Rng rng = rng_of(3);
  for (int i = 0; i < 300'000; ++i) {
    const auto bits = static_cast<Bits>(1 + rng.below(kInfinityBits - 1));
    ASSERT_TRUE(this->log_is_right(std::bit_cast<TypeParam>(bits)));
  }
}

TYPED_TEST(Elementary, log_is_within_two_ulps_of_the_truth_for_subnormals) {
  using Bits = BitsOf<TypeParam>;
  constexpr Bits kNormalBits = std::bit_cast<Bits>(std::numeric_limits<TypeParam>::min());
  Rng rng = rng_of(4);
  for (int i = 0; i < 100'000; ++i) {
    const Bits bits = static_cast<Bits>(1 + rng.below(kNormalBits)) >> rng.below(20);
    ASSERT_TRUE(this->log_is_right(std::bit_cast<TypeParam>(std::max(bits, Bits{1}))));
  }
}

// Near 1 the logarithm is small and every digit of x - 1 counts; at sqrt(1/2) and sqrt(2) the
// exponent that is split off changes.
TYPED_TEST(Elementary, log_is_within_two_ulps_of_the_truth_around_one_and_where_it_splits) {
  Rng rng = rng_of(5);
  for (int i = 0; i < 100'000; ++i) {
    const double offset = rng.log_uniform(1e-17, 0.5);
    ASSERT_TRUE(this->log_is_right(static_cast<TypeParam>(1 + offset)));
    ASSERT_TRUE(this->log_is_right(static_cast<TypeParam>(1 - offset)));
  }
  for (const double root : {0.70710678118654752, 1.4142135623730950}) {
    auto x = static_cast<TypeParam>(root);
    for (int i = 0; i < 50; ++i) x = std::nextafter(x, TypeParam{0});
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(this->log_is_right(x));
      x = std::nextafter(x, this->kInfinity);
    }
  }
}

TYPED_TEST(Elementary, log_has_the_values_of_ieee_at_the_ends_of_its_domain) {
  EXPECT_EQ(elementary::log(TypeParam{1}), 0);
  EXPECT_EQ(elementary::log(TypeParam{0}), -this->kInfinity);
  EXPECT_EQ(elementary::log(-TypeParam{0}), -this->kInfinity);
  EXPECT_EQ(elementary::log(this->kInfinity), this->kInfinity);
  EXPECT_TRUE(this->log_is_right(this->kSubnormal));
  EXPECT_TRUE(this->log_is_right(std::numeric_limits<TypeParam>::max()));
  EXPECT_TRUE(std::isnan(elementary::log(TypeParam{-1})));
  EXPECT_TRUE(std::isnan(elementary::log(-this->kSubnormal)));
  EXPECT_TRUE(std::isnan(elementary::log(-this->kInfinity)));
  EXPECT_TRUE(std::isnan(elementary::log(this->kNaN)));
}

/// SHA-256 of many results of exp and of log, byte by byte.
template <class Real>
std::string digest() {
  Rng rng = rng_of(6);
  std::vector<Real> results;
  for (int i = 0; i < 50'000; ++i) {
    results.push_back(elementary::exp(static_cast<Real>(rng.uniform(-80, 80))));
    results.push_back(elementary::log(static_cast<Real>(rng.uniform(0, 100))));
    results.push_back(elementary::log(static_cast<Real>(1 + rng.uniform(-0.4, 0.4))));
  }
  return sha256({reinterpret_cast<const char*>(results.data()), results.size() * sizeof(Real)});
}

// All results computed with a seed, on any machine, depend on these bits.
TEST(ElementaryDigest, every_bit_of_exp_and_log_is_pinned) {
  EXPECT_EQ(digest<double>(), "974572adc13b2a765448f65d10e40fdb1de43bbdd7579ac74cfe2888be7c8092");
  EXPECT_EQ(digest<float>(), "645181c81675ec39094a9ae60d845ed9616c1358ef321604a620282c3d935a83");
}

TEST(ElementaryFloat, exp_and_log_are_right_for_all_floats_of_a_stride) {
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += 3001) {
    const auto x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    const double exp = std::exp(static_cast<double>(x)), log = std::log(static_cast<double>(x));
    const float our_exp = elementary::exp(x), our_log = elementary::log(x);
    ASSERT_EQ(std::isnan(our_exp), std::isnan(x)) << x;
    ASSERT_EQ(std::isnan(our_log), !(x >= 0)) << x;
    if (std::isnan(x)) continue;
    const auto rounded = static_cast<float>(exp);
    if (x < -87) {
      ASSERT_EQ(our_exp, 0) << x;
    } else if (std::isinf(rounded) || std::isinf(our_exp)) {
      ASSERT_EQ(our_exp, rounded) << x;
    } else {
      const double ulp = std::nextafter(rounded, HUGE_VALF) - rounded;
      ASSERT_LE(std::abs(our_exp - exp), 2 * ulp) << x;
    }
    if (!(x > 0) || std::isinf(x)) continue;
    const double ulp = std::nextafter(std::abs(static_cast<float>(log)), HUGE_VALF) -
                       std::abs(static_cast<float>(log));
    ASSERT_LE(std::abs(our_log - log), 2 * ulp) << x;
  }
}

}  // namespace
}  // namespace microgpt::test
