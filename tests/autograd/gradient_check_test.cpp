// Tests of the checker itself: expect_gradients_match must fail if a derivative is wrong.
#include "../support/gradient_check.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

namespace microgpt::test {

namespace {

TEST(GradientCheck, passes_what_is_right) {
  expect_gradients_match([](Tape<double>&, Block<double> x) { return x[0] * x[1] * x[1]; },
                         {1.5, -0.5});
}

// The second factor is hidden from the tape: x^2 with derivative x.
Val<double> forgets_a_factor(Tape<double>&, Block<double> x) { return x[0] * x[0].data(); }

TEST(GradientCheck, finds_a_wrong_derivative) {
  EXPECT_NONFATAL_FAILURE(expect_gradients_match(forgets_a_factor, {1.5}), "finite difference");
}

TEST(GradientCheck, finds_a_derivative_that_is_off_by_a_millionth) {
  EXPECT_NONFATAL_FAILURE(
      expect_gradients_match(
          [](Tape<double>&, Block<double> x) { return x[0] * 1.000001 - 0.000001 * x[0].data(); },
          {1.5}),
      "finite difference");
}

Val<double> not_a_number(Tape<double>&, Block<double> x) { return x[0] * std::nan(""); }

TEST(GradientCheck, finds_a_value_that_is_not_a_number) {
  EXPECT_FATAL_FAILURE(expect_gradients_match(not_a_number, {1.5}), "f(x) is nan");
}

// e^-(e^1000) is 0, but its derivative is 0 times infinity.
Val<double> not_differentiable(Tape<double>&, Block<double> x) { return exp(-exp(x[0] * 1000)); }

TEST(GradientCheck, finds_a_gradient_that_is_not_a_number) {
  EXPECT_FATAL_FAILURE(expect_gradients_match(not_differentiable, {1.0}), "the gradient is");
}

TEST(GradientCheck, finds_operands_that_take_too_many_inputs) {
  EXPECT_NONFATAL_FAILURE(
      {
        Tape<double> tape;
        Operands operands(tape.zeros(1, 5));
        operands.next(2, 3);
      },
      "more numbers than there are inputs");
}

}  // namespace
}  // namespace microgpt::test
