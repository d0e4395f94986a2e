#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "microgpt/model/gpt.hpp"
#include "microgpt/training/adam.hpp"
#include "microgpt/training/dataset.hpp"
#include "microgpt/training/windows.hpp"

namespace microgpt::training {

/// How the learning rate changes. Each begins with the warm-up.
enum class RateSchedule {
  linear,    ///< falls to 0
  constant,  ///< stays, and falls to 0 in the last 30 % of the steps
  cosine,    ///< falls to a tenth along half a period of a cosine
};

constexpr auto enum_names(RateSchedule) {
  return enum_table<RateSchedule>("schedule", {{RateSchedule::linear, "linear"},
                                               {RateSchedule::constant, "constant"},
                                               {RateSchedule::cosine, "cosine"}});
}

struct TrainConfig {
  std::size_t steps = 200;
  std::size_t batch = 1;         ///< windows per step
  double learning_rate = 0.005;  ///< the highest
  RateSchedule schedule = RateSchedule::linear;
  double warmup = 0;         ///< share of the steps in which the rate rises linearly from 0
  double dropout = 0;        ///< share of the channels that are dropped; see Gpt::forward
  double ngram_dropout = 0;  ///< share of the n-grams that are dropped
  AdamConfig adam = {};
  std::uint64_t seed = 1;  ///< with the replicate: of the order of windows
  std::uint32_t replicate = 0;
};

/// Trains a Gpt on mini-batches: each step learns from the next `batch` windows of the documents.
template <class Real>
class Trainer {
 public:
  /// The model, its tape and the documents must outlive the trainer.
  Trainer(Gpt<Real>& gpt, const Documents& documents, const TrainConfig& config);

  bool finished() const { return step_ == config_.steps; }
  std::size_t steps_done() const { return step_; }
  /// Trains on the next windows and returns their loss before the update: the mean cross-entropy of
  /// all predictions, in nats. Throws Error if it is not finite.
  double step();
  /// What the last step has learnt from.
  std::span<const Window> last_windows() const { return chosen_; }
  /// Runs all remaining steps.
  void run();

 private:
  /// Of the next step.
  double learning_rate() const;
  /// Chooses the windows of the next step; returns the number of their predictions.
  std::size_t choose_windows();
  /// A batch is learnt in parts whose gradients add up. Fills batch_ and targets_ with the windows
  /// chosen from place `first` on; returns the place after the last.
  std::size_t fill_part(std::size_t first);
  /// The rows of a part, or little more. With many, the numbers of the forward pass have left the
  /// cache when the backward pass wants them; with few, large weights are read too often.
  std::size_t rows_of_part() const { return gpt_.weights().size_bytes() <= kFewBytes ? 64 : 512; }
  static constexpr std::size_t kFewBytes = 4 << 20;

  Gpt<Real>& gpt_;
  const Documents& documents_;
  TrainConfig config_;
  Adam<Real> adam_, ngram_adam_;
  WindowOrder order_;
  std::vector<Window> chosen_;  // of a step
  std::vector<Token> tokens_;   // of a window, and the one after it
  TokenBatch batch_;            // of a part
  std::vector<Token> targets_;
  std::size_t step_ = 0;
};

}  // namespace microgpt::training
