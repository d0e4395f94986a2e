#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "microgpt/core/random.hpp"

namespace microgpt::test {

using namespace core;

inline Rng rng_of(std::uint64_t seed) { return Rng(seed, Stream::breeding, 0); }

/// `count` numbers, uniform in [low, high).
template <class Real = double>
std::vector<Real> random_numbers(Rng& rng, std::size_t count, double low = -1, double high = 1) {
  std::vector<Real> numbers(count);
  for (Real& number : numbers) number = static_cast<Real>(rng.uniform(low, high));
  return numbers;
}

template <class Real>
std::vector<Real> copy(std::span<Real> numbers) {
  return {numbers.begin(), numbers.end()};
}

/// Whether two runs of numbers are equal bit for bit, so that NaN equals NaN and 0 is not -0.
template <class Real>
::testing::AssertionResult same_bits(const std::vector<Real>& a, const std::vector<Real>& b) {
  if (a.size() != b.size()) {
    return ::testing::AssertionFailure() << a.size() << " numbers and " << b.size();
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::memcmp(&a[i], &b[i], sizeof(Real)) == 0) continue;
    return ::testing::AssertionFailure() << fmt::format("number {}: {:a} and {:a}", i, a[i], b[i]);
  }
  return ::testing::AssertionSuccess();
}

/// Whether |a - b| <= tolerance * max(|a|, |b|, floor); false for NaN.
inline ::testing::AssertionResult close(double a, double b, double tolerance, double floor = 1) {
  const double scale = std::max({std::abs(a), std::abs(b), floor});
  if (std::abs(a - b) <= tolerance * scale) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << fmt::format("{} and {} differ by {:.3g} of {:.3g}", a, b,
                                                      std::abs(a - b) / scale, scale);
}

}  // namespace microgpt::test
