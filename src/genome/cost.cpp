#include "microgpt/genome/cost.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/training/windows.hpp"

namespace microgpt::genome {

namespace {

double pairs_of(double positions) { return positions * (positions + 1) / 2; }

// An n-gram takes few operations, but its row has a long way from memory. So it counts as what else
// would be done in that time, a channel: some 7 ns in a training, measured at 30 GFLOP/s.
constexpr double kNgramTraining = 200, kNgramForward = 40;

/// The n-grams that end with so many tokens.
double ngrams_of(const GptConfig& config, double positions) {
  return static_cast<double>(config.ngram - 1) * positions;
}

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
    const std::size_t predictions = documents.size_of(i) - 1;
    const std::size_t first = std::min(config.n_ctx, predictions);
    const std::size_t stride = training::scoring_stride(predictions, config.n_ctx);
    const std::size_t others = (predictions - first + stride - 1) / stride;
    const double windows = static_cast<double>(1 + others), T = static_cast<double>(first);
    positions += windows * T;
    pairs += windows * pairs_of(T);
  }
  return forward_flops(config, positions, pairs) +
         kNgramForward * ngrams_of(config, positions) * static_cast<double>(config.n_emb);
}

double parameter_limit(const SearchSpace& space) {
  return space.max_parameters > 0 ? space.max_parameters : kMaxParameters;
}

bool is_allowed(const Cost& cost, const SearchSpace& space) {
  if (!std::isfinite(cost.flops) || cost.parameters > parameter_limit(space)) return false;
  return space.max_training_flops == 0 || cost.flops <= space.max_training_flops;
}

Cost largest_cost(const SearchSpace& space, const CostOf& cost_of) {
  Genome largest(space.genes());
  for (const Gene& gene : space.genes()) {
    const auto [least, most] = ends_of(space[gene]);
    largest[gene] = gene.saves_cost ? least : most;
  }
  Cost cost = cost_of(largest);
  cost.parameters = std::min(cost.parameters, parameter_limit(space));
  if (space.max_training_flops > 0) cost.flops = std::min(cost.flops, space.max_training_flops);
  return cost;
}

namespace {

/// What an epoch of a long document is on average over the lengths of its first window: each of the
/// P + n_ctx - 1 stretches of n_ctx tokens that reach into it is a window with probability
/// 1 / n_ctx. `predictions`: P > n_ctx.
struct LongDocument {
  double windows, positions, pairs;

  LongDocument(double predictions, double n_ctx)
      : windows((predictions + n_ctx - 1) / n_ctx),
        positions(predictions),
        // The whole ones, and at both ends one of each smaller length.
        pairs(((predictions - n_ctx + 1) * pairs_of(n_ctx) + n_ctx * (n_ctx * n_ctx - 1) / 3) /
              n_ctx) {}
};

}  // namespace

auto CostModel::sums_of(std::size_t n_ctx) const -> const Sums& {
  const auto [found, is_new] = sums_.try_emplace(n_ctx);
  Sums& sums = found->second;
  if (!is_new) return sums;
  double windows = 0, positions = 0, pairs = 0;
  bool has_long = false;
  for (std::size_t i = 0; i < dataset_->training.size(); ++i) {
    const std::size_t predictions = dataset_->training[i].size() - 1;
    if (training::is_long(predictions, n_ctx)) {
      const LongDocument cut(static_cast<double>(predictions), static_cast<double>(n_ctx));
      windows += cut.windows, positions += cut.positions, pairs += cut.pairs;
      has_long = true;
    } else {
      const double T = static_cast<double>(std::min(n_ctx, predictions));
      windows += 1, positions += T, pairs += pairs_of(T);
      sums.first_epoch.push_back({positions, pairs});
    }
  }
  if (has_long) sums.first_epoch.clear();  // whose order is random, too
  sums.mean = {positions / windows, pairs / windows};
  return sums;
}

// Within the first epoch all numbers are integers far below 2^53, so the order of summation does
// not matter.
Cost CostModel::operator()(const Genome& dna) const {
  const GptGenome genome = gpt_genome(dna);
  const GptConfig config = gpt_config(genome, dataset_->vocabulary.size());
  const Sums& sums = sums_of(config.n_ctx);
  const std::size_t learnt = std::size_t{genome.steps} * genome.batch;
  Work work = {static_cast<double>(learnt) * sums.mean.positions,
               static_cast<double>(learnt) * sums.mean.pairs};
  if (learnt <= sums.first_epoch.size()) {
    work = learnt == 0 ? Work() : sums.first_epoch[learnt - 1];
  }
  const auto parameters = static_cast<double>(parameter_count(config));
  const auto channels = static_cast<double>(config.n_emb);
  const double table = config.has_ngrams() ? static_cast<double>(config.ngram_rows) * channels : 0;
  const double adam = 10.0 * genome.steps * (parameters - table);
  const double ngrams = ngrams_of(config, work.positions) * (1 - genome.ngram_dropout);
  return {.flops = 3 * forward_flops(config, work.positions, work.pairs) + adam +
                   kNgramTraining * ngrams * channels,
          .parameters = parameters};
}

}  // namespace microgpt::genome
