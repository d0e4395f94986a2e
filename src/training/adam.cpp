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
void Adam<Real>::step(std::span<Real> weights, std::span<const Real> gradients,
                      double learning_rate) {
  require(weights.size() == first_moment_.size() && gradients.size() == first_moment_.size(),
          "Adam for {} weights was given {} weights and {} gradients", first_moment_.size(),
          weights.size(), gradients.size());
  constexpr std::size_t kDropEvery = 32;
  beta1_power_ *= config_.beta1;
  beta2_power_ *= config_.beta2;
  // step m' / (sqrt(v') + epsilon) with the bias-corrected m' and v', all factors combined.
  const double root = std::sqrt((1 - config_.beta2) / (1 - beta2_power_));
  kernels_->adam(
      {.count = weights.size(),
       .weights = weights.data(),
       .gradients = gradients.data(),
       .first_moment = first_moment_.data(),
       .second_moment = second_moment_.data(),
       .beta1 = static_cast<Real>(config_.beta1),
       .beta2 = static_cast<Real>(config_.beta2),
       .epsilon = static_cast<Real>(config_.epsilon / root),
       .step = static_cast<Real>(learning_rate * (1 - config_.beta1) / (1 - beta1_power_) / root),
       .drop_tiny_moments = ++steps_ % kDropEvery == 0,
       .keep = static_cast<Real>(1 - learning_rate * config_.weight_decay)});
}

template class Adam<double>;
template class Adam<float>;

}  // namespace microgpt::training
