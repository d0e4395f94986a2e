// Adam's quotient without a hardware root or division: how far it is from the exact one.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "../support/numbers.hpp"
#include "kernels.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

/// The largest error of step m / (sqrt(v) + epsilon), in units of the last place of the exact
/// value, over second moments from 1e-30 to 1e10 (float: to 1e6).
template <class Real>
double worst_error_in_ulps() {
  constexpr std::size_t kCount = 200'000;
  Rng rng = rng_of(7);
  const Real step = Real(0.0137), epsilon = Real(1e-8);
  std::vector<Real> w(kCount, 0), g(kCount, 0), m(kCount), v(kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    m[i] = static_cast<Real>(rng.uniform(-1, 1));
    v[i] = static_cast<Real>(rng.log_uniform(1e-30, sizeof(Real) == 8 ? 1e10 : 1e6));
  }
  // With beta = 1 and no gradient the moments stay what they are.
  kernels_for<Real>(Simd::best)
      .adam({.count = kCount,
             .weights = w.data(),
             .gradients = g.data(),
             .first_moment = m.data(),
             .second_moment = v.data(),
             .beta1 = 1,
             .beta2 = 1,
             .epsilon = epsilon,
             .step = step,
             .drop_tiny_moments = false});
  double worst = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    using Wide = long double;
    const Wide exact = -Wide{step} * m[i] / (std::sqrt(Wide{v[i]}) + epsilon);
    const Real magnitude = std::abs(static_cast<Real>(exact));
    const Real ulp = std::nextafter(magnitude, std::numeric_limits<Real>::infinity()) - magnitude;
    worst = std::max(worst, static_cast<double>(std::abs(w[i] - exact) / ulp));
  }
  return worst;
}

TEST(AdamAccuracy, is_within_four_units_of_the_last_place) {
  const double f64 = worst_error_in_ulps<double>(), f32 = worst_error_in_ulps<float>();
  RecordProperty("worst_ulps_f64", std::to_string(f64));
  RecordProperty("worst_ulps_f32", std::to_string(f32));
  EXPECT_LE(f64, 4);
  EXPECT_LE(f32, 4);
  EXPECT_GT(f64, 0.5);  // it is not the correctly rounded one, and does not claim to be
}

}  // namespace
}  // namespace microgpt::test
