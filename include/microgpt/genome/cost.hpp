#pragma once

#include <map>
#include <vector>

#include "microgpt/genome/genome.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::genome {

/// Floating-point operations of one forward pass over a sequence of `positions` <= n_ctx tokens:
/// two for each multiply-add of the matrix products and of attention; operations linear in the
/// number of channels (norms, residuals) are not counted.
double forward_flops(const GptConfig& config, std::size_t positions);

/// An upper bound on the floating-point operations of scoring documents (held_out_loss() in
/// scoring.hpp): each token beyond the context is predicted in its own window, and the sharing of
/// common prefixes is ignored.
double scoring_flops(const GptConfig& config, const Documents& documents);

/// The floating-point operations of a whole training, known before it starts: a backward pass costs
/// twice a forward pass, Adam ten operations per parameter and step. After the first epoch
/// documents come in a random order, so each counts as the mean of all. The dataset is scanned once
/// for each context length; after that a search can ask for thousands of costs at no expense.
class TrainingCost {
 public:
  /// The dataset must outlive it.
  explicit TrainingCost(const Dataset& dataset) : dataset_(&dataset) {}
  double operator()(const Genome& genome) const;

 private:
  /// Prefix sums over the documents: of positions, and of query-key pairs in causal attention.
  struct Sums {
    std::vector<double> positions, pairs;
  };
  const Sums& sums_of(std::size_t n_ctx) const;

  const Dataset* dataset_;
  mutable std::map<std::size_t, Sums> sums_;  // by context length
};

}  // namespace microgpt::genome
