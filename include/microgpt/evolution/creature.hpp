#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/genome/gpt_genome.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::model {
struct WeightFile;
}

namespace microgpt::evolution {

/// How a training went: the mean losses of equal parts of its steps.
class LearningCurve {
 public:
  static constexpr std::size_t kParts = 20;  ///< or one for each step, if these are fewer

  explicit LearningCurve(std::size_t steps) : steps_(steps) {}
  /// The loss of the next step.
  void add(double loss);
  /// Those of the parts that are over.
  const std::vector<double>& means() const { return means_; }

 private:
  std::size_t steps_, step_ = 0, count_ = 0;
  double sum_ = 0;
  std::vector<double> means_;
};

/// A living organism: the GPT that a genome describes, its training, and its names. The precision
/// is chosen at construction; the interface is in double.
class Creature {
 public:
  /// Draws the initial weights from the seed. Replicates differ in their random numbers:
  /// number 0 learns the documents in the order of the dataset, every other one has initial weights
  /// and an order of its own. The dataset must outlive the creature.
  Creature(const Genome& genome, const Dataset& dataset, Precision precision, std::uint64_t seed,
           std::uint32_t replicate = 0);
  ~Creature();
  Creature(const Creature&) = delete;
  Creature& operator=(const Creature&) = delete;

  /// One step of training; see Trainer::step. Throws Error if the loss is not finite.
  double step();
  /// The documents that the last step learnt from, or the parts of long ones; valid UTF-8.
  std::vector<std::string> last_documents() const;
  bool trained() const;
  /// All steps that are left, their losses noted in a curve if there is one. Returns the loss of
  /// the last one; NaN if none was left.
  double train(LearningCurve* curve = nullptr);

  /// Mean cross-entropy; see held_out_loss() in scoring.hpp.
  double loss(const Documents& documents);

  /// Generates `count` names, in valid UTF-8: name i depends only on the seed and i. temperature >
  /// 0.
  std::vector<std::string> speak(std::size_t count, double temperature);

  /// The current weights, with vocabulary and seed; see weights.hpp.
  WeightFile weights() const;
  /// Replaces the weights. Throws Error, and leaves them, unless vocabulary and sizes are equal.
  void set_weights(const WeightFile& file);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace microgpt::evolution
