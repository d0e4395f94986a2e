#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "microgpt/core/error.hpp"
#include "microgpt/genome/genome.hpp"

// The table of genes. All code that treats genes alike iterates over it: validation, files, command
// lines, messages between ranks, tables, variation, the model of the guided strategy, statistics,
// texts and the page. To add a gene, add a member to Genome, a row here, and its effect to the
// model or the training.
namespace microgpt::genome {

/// The member of a Genome that holds a gene, as a number: a category as its place among the
/// categories.
struct Access {
  double (*get)(const Genome&);
  void (*set)(Genome&, double);
};
template <auto member>
constexpr Access access() {
  return {[](const Genome& genome) { return static_cast<double>(genome.*member); },
          [](Genome& genome, double value) {
            using Member = std::remove_cvref_t<decltype(genome.*member)>;
            genome.*member = static_cast<Member>(value);
          }};
}

/// The names of an enumeration in the order of its values, which count from 0.
template <class Enum>
inline constexpr auto kCategories = [] {
  constexpr auto table = enum_names(Enum{});
  std::array<std::string_view, table.names.size()> names;
  for (const auto& each : table.names) names[static_cast<std::size_t>(each.value)] = each.name;
  return names;
}();
template <>
inline constexpr std::array<std::string_view, 2> kCategories<bool> = {"off", "on"};

enum class GeneKind { whole, real, category };

struct Gene {
  std::string_view name;        ///< in files and tables
  char letter;                  ///< of the option -e ...; 0: it has none
  std::string_view short_name;  ///< ... and --emb; and in lines with many genes
  std::string_view label, unit;
  std::string_view more, less;  ///< phrases for larger and smaller values; not of categories
  GeneKind kind;
  Access member;
  double low, high;     ///< valid range, inclusive
  int width;            ///< usual width in a line of several genes, in characters
  bool shapes_network;  ///< false: it controls the training
  /// Whether genome files may omit it. Then it has the value of the primordial organism, which
  /// reproduces the program before the gene existed.
  bool is_optional = false;
  bool low_excluded = false;
  bool logarithmic = false;  ///< whether factors count rather than differences
  std::span<const std::string_view> categories = {};
  /// Another gene: where one of the two is larger, the best value of this one is smaller, in about
  /// the same ratio.
  std::string_view seen_with = {};

  double value(const Genome& genome) const { return member.get(genome); }
  void set(Genome& genome, double value) const { member.set(genome, value); }
  /// That of the primordial organism.
  double primordial() const { return value(Genome()); }
  bool is_category() const { return kind == GeneKind::category; }

  /// A value as text: a whole number, a category, or a real number with so many digits.
  std::string text(double value, int digits = 4) const;
  /// The category of this name. Throws Error naming the gene and its categories if there is none.
  double category(std::string_view text) const;
  /// Throws Error naming the gene and the rule unless a value is valid.
  void check(double value) const;
};

/// A gene that is one of the values of an enumeration, or on or off.
template <auto member, class Enum = std::remove_cvref_t<decltype(Genome().*member)>>
constexpr Gene category_gene(std::string_view name, std::string_view short_name,
                             std::string_view label, bool shapes_network) {
  return {.name = name,
          .letter = 0,
          .short_name = short_name,
          .label = label,
          .unit = "",
          .more = "",
          .less = "",
          .kind = GeneKind::category,
          .member = access<member>(),
          .low = 0,
          .high = static_cast<double>(kCategories<Enum>.size() - 1),
          .width = 1,
          .shapes_network = shapes_network,
          .is_optional = true,
          .categories = kCategories<Enum>};
}

/// In the order used in texts and tables.
inline constexpr std::array kGenes = {
    Gene{"n_emb", 'e', "emb", "embedding size", "channels", "wider embeddings",
         "narrower embeddings", GeneKind::whole, access<&Genome::n_emb>(), 1, 1024, 2, true},
    Gene{"n_head", 'h', "head", "attention heads", "", "more heads", "fewer heads", GeneKind::whole,
         access<&Genome::n_head>(), 1, 1024, 1, true},
    Gene{"n_layer", 'y', "layer", "layers", "", "more layers", "fewer layers", GeneKind::whole,
         access<&Genome::n_layer>(), 1, 64, 1, true},
    Gene{"n_ctx", 'c', "ctx", "context", "tokens", "longer contexts", "shorter contexts",
         GeneKind::whole, access<&Genome::n_ctx>(), 1, 4096, 2, true},
    Gene{"n_ff_exp", 'f', "ff", "feed-forward factor", "× embedding", "wider feed-forward layers",
         "narrower feed-forward layers", GeneKind::whole, access<&Genome::n_ff_exp>(), 1, 64, 1,
         true},
    Gene{.name = "lr",
         .letter = 'l',
         .short_name = "lr",
         .label = "learning rate",
         .unit = "",
         .more = "higher learning rates",
         .less = "lower learning rates",
         .kind = GeneKind::real,
         .member = access<&Genome::lr>(),
         .low = 0,
         .high = 10,
         .width = 9,
         .shapes_network = false,
         .low_excluded = true,
         .logarithmic = true,
         // Yang et al., "Tensor Programs V: tuning large neural networks via zero-shot
         // hyperparameter transfer", 2022.
         .seen_with = "n_emb"},
    Gene{"steps", 's', "steps", "training steps", "", "longer training", "shorter training",
         GeneKind::whole, access<&Genome::steps>(), 1, 100'000'000, 5, false},
    Gene{"batch", 'b', "batch", "batch size", "names", "larger batches", "smaller batches",
         GeneKind::whole, access<&Genome::batch>(), 1, 1024, 2, false, true},
    category_gene<&Genome::activation>("activation", "act", "activation", true),
    category_gene<&Genome::position>("position", "pos", "positions", true),
    category_gene<&Genome::qk_norm>("qk_norm", "qk-norm", "normalised queries and keys", true),
    category_gene<&Genome::tie>("tie", "tie", "head shares the token table", true),
    Gene{"lookback", 0, "lookback", "look-back", "tokens", "longer look-backs",
         "shorter look-backs", GeneKind::whole, access<&Genome::lookback>(), 0, 8, 1, true, true},
    Gene{"ngram", 0, "ngram", "longest n-gram embedded", "tokens", "longer n-grams",
         "shorter n-grams", GeneKind::whole, access<&Genome::ngram>(), 1, model::kLongestNgram, 1,
         true, true},
    Gene{.name = "ngram_rows",
         .letter = 0,
         .short_name = "ngram-rows",
         .label = "table of n-grams",
         .unit = "rows",
         .more = "larger tables of n-grams",
         .less = "smaller tables of n-grams",
         .kind = GeneKind::whole,
         .member = access<&Genome::ngram_rows>(),
         .low = 1,
         .high = 1 << 20,
         .width = 5,
         .shapes_network = true,
         .is_optional = true,
         .logarithmic = true},
    category_gene<&Genome::init>("init", "weight-init", "initial weights", false),
    category_gene<&Genome::schedule>("schedule", "schedule", "learning rate schedule", false),
    Gene{"warmup", 0, "warmup", "warm-up", "of the steps", "longer warm-ups", "shorter warm-ups",
         GeneKind::real, access<&Genome::warmup>(), 0, 0.9, 4, false, true},
    Gene{"beta1", 0, "beta1", "Adam's beta1", "", "longer averages of gradients",
         "shorter averages of gradients", GeneKind::real, access<&Genome::beta1>(), 0, 0.9999, 4,
         false, true},
    Gene{"beta2", 0, "beta2", "Adam's beta2", "", "longer averages of squared gradients",
         "shorter averages of squared gradients", GeneKind::real, access<&Genome::beta2>(), 0,
         0.99999, 5, false, true},
    Gene{"weight_decay", 0, "decay", "weight decay", "", "more weight decay", "less weight decay",
         GeneKind::real, access<&Genome::weight_decay>(), 0, 1, 4, false, true},
    Gene{"dropout", 0, "dropout", "dropout", "of the channels", "more dropout", "less dropout",
         GeneKind::real, access<&Genome::dropout>(), 0, 0.9, 4, false, true},
    Gene{"ngram_dropout", 0, "ngram-dropout", "dropout of n-grams", "of the n-grams",
         "more dropout of n-grams", "less dropout of n-grams", GeneKind::real,
         access<&Genome::ngram_dropout>(), 0, 0.95, 4, false, true},
};

/// The gene of a name. Does not compile, or throws Error, if there is none.
constexpr std::size_t gene_index(std::string_view name) {
  for (std::size_t i = 0; i < kGenes.size(); ++i) {
    if (kGenes[i].name == name) return i;
  }
  fail("there is no gene {}", name);
}
constexpr const Gene& gene_named(std::string_view name) { return kGenes[gene_index(name)]; }

/// A constraint between two genes; `first` precedes `second` in the table.
struct GeneRule {
  std::size_t first, second;
  std::string_view relation;  ///< "a multiple of"
  bool (*holds)(const Genome&);
};
inline constexpr std::array<GeneRule, 1> kGeneRules = {{
    {gene_index("n_emb"), gene_index("n_head"), "a multiple of",
     [](const Genome& g) { return g.n_emb % g.n_head == 0; }},
}};

/// Whether all constraints between genes hold.
bool rules_hold(const Genome& genome);
/// Whether a gene is part of a constraint, and whether it is the last gene of one in table order.
bool is_in_rule(std::size_t gene);
bool completes_rule(std::size_t gene);

/// Whether texts and genome files name a gene: optional ones only if they differ from the
/// primordial organism's.
bool is_shown(const Gene& gene, const Genome& genome);

/// For unordered containers.
struct GenomeHash {
  std::size_t operator()(const Genome& genome) const;
};

}  // namespace microgpt::genome
