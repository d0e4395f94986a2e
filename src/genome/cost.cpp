#include "microgpt/genome/cost.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/genome/genes.hpp"

namespace microgpt::genome {

namespace {

double pairs_of(double positions) { return positions * (positions + 1) / 2; }

/// The cost of forward passes with these total numbers of positions and query-key pairs.
double forward_flops(const GptConfig& c, double positions, double pairs) {
  const double C = static_cast<double>(c.n_emb);
  const double matrices = c.has_gate() ? 3 : 2;  // of a feed-forward layer
  const double layer_weights = (4 + matrices * static_cast<double>(c.n_ff_exp)) * C * C;
  const double layer = positions * layer_weights + 2 * pairs * C;  // a score, a weighted value
  const double head = positions * C * static_cast<double>(c.n_vocab);
  return 2 * (static_cast<double>(c.n_layer) * layer + head);
}

}  // namespace

double forward_flops(const GptConfig& config, std::size_t positions) {
  const double T = static_cast<double>(positions);
  return forward_flops(config, T, pairs_of(T));
}

double scoring_flops(const GptConfig& config, const Documents& documents) {
  double positions = 0, pairs = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::size_t predictions = documents[i].size() - 1;
    const double first = static_cast<double>(std::min(config.n_ctx, predictions));
    const double windows = static_cast<double>(predictions) - first;  // besides the first one
    positions += first + windows * first;
    pairs += pairs_of(first) * (1 + windows);
  }
  return forward_flops(config, positions, pairs);
}

double parameter_limit(const SearchSpace& space) {
  return space.max_parameters > 0 ? space.max_parameters : kMaxParameters;
}

bool is_allowed(const Cost& cost, const SearchSpace& space) {
  if (!std::isfinite(cost.flops) || cost.parameters > parameter_limit(space)) return false;
  return space.max_training_flops == 0 || cost.flops <= space.max_training_flops;
}

Cost largest_cost(const SearchSpace& space, const CostOf& cost_of) {
  Genome largest;
  for (const Gene& gene : kGenes) gene.set(largest, ends_of(space[gene]).second);
  Cost cost = cost_of(largest);
  cost.parameters = std::min(cost.parameters, parameter_limit(space));
  if (space.max_training_flops > 0) cost.flops = std::min(cost.flops, space.max_training_flops);
  return cost;
}

auto CostModel::sums_of(std::size_t n_ctx) const -> const Sums& {
  const auto [found, is_new] = sums_.try_emplace(n_ctx);
  Sums& sums = found->second;
  if (!is_new) return sums;
  sums.positions = sums.pairs = {0};
  for (std::size_t i = 0; i < dataset_->training.size(); ++i) {
    const double T = static_cast<double>(std::min(n_ctx, dataset_->training[i].size() - 1));
    sums.positions.push_back(sums.positions.back() + T);
    sums.pairs.push_back(sums.pairs.back() + pairs_of(T));
  }
  return sums;
}

// Within the first epoch all numbers are integers far below 2^53, so the order of summation does
// not matter.
Cost CostModel::operator()(const Genome& genome) const {
  const GptConfig config = gpt_config(genome, dataset_->vocabulary.size());
  const Sums& sums = sums_of(config.n_ctx);
  const std::size_t documents = dataset_->training.size();
  const std::size_t learnt = std::size_t{genome.steps} * genome.batch;
  const auto total = [&](const std::vector<double>& sum) {
    if (learnt <= documents) return sum[learnt];
    return static_cast<double>(learnt) * (sum.back() / static_cast<double>(documents));
  };
  const double positions = total(sums.positions), pairs = total(sums.pairs);
  const auto parameters = static_cast<double>(parameter_count(config));
  const double adam = 10.0 * genome.steps * parameters;
  return {.flops = 3 * forward_flops(config, positions, pairs) + adam, .parameters = parameters};
}

}  // namespace microgpt::genome
