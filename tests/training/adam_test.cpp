#include "microgpt/training/adam.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "../support/errors.hpp"
#include "../support/plain_adam.hpp"

namespace microgpt::test {

using namespace training;
namespace {

const AdamConfig kConfigs[] = {{},
                               {.beta1 = 0.9, .beta2 = 0.999},
                               {.beta1 = 0, .beta2 = 0.5},
                               {.weight_decay = 0.1},
                               {.beta2 = 0.95, .weight_decay = 3}};

/// Seventy steps of Adam and of the plain one, on the same random gradients.
template <class Real>
void expect_plain_adam(std::size_t count, const AdamConfig& config, std::uint64_t seed,
                       double tolerance) {
  SCOPED_TRACE(fmt::format("{} weights, beta {} and {}, decay {}, seed {}", count, config.beta1,
                           config.beta2, config.weight_decay, seed));
  Rng rng = rng_of(seed);
  const Tape<Real> tape;
  Adam<Real> adam(count, tape.kernels(), config);
  PlainAdam plain(count, config);
  std::vector<Real> weights = random_numbers<Real>(rng, count);
  std::vector<double> expected(weights.begin(), weights.end());
  for (int step = 1; step <= 70; ++step) {
    std::vector<Real> gradients = random_numbers<Real>(rng, count);
    const double learning_rate = 0.02 / step;
    plain.step(expected, {gradients.begin(), gradients.end()}, learning_rate);
    adam.step(weights, gradients, learning_rate);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(close(weights[i], expected[i], tolerance)) << "step " << step << ", weight " << i;
    }
  }
}

TEST(Adam, moves_the_weights_as_the_formula_says) {
  std::uint64_t seed = 0;
  for (const AdamConfig& config : kConfigs) {
    for (const std::size_t count : {1U, 7U, 8U, 9U, 64U, 101U}) {
      expect_plain_adam<double>(count, config, ++seed, 1e-14);
      expect_plain_adam<float>(count, config, ++seed, 2e-6);
    }
  }
}

TEST(Adam, of_all_rows_is_that_of_the_whole_table_and_of_some_leaves_the_others) {
  for (const std::size_t width : {1U, 3U, 8U, 21U}) {
    SCOPED_TRACE(width);
    constexpr std::uint32_t kRows = 5;
    for (const Simd simd : supported_simd()) {
      const Tape<float> tape(simd);
      Rng rng = rng_of(width);
      Adam<float> by_rows(kRows * width, tape.kernels()), whole(kRows * width, tape.kernels());
      std::vector<float> weights = random_numbers<float>(rng, kRows * width), expected = weights;
      for (int step = 0; step < 10; ++step) {
        const std::vector<float> gradients = random_numbers<float>(rng, kRows * width);
        by_rows.step_rows(weights, gradients, width, std::vector<std::uint32_t>{3, 0, 4, 1, 2},
                          0.1);
        whole.step(expected, gradients, 0.1);
        ASSERT_TRUE(same_bits(weights, expected));
      }
      by_rows.step_rows(weights, expected, width, std::vector<std::uint32_t>{2}, 0.1);
      for (std::size_t i = 0; i < weights.size(); ++i) {
        EXPECT_EQ(weights[i] != expected[i], i / width == 2) << i;
      }
      EXPECT_TRUE(contains(error_of([&] {
                             by_rows.step_rows(weights, expected, width,
                                               std::vector<std::uint32_t>{5}, 0.1);
                           }),
                           "row 5 is not below 5"));
    }
  }
}

// Gradients of very different sizes, some of which stop: their moments fade out over the steps.
TEST(Adam, moves_the_weights_as_the_formula_says_for_gradients_of_every_size) {
  constexpr std::size_t kCount = 200;
  const Tape<double> tape;
  Adam<double> adam(kCount, tape.kernels());
  PlainAdam plain(kCount, {});
  Rng rng = rng_of(1);
  std::vector<double> weights = random_numbers(rng, kCount), expected = weights;
  for (int step = 1; step <= 1000; ++step) {
    std::vector<double> gradients(kCount);
    for (std::size_t i = 0; i < kCount; ++i) {
      const double size = std::pow(10, static_cast<double>(i % 40) - 30);
      if (step < 10 || i % 2 == 0) gradients[i] = size * rng.uniform(-1, 1);
    }
    plain.step(expected, gradients, 0.01);
    adam.step(weights, gradients, 0.01);
    for (std::size_t i = 0; i < kCount; ++i) {
      ASSERT_TRUE(close(weights[i], expected[i], 1e-13)) << "step " << step << ", weight " << i;
    }
  }
}

TEST(Adam, a_weight_without_a_gradient_stays_bit_for_bit) {
  const Tape<double> tape;
  Adam<double> adam(3, tape.kernels());
  std::vector<double> weights = {0.1, -0.0, 1e-300};
  const std::vector<double> before = weights;
  for (int step = 0; step < 100; ++step) {
    std::vector<double> gradients(3);
    adam.step(weights, gradients, 0.5);
  }
  EXPECT_TRUE(same_bits(weights, before));
}

TEST(Adam, a_weight_without_a_gradient_decays_by_its_share_in_each_step) {
  const Tape<double> tape;
  Adam<double> adam(3, tape.kernels(), {.weight_decay = 0.25});
  std::vector<double> weights = {8, -4, 0}, gradients(3);
  adam.step(weights, gradients, 0.5);
  EXPECT_EQ(weights, (std::vector<double>{7, -3.5, 0}));
  adam.step(weights, gradients, 0);
  EXPECT_EQ(weights, (std::vector<double>{7, -3.5, 0}));
  adam.step(weights, gradients, 4);
  EXPECT_EQ(weights, (std::vector<double>(3, 0)));
}

TEST(Adam, the_first_step_is_the_learning_rate_against_the_sign_of_the_gradient) {
  const Tape<double> tape;
  Adam<double> adam(4, tape.kernels());
  std::vector<double> weights = {1, 1, 1, 1}, gradients = {1e-3, -1e-3, 1e6, 0};
  adam.step(weights, gradients, 0.25);
  EXPECT_NEAR(weights[0], 0.75, 1e-5);
  EXPECT_NEAR(weights[1], 1.25, 1e-5);
  EXPECT_NEAR(weights[2], 0.75, 1e-12);
  EXPECT_EQ(weights[3], 1);
}

TEST(Adam, spans_of_another_size_throw) {
  const Tape<double> tape;
  Adam<double> adam(3, tape.kernels());
  std::vector<double> three(3), four(4);
  EXPECT_TRUE(contains(error_of([&] { adam.step(four, three, 0.1); }), "4 weights"));
  EXPECT_TRUE(contains(error_of([&] { adam.step(three, four, 0.1); }), "4 gradients"));
}

}  // namespace
}  // namespace microgpt::test
