#include "microgpt/training/adam.hpp"

#include <algorithm>
#include <cmath>

#include "../autograd/kernels.hpp"

namespace microgpt::training {

template <class Real>
Adam<Real>::Adam(std::size_t weight_count, const Kernels<Real>& kernels, const AdamConfig& config)
    : kernels_(&kernels), config_(config) {
  for (Buffer<Real>* moment : {&first_moment_, &second_moment_}) {
    moment->resize(weight_count);
    std::fill_n(moment->data(), weight_count, Real{0});
  }
}

template <class Real>
autograd::AdamArguments<Real> Adam<Real>::next_step(double learning_rate) {
  constexpr std::size_t kDropEvery = 32;
  beta1_power_ *= config_.beta1;
  beta2_power_ *= config_.beta2;
  // step m' / (sqrt(v') + epsilon) with the bias-corrected m' and v', all factors combined.
  const double root = std::sqrt((1 - config_.beta2) / (1 - beta2_power_));
  return {
      .count = 0,
      .weights = nullptr,
      .gradients = nullptr,
      .first_moment = nullptr,
      .second_moment = nullptr,
      .beta1 = static_cast<Real>(config_.beta1),
      .beta2 = static_cast<Real>(config_.beta2),
      .epsilon = static_cast<Real>(config_.epsilon / root),
      .step = static_cast<Real>(learning_rate * (1 - config_.beta1) / (1 - beta1_power_) / root),
      .drop_tiny_moments = ++steps_ % kDropEvery == 0,
      .keep = static_cast<Real>(1 - learning_rate * config_.weight_decay)};
}

template <class Real>
void Adam<Real>::update(autograd::AdamArguments<Real> arguments, std::size_t first,
                        std::size_t count, std::span<Real> weights,
                        std::span<const Real> gradients) {
  arguments.count = count;
  arguments.weights = weights.data() + first;
  arguments.gradients = gradients.data() + first;
  arguments.first_moment = first_moment_.data() + first;
  arguments.second_moment = second_moment_.data() + first;
  kernels_->adam(arguments);
}

template <class Real>
void Adam<Real>::require_sizes(std::size_t weights, std::size_t gradients) const {
  require(weights == first_moment_.size() && gradients == first_moment_.size(),
          "Adam for {} weights was given {} weights and {} gradients", first_moment_.size(),
          weights, gradients);
}

template <class Real>
void Adam<Real>::step(std::span<Real> weights, std::span<const Real> gradients,
                      double learning_rate) {
  require_sizes(weights.size(), gradients.size());
  update(next_step(learning_rate), 0, weights.size(), weights, gradients);
}

template <class Real>
void Adam<Real>::step_rows(std::span<Real> weights, std::span<const Real> gradients,
                           std::size_t width, std::span<const std::uint32_t> rows,
                           double learning_rate) {
  require_sizes(weights.size(), gradients.size());
  AdamArguments<Real> arguments = next_step(learning_rate);
  arguments.drop_tiny_moments = true;  // a row may be away from every 32nd step
  for (const std::uint32_t row : rows) {
    require(row < weights.size() / width, "Adam: row {} is not below {}", row,
            weights.size() / width);
    update(arguments, row * width, width, weights, gradients);
  }
}

template class Adam<double>;
template class Adam<float>;

}  // namespace microgpt::training
