#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "microgpt/autograd/val.hpp"
#include "numbers.hpp"

namespace microgpt::test {

using namespace autograd;

/// Cuts the inputs of a gradient check, one after another, into the operands of an operation.
class Operands {
 public:
  explicit Operands(Block<double> inputs) : inputs_(inputs) {}

  Block<double> next(std::size_t rows, std::size_t cols) {
    const Block<double> operand(inputs_.tape(), inputs_[used_].index(), rows, cols);
    used_ += rows * cols;
    EXPECT_LE(used_, inputs_.size()) << "the operands take more numbers than there are inputs";
    return operand;
  }

 private:
  Block<double> inputs_;
  std::size_t used_ = 0;
};

/// A number that depends on every element of a block, on each with another weight.
inline Val<double> weighted_sum(Block<double> y) {
  Val<double> sum = y[0];
  for (std::size_t i = 1; i < y.size(); ++i) {
    sum = sum + y[i] * (1.5 * std::sin(static_cast<double>(i + 1)));
  }
  return sum;
}

/// d output / d input by the naive chain rule: a walk from the output down the tape, in which each
/// value hands what it has gathered to the parents that its history() names.
inline std::vector<double> gradients_by_history(Val<double> output, Block<double> inputs) {
  Tape<double>& tape = output.tape();
  std::vector<double> gathered(tape.value_count(), 0);
  gathered[output.index()] = 1;
  for (Index i = output.index() + 1; i-- > 0;) {
    if (gathered[i] == 0) continue;
    for (const Parent<double>& parent : tape.history(i)) {
      EXPECT_LT(parent.value.index(), i) << "a parent is older than its child";
      gathered[parent.value.index()] += gathered[i] * parent.local_derivative;
    }
  }
  const auto first = gathered.begin() + inputs.first();
  return {first, first + static_cast<std::ptrdiff_t>(inputs.size())};
}

/// Compares three ways to differentiate f(tape, inputs) -> Val<double>: backward(), the naive chain
/// rule over history(), and central differences. `inputs` become a block of 1 x n.
template <class Function>
void expect_gradients_match(const Function& f, const std::vector<double>& inputs) {
  constexpr double kDifferenceTolerance = 1e-7, kHistoryTolerance = 1e-12;
  Tape<double> tape;
  const Block<double> x = tape.zeros(1, inputs.size());
  std::copy(inputs.begin(), inputs.end(), x.data().begin());

  const Val<double> output = f(tape, x);
  ASSERT_TRUE(std::isfinite(output.data())) << "f(x) is " << output.data();
  // First: on its way back, attention overwrites what its history is made of.
  const std::vector<double> by_history = gradients_by_history(output, x);
  tape.backward(output);
  const std::vector<double> by_backward = copy(x.grad());

  const auto value_at = [&](std::size_t i, double input) {
    const Tape<double>::Scope scope(tape);
    const Tape<double>::Inference inference(tape);
    x.data()[i] = input;
    const double value = f(tape, x).data();
    x.data()[i] = inputs[i];
    return value;
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    SCOPED_TRACE(fmt::format("input {} of {}, {}", i, inputs.size(), inputs[i]));
    ASSERT_EQ(value_at(i, inputs[i]), output.data()) << "the value depends on recording";
    ASSERT_TRUE(std::isfinite(by_backward[i])) << "the gradient is " << by_backward[i];
    const double h =
        std::cbrt(std::numeric_limits<double>::epsilon()) * std::max(1.0, std::abs(inputs[i]));
    const double above = inputs[i] + h, below = inputs[i] - h;
    const double difference = (value_at(i, above) - value_at(i, below)) / (above - below);
    EXPECT_TRUE(close(by_backward[i], difference, kDifferenceTolerance)) << "finite difference";
    EXPECT_TRUE(close(by_backward[i], by_history[i], kHistoryTolerance)) << "history()";
  }
}

}  // namespace microgpt::test
