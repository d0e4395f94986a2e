#include "microgpt/genome/gpt_genome.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "microgpt/core/text.hpp"

namespace microgpt::genome {

namespace {

/// A gene and its member of a GptGenome, as a number: a category as its place among the categories.
struct Row {
  Gene gene;
  double (*get)(const GptGenome&);
  void (*set)(GptGenome&, double);
};

template <auto member>
using TypeOf = std::remove_cvref_t<decltype(GptGenome().*member)>;

template <auto member>
Row row(Gene gene) {
  return {
      std::move(gene), [](const GptGenome& genome) { return static_cast<double>(genome.*member); },
      [](GptGenome& genome, double value) { genome.*member = static_cast<TypeOf<member>>(value); }};
}

/// The names of an enumeration in the order of its values, which count from 0.
template <class Enum>
std::vector<std::string> categories_of() {
  if constexpr (std::is_same_v<Enum, bool>) {
    return {"off", "on"};
  } else {
    constexpr auto table = enum_names(Enum{});
    std::vector<std::string> names(table.names.size());
    for (const auto& each : table.names) names[static_cast<std::size_t>(each.value)] = each.name;
    return names;
  }
}

/// An optional gene that is one of the values of an enumeration, or on or off.
template <auto member>
Row category(std::string name, std::string short_name, std::string label, bool shapes_network) {
  std::vector<std::string> categories = categories_of<TypeOf<member>>();
  const auto last = static_cast<double>(categories.size() - 1);
  return row<member>({.name = std::move(name),
                      .short_name = std::move(short_name),
                      .label = std::move(label),
                      .kind = GeneKind::category,
                      .high = last,
                      .shapes_network = shapes_network,
                      .is_optional = true,
                      .categories = std::move(categories)});
}

using G = GptGenome;
using Rows = std::vector<Row>;
constexpr GeneKind whole = GeneKind::whole, real = GeneKind::real;

// To add a gene, add a member to GptGenome, a row here, and its effect to the model or the
// training. Members of a Gene in order: name, letter, short name, label, unit, more, less, kind,
// low, high, width, shapes_network, is_optional.

/// The seven genes of other programs of this kind, and the batch.
Rows first_rows() {
  return {
      row<&G::n_emb>({"n_emb", 'e', "emb", "embedding size", "channels", "wider embeddings",
                      "narrower embeddings", whole, 1, 1024, 2, true}),
      row<&G::n_head>({"n_head", 'h', "head", "attention heads", "", "more heads", "fewer heads",
                       whole, 1, 1024, 1, true}),
      row<&G::n_layer>({"n_layer", 'y', "layer", "layers", "", "more layers", "fewer layers", whole,
                        1, 64, 1, true}),
      row<&G::n_ctx>({"n_ctx", 'c', "ctx", "context", "tokens", "longer contexts",
                      "shorter contexts", whole, 1, 4096, 2, true}),
      row<&G::n_ff_exp>({"n_ff_exp", 'f', "ff", "feed-forward factor", "× embedding",
                         "wider feed-forward layers", "narrower feed-forward layers", whole, 1, 64,
                         1, true}),
      row<&G::lr>({.name = "lr",
                   .letter = 'l',
                   .short_name = "lr",
                   .label = "learning rate",
                   .more = "higher learning rates",
                   .less = "lower learning rates",
                   .high = 10,
                   .width = 9,
                   .low_excluded = true,
                   .logarithmic = true,
                   // Yang et al., "Tensor Programs V: tuning large neural networks via zero-shot
                   // hyperparameter transfer", 2022.
                   .seen_with = "n_emb"}),
      row<&G::steps>({.name = "steps",
                      .letter = 's',
                      .short_name = "steps",
                      .label = "training steps",
                      .more = "longer training",
                      .less = "shorter training",
                      .kind = whole,
                      .low = 1,
                      .high = 100'000'000,
                      .width = 5,
                      .is_duration = true}),
      row<&G::batch>({"batch", 'b', "batch", "batch size", "names", "larger batches",
                      "smaller batches", whole, 1, 1024, 2, false, true}),
  };
}

/// The other genes that shape the network.
Rows network_rows() {
  return {
      category<&G::activation>("activation", "act", "activation", true),
      category<&G::position>("position", "pos", "positions", true),
      category<&G::qk_norm>("qk_norm", "qk-norm", "normalised queries and keys", true),
      category<&G::tie>("tie", "tie", "head shares the token table", true),
      row<&G::lookback>({"lookback", 0, "lookback", "look-back", "tokens", "longer look-backs",
                         "shorter look-backs", whole, 0, 8, 1, true, true}),
      row<&G::ngram>({"ngram", 0, "ngram", "longest n-gram embedded", "tokens", "longer n-grams",
                      "shorter n-grams", whole, 1, model::kLongestNgram, 1, true, true}),
      row<&G::ngram_rows>({.name = "ngram_rows",
                           .short_name = "ngram-rows",
                           .label = "table of n-grams",
                           .unit = "rows",
                           .more = "larger tables of n-grams",
                           .less = "smaller tables of n-grams",
                           .kind = whole,
                           .low = 1,
                           .high = 1 << 20,
                           .width = 5,
                           .shapes_network = true,
                           .is_optional = true,
                           .logarithmic = true}),
  };
}

/// The other genes that control the training.
Rows training_rows() {
  return {
      category<&G::init>("init", "weight-init", "initial weights", false),
      category<&G::schedule>("schedule", "schedule", "learning rate schedule", false),
      row<&G::warmup>({"warmup", 0, "warmup", "warm-up", "of the steps", "longer warm-ups",
                       "shorter warm-ups", real, 0, 0.9, 4, false, true}),
      row<&G::beta1>({"beta1", 0, "beta1", "Adam's beta1", "", "longer averages of gradients",
                      "shorter averages of gradients", real, 0, 0.9999, 4, false, true}),
      row<&G::beta2>({"beta2", 0, "beta2", "Adam's beta2", "",
                      "longer averages of squared gradients",
                      "shorter averages of squared gradients", real, 0, 0.99999, 5, false, true}),
      row<&G::weight_decay>({"weight_decay", 0, "decay", "weight decay", "", "more weight decay",
                             "less weight decay", real, 0, 1, 4, false, true}),
      row<&G::dropout>({"dropout", 0, "dropout", "dropout", "of the channels", "more dropout",
                        "less dropout", real, 0, 0.9, 4, false, true}),
      row<&G::ngram_dropout>({.name = "ngram_dropout",
                              .short_name = "ngram-dropout",
                              .label = "dropout of n-grams",
                              .unit = "of the n-grams",
                              .more = "more dropout of n-grams",
                              .less = "less dropout of n-grams",
                              .high = 0.95,
                              .width = 4,
                              .is_optional = true,
                              .saves_cost = true}),
  };
}

Rows make_rows() {
  Rows rows;
  for (Rows (*part)() : {first_rows, network_rows, training_rows}) {
    for (Row& each : part()) rows.push_back(std::move(each));
  }
  for (Row& each : rows) each.gene.primordial = each.get(GptGenome());
  return rows;
}

/// In the order used in texts and tables.
const Rows& rows() {
  static const Rows rows = make_rows();
  return rows;
}

/// Asked of each candidate of a search, so names are looked up once.
std::vector<const Gene*> without_effect_in_gpt(const Genome& genome) {
  const auto named = [](std::string_view name) { return &gpt_genes()[name]; };
  static const Gene *const n_head = named("n_head"), *const qk_norm = named("qk_norm"),
                           *const position = named("position"), *const warmup = named("warmup"),
                           *const ngram_rows = named("ngram_rows"),
                           *const ngram_dropout = named("ngram_dropout");
  const GptGenome g = gpt_genome(genome);
  std::vector<const Gene*> found;
  const auto add = [&](auto... genes) { (found.push_back(genes), ...); };
  const bool attends_to_itself = g.n_ctx == 1;  // whatever the queries and keys are
  const bool rotates_nothing = attends_to_itself || g.n_emb == g.n_head;
  if (attends_to_itself) add(n_head, qk_norm);
  if (rotates_nothing && g.position == Position::both) add(position);
  if (g.ngram == 1) add(ngram_rows, ngram_dropout);
  if (g.warmup > 0 && g.warmup * g.steps < 1) add(warmup);
  return found;
}

void check_size(const Genome& genome) {
  const GptGenome g = gpt_genome(genome);
  const std::size_t parameters = parameter_count(gpt_config(g, 0));
  require(parameters <= kMaxParameters,
          "n_emb ({}), n_layer ({}), n_ctx ({}), n_ff_exp ({}){} make {} parameters; at most {} "
          "are allowed",
          g.n_emb, g.n_layer, g.n_ctx, g.n_ff_exp,
          g.ngram > 1 ? fmt::format(", ngram_rows ({})", g.ngram_rows) : "",
          with_commas(parameters), with_commas(kMaxParameters));
}

/// If the largest network of a space is valid without n-grams, so are all smaller ones. A search
/// leaves out what has too many parameters with its table.
void check_largest_size(const Genome& largest) {
  GptGenome without = gpt_genome(largest);
  without.n_head = 1;
  without.ngram = 1;
  check_size(without);
}

GeneTable make_genes() {
  std::vector<Gene> genes;
  for (const Row& each : rows()) genes.push_back(each.gene);
  const auto place = [&](std::string_view name) {
    return static_cast<std::size_t>(std::ranges::find(genes, name, &Gene::name) - genes.begin());
  };
  const GeneRule heads = {
      place("n_emb"), place("n_head"), "a multiple of", [](double n_emb, double n_head) {
        return static_cast<std::uint32_t>(n_emb) % static_cast<std::uint32_t>(n_head) == 0;
      }};
  return GeneTable(std::move(genes), {heads},
                   {without_effect_in_gpt, check_size, check_largest_size});
}

}  // namespace

const GeneTable& gpt_genes() {
  static const GeneTable genes = make_genes();
  return genes;
}

std::optional<std::size_t> parameters_of(const Genome& genome, std::size_t n_vocab) {
  if (&genome.genes() != &gpt_genes()) return std::nullopt;
  return parameter_count(gpt_config(genome, n_vocab));
}

GptGenome::operator Genome() const {
  Genome genome(gpt_genes());
  for (const Gene& gene : gpt_genes()) genome[gene] = rows()[gene.place].get(*this);
  return genome;
}

GptGenome gpt_genome(const Genome& genome) {
  GptGenome result;
  for (const Gene& gene : gpt_genes()) rows()[gene.place].set(result, genome[gene]);
  return result;
}

GptConfig gpt_config(const GptGenome& g, std::size_t n_vocab) {
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

GptConfig gpt_config(const Genome& genome, std::size_t n_vocab) {
  return gpt_config(gpt_genome(genome), n_vocab);
}

TrainConfig train_config(const Genome& genome) {
  const GptGenome g = gpt_genome(genome);
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
  const Genome genome = GptGenome{.n_emb = gene(c.n_emb),
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

}  // namespace microgpt::genome
