#include "microgpt/genome/cost.hpp"

#include <algorithm>
#include <vector>

namespace microgpt {

double forward_flops(const GptConfig& c, std::size_t positions) {
  const double T = static_cast<double>(positions), C = static_cast<double>(c.n_emb);
  const double layer_weights = (4 + 2 * static_cast<double>(c.n_ff_exp)) * C * C;
  const double seen_pairs = T * (T + 1) / 2;  // query t sees t + 1 keys: a score, a weighted value
  const double layer = T * layer_weights + 2 * seen_pairs * C;
  const double head = T * C * static_cast<double>(c.n_vocab);
  return 2 * (static_cast<double>(c.n_layer) * layer + head);
}

double training_flops(const Genome& genome, const Dataset& dataset) {
  const GptConfig config = gpt_config(genome, dataset.vocabulary.size());
  // How many steps see a document of each length.
  std::vector<double> steps_of_length(config.n_ctx + 1, 0);
  const std::size_t documents = dataset.training.size();
  for (std::size_t i = 0; i < std::min<std::size_t>(documents, genome.steps); ++i) {
    const std::size_t visits = (genome.steps - i - 1) / documents + 1;
    const std::size_t length = std::min(config.n_ctx, dataset.training[i].size() - 1);
    steps_of_length[length] += static_cast<double>(visits);
  }
  double flops = 0;
  for (std::size_t length = 0; length < steps_of_length.size(); ++length) {
    flops += steps_of_length[length] * 3 * forward_flops(config, length);
  }
  return flops +
         10.0 * static_cast<double>(genome.steps) * static_cast<double>(parameter_count(config));
}

}  // namespace microgpt
