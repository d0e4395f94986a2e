// The kernels' exp and log, lane by lane, are those of microgpt::elementary.
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "../support/numbers.hpp"
#include "kernels.hpp"
#include "microgpt/core/elementary.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

template <class Real>
class KernelLanes : public ::testing::Test {
 protected:
  static void expect_elementary(const std::vector<Real>& inputs) {
    std::vector<Real> exponentials, logarithms;
    for (const Real x : inputs) {
      exponentials.push_back(elementary::exp(x));
      logarithms.push_back(elementary::log(x));
    }
    for (const Simd simd : supported_simd()) {
      SCOPED_TRACE(name(simd));
      const Kernels<Real>& kernels = kernels_for<Real>(simd);
      std::vector<Real> found(inputs.size());
      kernels.exp(inputs.size(), inputs.data(), found.data());
      EXPECT_TRUE(same_bits(found, exponentials)) << "exp";
      kernels.log(inputs.size(), inputs.data(), found.data());
      EXPECT_TRUE(same_bits(found, logarithms)) << "log";
    }
  }
};

using Precisions = ::testing::Types<double, float>;
TYPED_TEST_SUITE(KernelLanes, Precisions);

TYPED_TEST(KernelLanes, equal_the_elementary_functions_for_ordinary_numbers) {
  Rng rng = rng_of(1);
  for (std::size_t count = 1; count < 70; ++count) {
    this->expect_elementary(random_numbers<TypeParam>(rng, count, -10, 10));
  }
  this->expect_elementary(random_numbers<TypeParam>(rng, 100'000, -800, 800));
  this->expect_elementary(random_numbers<TypeParam>(rng, 100'000, 0, 2));
}

TYPED_TEST(KernelLanes, equal_the_elementary_functions_for_any_pattern_of_bits) {
  using Bits = std::conditional_t<sizeof(TypeParam) == 8, std::uint64_t, std::uint32_t>;
  Rng rng = rng_of(2);
  std::vector<TypeParam> inputs;
  while (inputs.size() < 200'000) {
    const auto x = std::bit_cast<TypeParam>(static_cast<Bits>(rng.next()));
    if (x == x) inputs.push_back(x);
  }
  this->expect_elementary(inputs);
}

TYPED_TEST(KernelLanes, equal_the_elementary_functions_at_the_ends_of_the_range) {
  using Limits = std::numeric_limits<TypeParam>;
  const std::vector<TypeParam> specials = {0,
                                           1,
                                           Limits::denorm_min(),
                                           Limits::min(),
                                           Limits::max(),
                                           Limits::infinity(),
                                           Limits::quiet_NaN(),
                                           Limits::epsilon(),
                                           TypeParam(709.7),
                                           TypeParam(708),
                                           TypeParam(88.7),
                                           TypeParam(87),
                                           TypeParam(0.70710678118654752),
                                           TypeParam(1.4142135623730950)};
  std::vector<TypeParam> inputs;
  for (const TypeParam special : specials) {
    for (const TypeParam x : {special, std::nextafter(special, TypeParam{0}),
                              std::nextafter(special, Limits::infinity())}) {
      inputs.push_back(x);
      inputs.push_back(-x);
    }
  }
  this->expect_elementary(inputs);
}

}  // namespace
}  // namespace microgpt::test
