#pragma once

#include <functional>
#include <map>
#include <vector>

#include "microgpt/core/enum_names.hpp"
#include "microgpt/genome/search_space.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::genome {

/// Floating-point operations of one forward pass over a sequence of `positions` <= n_ctx tokens:
/// two for each multiply-add of the matrix products and of attention; operations linear in the
/// number of channels (norms, residuals) are not counted.
double forward_flops(const GptConfig& config, std::size_t positions);

/// An upper bound on the floating-point operations of scoring documents (held_out_loss() in
/// scoring.hpp): the sharing of common prefixes is ignored.
double scoring_flops(const GptConfig& config, const Documents& documents);

/// What can be traded against the loss.
enum class CostKind { parameters, flops };

constexpr auto enum_names(CostKind) {
  return enum_table<CostKind>("cost",
                              {{CostKind::parameters, "parameters"}, {CostKind::flops, "flops"}});
}

/// What an organism costs.
struct Cost {
  double flops = 0;       ///< floating-point operations of its training
  double parameters = 0;  ///< its weights, embeddings included

  double operator[](CostKind kind) const {
    return kind == CostKind::parameters ? parameters : flops;
  }
};

/// What an organism of a genome costs.
using CostOf = std::function<Cost(const Genome&)>;

/// The parameters that a space allows.
double parameter_limit(const SearchSpace& space);
/// Whether a space allows organisms that cost this much.
bool is_allowed(const Cost& cost, const SearchSpace& space);

/// Hardly any organism of a space costs more: the cost of one with the largest value of each gene,
/// or the limit of the space, if that is lower.
Cost largest_cost(const SearchSpace& space, const CostOf& cost_of);

/// The costs of organisms, known before they are trained. In a training a backward pass costs twice
/// a forward pass, Adam ten operations per parameter and step. An n-gram that is not dropped counts
/// as 200 operations a channel, which take as long as its row on the way from memory, and as 40
/// when documents are scored. Where windows come in random order, each counts as the mean of all.
/// The dataset is scanned once for each context length; after that a search can ask for thousands
/// of costs at no expense.
class CostModel {
 public:
  /// The dataset must outlive it.
  explicit CostModel(const Dataset& dataset) : dataset_(&dataset) {}
  Cost operator()(const Genome& genome) const;

 private:
  /// Positions, and query-key pairs in causal attention.
  struct Work {
    double positions = 0, pairs = 0;
  };
  struct Sums {
    std::vector<Work> first_epoch;  ///< of the first windows together; empty if in random order
    Work mean;                      ///< of a window
  };
  const Sums& sums_of(std::size_t n_ctx) const;

  const Dataset* dataset_;
  mutable std::map<std::size_t, Sums> sums_;  // by context length
};

}  // namespace microgpt::genome
