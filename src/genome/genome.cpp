#include "microgpt/genome/genome.hpp"

#include <algorithm>
#include <limits>

#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/genome/genes.hpp"

namespace microgpt::genome {

void validate(const Genome& g) {
  for (const Gene& gene : kGenes) gene.check(gene.value(g));
  for (const GeneRule& rule : kGeneRules) {
    const Gene &first = kGenes[rule.first], &second = kGenes[rule.second];
    require(rule.holds(g), "{} ({}) must be {} {} ({})", first.name, first.value(g), rule.relation,
            second.name, second.value(g));
  }
  const std::size_t parameters = parameter_count(gpt_config(g, 0));
  require(parameters <= kMaxParameters,
          "n_emb ({}), n_layer ({}), n_ctx ({}), n_ff_exp ({}){} make {} parameters; at most {} "
          "are allowed",
          g.n_emb, g.n_layer, g.n_ctx, g.n_ff_exp,
          g.ngram > 1 ? fmt::format(", ngram_rows ({})", g.ngram_rows) : "",
          with_commas(parameters), with_commas(kMaxParameters));
}

GptConfig gpt_config(const Genome& g, std::size_t n_vocab) {
  return {.n_vocab = n_vocab,
          .n_emb = g.n_emb,
          .n_ctx = g.n_ctx,
          .n_layer = g.n_layer,
          .n_head = g.n_head,
          .n_ff_exp = g.n_ff_exp,
          .activation = g.activation,
          .position = g.position,
          .qk_norm = g.qk_norm,
          .tie = g.tie,
          .lookback = g.lookback,
          .ngram = g.ngram,
          .ngram_rows = g.ngram_rows};
}

TrainConfig train_config(const Genome& g) {
  return {.steps = g.steps,
          .batch = g.batch,
          .learning_rate = g.lr,
          .schedule = g.schedule,
          .warmup = g.warmup,
          .dropout = g.dropout,
          .ngram_dropout = g.ngram_dropout,
          .adam = {.beta1 = g.beta1, .beta2 = g.beta2, .weight_decay = g.weight_decay}};
}

Genome genome_of(const GptConfig& c) {
  const auto gene = [](std::size_t size) {
    constexpr std::size_t kLargest = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(std::min(size, kLargest));  // larger than any valid range
  };
  const Genome genome = {.n_emb = gene(c.n_emb),
                         .n_head = gene(c.n_head),
                         .n_layer = gene(c.n_layer),
                         .n_ctx = gene(c.n_ctx),
                         .n_ff_exp = gene(c.n_ff_exp),
                         .activation = c.activation,
                         .position = c.position,
                         .qk_norm = c.qk_norm,
                         .tie = c.tie,
                         .lookback = gene(c.lookback),
                         .ngram = gene(c.ngram),
                         .ngram_rows = gene(c.ngram_rows)};
  validate(genome);
  return genome;
}

namespace {

/// "emb 16 head 4 ...": the genes that shape the network, or the others.
std::string short_line(const Genome& genome, bool shapes_network) {
  std::string line;
  for (const Gene& gene : kGenes) {
    if (gene.shapes_network != shapes_network || !is_shown(gene, genome)) continue;
    const std::string text = gene.text(gene.value(genome));
    const bool right = shapes_network && gene.kind == GeneKind::whole;
    line += fmt::format("{} ", gene.short_name);
    line +=
        right ? fmt::format("{:>{}} ", text, gene.width) : fmt::format("{:<{}} ", text, gene.width);
  }
  line.pop_back();
  return line;
}

}  // namespace

std::string describe(const Genome& g) {
  std::string text;
  for (const Gene& gene : kGenes) {
    if (!is_shown(gene, g)) continue;
    text +=
        fmt::format("{}{} {}", text.empty() ? "" : "  ", gene.name, gene.text(gene.value(g), 5));
  }
  return text;
}

std::string architecture(const Genome& g) { return short_line(g, true); }

std::string one_line(const Genome& g) { return architecture(g) + "  " + short_line(g, false); }

}  // namespace microgpt::genome
