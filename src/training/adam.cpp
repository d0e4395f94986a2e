#include "microgpt/training/adam.hpp"

#include "../autograd/kernels.hpp"

namespace microgpt {

template <class Real>
Adam<Real>::Adam(std::size_t weight_count, const Kernels<Real>& kernels, const AdamConfig& config)
    : kernels_(&kernels),
      config_(config),
      first_moment_(weight_count),
      second_moment_(weight_count) {}

template <class Real>
void Adam<Real>::step(std::span<Real> weights, std::span<Real> gradients, double learning_rate) {
  require(weights.size() == first_moment_.size() && gradients.size() == first_moment_.size(),
          "Adam for {} weights was given {} weights and {} gradients", first_moment_.size(),
          weights.size(), gradients.size());
  beta1_power_ *= config_.beta1;
  beta2_power_ *= config_.beta2;
  kernels_->adam({.count = weights.size(),
                  .weights = weights.data(),
                  .gradients = gradients.data(),
                  .first_moment = first_moment_.data(),
                  .second_moment = second_moment_.data(),
                  .beta1 = static_cast<Real>(config_.beta1),
                  .beta2 = static_cast<Real>(config_.beta2),
                  .epsilon = static_cast<Real>(config_.epsilon),
                  .step_size = static_cast<Real>(learning_rate / (1 - beta1_power_)),
                  .second_correction = static_cast<Real>(1 / (1 - beta2_power_))});
}

template class Adam<double>;
template class Adam<float>;

}  // namespace microgpt
