#pragma once

#include <map>
#include <vector>

#include "microgpt/genome/genome.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::genome {

/// Floating-point operations of one forward pass over a sequence of `positions` <= n_ctx tokens:
/// two for each multiply-add of the matrix products and of attention; what is linear in the number
/// of channels (norms, residuals) is left out.
double forward_flops(const GptConfig& config, std::size_t positions);

/// Floating-point operations of scoring documents (held_out_loss in scoring.hpp), at most: each
/// token beyond the context is predicted in a window of its own; that windows share what they begin
/// with is not counted.
double scoring_flops(const GptConfig& config, const Documents& documents);

/// Floating-point operations of a whole training, known before it starts: a forward pass costs
/// once, a backward pass twice, Adam ten for each parameter. The dataset is looked through once for
/// each context length; after that a cost takes no time, so that a search may ask for thousands.
class TrainingCost {
 public:
  /// The dataset must outlive it.
  explicit TrainingCost(const Dataset& dataset) : dataset_(&dataset) {}
  double operator()(const Genome& genome) const;

 private:
  /// Sums over the first documents: of positions, and of pairs of a query and a key that it sees.
  struct Sums {
    std::vector<double> positions, pairs;
  };
  const Sums& sums_of(std::size_t n_ctx) const;

  const Dataset* dataset_;
  mutable std::map<std::size_t, Sums> sums_;  // by context length
};

}  // namespace microgpt::genome
