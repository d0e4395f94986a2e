#pragma once

#include <cmath>
#include <vector>

#include "microgpt/training/adam.hpp"
#include "numbers.hpp"

namespace microgpt::test {

using namespace training;

/// Adam as Kingma and Ba write it down (2015, algorithm 1), in double precision.
class PlainAdam {
 public:
  PlainAdam(std::size_t count, const AdamConfig& config) : config_(config), m_(count), v_(count) {}

  void step(std::vector<double>& weights, const std::vector<double>& gradients, double rate) {
    const auto& [beta1, beta2, epsilon, weight_decay] = config_;
    ++t_;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double g = gradients[i];
      m_[i] = beta1 * m_[i] + (1 - beta1) * g;
      v_[i] = beta2 * v_[i] + (1 - beta2) * g * g;
      const double m_hat = m_[i] / (1 - std::pow(beta1, t_));
      const double v_hat = v_[i] / (1 - std::pow(beta2, t_));
      weights[i] -= rate * weight_decay * weights[i];  // Loshchilov and Hutter, 2019
      weights[i] -= rate * m_hat / (std::sqrt(v_hat) + epsilon);
    }
  }

 private:
  AdamConfig config_;
  std::vector<double> m_, v_;
  int t_ = 0;
};

}  // namespace microgpt::test
