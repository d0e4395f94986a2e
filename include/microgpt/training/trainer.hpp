#pragma once

#include <cstddef>

#include "microgpt/model/gpt.hpp"
#include "microgpt/training/adam.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::training {

struct TrainConfig {
  std::size_t steps = 200;
  double learning_rate = 0.005;  ///< initial; decays linearly to 0
  AdamConfig adam = {};
};

/// Trains a Gpt on one document per step, cycling through the dataset in order.
template <class Real>
class Trainer {
 public:
  /// The model, its tape and the documents must outlive the trainer.
  Trainer(Gpt<Real>& gpt, const Documents& documents, const TrainConfig& config);

  bool finished() const { return step_ == config_.steps; }
  std::size_t steps_done() const { return step_; }
  /// Trains on the next document and returns its loss before the update: the mean cross-entropy of
  /// min(n_ctx, tokens - 1) predictions, in nats. Throws Error if it is not finite.
  double step();
  /// Runs all remaining steps.
  void run();

 private:
  Gpt<Real>& gpt_;
  const Documents& documents_;
  TrainConfig config_;
  Adam<Real> adam_;
  TokenBatch batch_;
  std::size_t step_ = 0;
};

}  // namespace microgpt::training
