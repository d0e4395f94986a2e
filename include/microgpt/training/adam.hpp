#pragma once

#include <cstdint>
#include <span>

#include "microgpt/autograd/tape.hpp"

namespace microgpt::autograd {
template <class Real>
struct AdamArguments;
}

namespace microgpt::training {

struct AdamConfig {
  double beta1 = 0.85;
  double beta2 = 0.99;
  double epsilon = 1e-8;
  /// In each step every weight loses this share of itself, times the learning rate (Loshchilov and
  /// Hutter, "Decoupled weight decay regularization", 2019).
  double weight_decay = 0;
};

/// Adam (Kingma and Ba, "Adam: a method for stochastic optimization", 2015) over flat arrays.
template <class Real>
class Adam {
 public:
  Adam(std::size_t weight_count, const Kernels<Real>& kernels, const AdamConfig& config = {});

  /// Updates the weights. Both spans have weight_count elements.
  void step(std::span<Real> weights, std::span<const Real> gradients, double learning_rate);

  /// Updates some rows of a table of `width` columns only, each of them named once; the other rows
  /// and their averages stay as they are. The correction of the bias counts all steps. For tables
  /// of which a step reads little. Known as lazy Adam.
  void step_rows(std::span<Real> weights, std::span<const Real> gradients, std::size_t width,
                 std::span<const std::uint32_t> rows, double learning_rate);

 private:
  void require_sizes(std::size_t weights, std::size_t gradients) const;
  /// Begins a step; returns what the kernel needs, but for the arrays.
  autograd::AdamArguments<Real> next_step(double learning_rate);
  /// The step of `count` weights from place `first` on.
  void update(autograd::AdamArguments<Real> arguments, std::size_t first, std::size_t count,
              std::span<Real> weights, std::span<const Real> gradients);

  const Kernels<Real>* kernels_;
  AdamConfig config_;
  // Without the factors 1 - beta, which are applied in the step: m = beta1 m + g, v = beta2 v +
  // g^2.
  Buffer<Real> first_moment_, second_moment_;
  std::size_t steps_ = 0;
  double beta1_power_ = 1, beta2_power_ = 1;  // beta^t, for the bias correction
};

}  // namespace microgpt::training
