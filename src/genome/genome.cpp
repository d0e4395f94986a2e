#include "microgpt/genome/genome.hpp"

#include <algorithm>
#include <limits>

#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt {

std::string_view name(Precision precision) { return precision == Precision::f64 ? "f64" : "f32"; }

Precision precision_from(std::string_view name) {
  require(name == "f64" || name == "f32", "precision ({}) must be f64 or f32", name);
  return name == "f64" ? Precision::f64 : Precision::f32;
}

void validate(const Genome& g) {
  const std::array values = {g.n_emb, g.n_head, g.n_layer, g.n_ctx, g.n_ff_exp, g.steps};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const GeneRange& range = kWholeGeneRanges[i];
    require(values[i] >= range.low && values[i] <= range.high,
            "{} ({}) must be a whole number from {} to {}", range.name, values[i], range.low,
            range.high);
  }
  require(g.lr > 0 && g.lr <= kMaxLearningRate, "lr ({}) must be above 0 and at most {}", g.lr,
          kMaxLearningRate);
  require(g.n_emb % g.n_head == 0, "n_emb ({}) must be a multiple of n_head ({})", g.n_emb,
          g.n_head);
  const std::size_t parameters = parameter_count(gpt_config(g, 0));
  require(parameters <= kMaxParameters,
          "n_emb ({}), n_layer ({}), n_ctx ({}) and n_ff_exp ({}) make {} parameters; at most {} "
          "are allowed",
          g.n_emb, g.n_layer, g.n_ctx, g.n_ff_exp, with_commas(parameters),
          with_commas(kMaxParameters));
}

GptConfig gpt_config(const Genome& g, std::size_t n_vocab) {
  return {.n_vocab = n_vocab,
          .n_emb = g.n_emb,
          .n_ctx = g.n_ctx,
          .n_layer = g.n_layer,
          .n_head = g.n_head,
          .n_ff_exp = g.n_ff_exp};
}

TrainConfig train_config(const Genome& g) { return {.steps = g.steps, .learning_rate = g.lr}; }

Genome genome_of(const GptConfig& c) {
  const auto gene = [](std::size_t size) {
    constexpr std::size_t kLargest = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::min(size, kLargest));  // which is out of every range
  };
  const Genome genome = {.n_emb = gene(c.n_emb),
                         .n_head = gene(c.n_head),
                         .n_layer = gene(c.n_layer),
                         .n_ctx = gene(c.n_ctx),
                         .n_ff_exp = gene(c.n_ff_exp)};
  validate(genome);
  return genome;
}

std::string describe(const Genome& g) {
  return fmt::format("n_emb {}  n_head {}  n_layer {}  n_ctx {}  n_ff_exp {}  lr {:.5g}  steps {}",
                     g.n_emb, g.n_head, g.n_layer, g.n_ctx, g.n_ff_exp, g.lr, g.steps);
}

std::string architecture(const Genome& g) {
  return fmt::format("emb {:2} head {} layer {} ctx {:2} ff {}", g.n_emb, g.n_head, g.n_layer,
                     g.n_ctx, g.n_ff_exp);
}

}  // namespace microgpt
