#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "microgpt/genome/genome.hpp"
#include "microgpt/genome/search_space.hpp"

// The table of genes. All code that treats genes alike iterates over it: validation, files, command
// lines, messages between ranks, tables, variation, the model of the guided strategy, statistics,
// texts and the page. To add a gene, add a member to Genome, a row here, its range to SearchSpace,
// and its effect to the model or the training.
namespace microgpt::genome {

/// An integer from a list in the search space.
struct ListDomain {
  std::vector<std::uint32_t> SearchSpace::*values;
  bool SearchSpace::*next_only =
      nullptr;  ///< whether a mutation moves to an adjacent value of the list
};

/// An integer within a range. A random genome draws it from the list `draw`; a mutation draws it
/// again or adds or subtracts one of `moves`.
struct RangeDomain {
  std::uint32_t SearchSpace::*min, SearchSpace::*max;
  std::vector<std::uint32_t> SearchSpace::*draw, SearchSpace::*moves;
};

/// A real number within a range, on a logarithmic scale. A mutation multiplies it by a uniform draw
/// between two factors, or redraws it if both are 0.
struct LogDomain {
  double SearchSpace::*min, SearchSpace::*max, SearchSpace::*factor_min, SearchSpace::*factor_max;
};

struct Gene {
  std::string_view name;        ///< in files and tables
  char letter;                  ///< of the option -e ...
  std::string_view short_name;  ///< ... and --emb; and in lines with many genes
  std::string_view label, unit;
  std::string_view more, less;  ///< phrases for larger and smaller values
  std::variant<std::uint32_t Genome::*, double Genome::*> member;
  double low, high;  ///< valid range, inclusive; for a LogDomain low is excluded
  std::variant<ListDomain, RangeDomain, LogDomain> domain;
  int width;            ///< usual width in a line of several genes, in characters
  bool shapes_network;  ///< false: it controls the training
  /// Whether genome files may omit it. Then it has the value of the primordial organism, which
  /// reproduces the program before the gene existed.
  bool is_optional = false;

  bool is_real() const { return std::holds_alternative<double Genome::*>(member); }
  double value(const Genome& genome) const;
  void set(Genome& genome, double value) const;
};

/// In the order used in texts and tables.
inline constexpr std::array<Gene, 8> kGenes = {{
    {"n_emb", 'e', "emb", "embedding size", "channels", "wider embeddings", "narrower embeddings",
     &Genome::n_emb, 1, 1024, ListDomain{&SearchSpace::n_emb}, 2, true},
    {"n_head", 'h', "head", "attention heads", "", "more heads", "fewer heads", &Genome::n_head, 1,
     1024, ListDomain{&SearchSpace::n_head}, 1, true},
    {"n_layer", 'y', "layer", "layers", "", "more layers", "fewer layers", &Genome::n_layer, 1, 64,
     ListDomain{&SearchSpace::n_layer, &SearchSpace::n_layer_neighbours}, 1, true},
    {"n_ctx", 'c', "ctx", "context", "characters", "longer contexts", "shorter contexts",
     &Genome::n_ctx, 1, 4096, ListDomain{&SearchSpace::n_ctx}, 2, true},
    {"n_ff_exp", 'f', "ff", "feed-forward factor", "× embedding", "wider feed-forward layers",
     "narrower feed-forward layers", &Genome::n_ff_exp, 1, 64, ListDomain{&SearchSpace::n_ff_exp},
     1, true},
    {"lr", 'l', "lr", "learning rate", "", "higher learning rates", "lower learning rates",
     &Genome::lr, 0, 10,
     LogDomain{&SearchSpace::lr_min, &SearchSpace::lr_max, &SearchSpace::lr_factor_min,
               &SearchSpace::lr_factor_max},
     9, false},
    {"steps", 's', "steps", "training steps", "", "longer training", "shorter training",
     &Genome::steps, 1, 100'000'000,
     RangeDomain{&SearchSpace::steps_min, &SearchSpace::steps_max, &SearchSpace::steps_draw,
                 &SearchSpace::steps_moves},
     5, false},
    {"batch", 'b', "batch", "batch size", "names", "larger batches", "smaller batches",
     &Genome::batch, 1, 1024, ListDomain{&SearchSpace::batch}, 2, false, true},
}};

constexpr std::size_t gene_index(std::string_view name) {
  std::size_t i = 0;
  while (kGenes[i].name != name) ++i;  // does not compile if there is none
  return i;
}

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

/// The smallest and the largest value in the space.
std::pair<double, double> ends_of(const Gene& gene, const SearchSpace& space);

/// Whether texts and genome files name a gene: optional ones only if they differ from the
/// primordial organism's.
bool is_shown(const Gene& gene, const Genome& genome);
/// Whether breeding draws random numbers for a gene: for all but optional ones that the space keeps
/// at one value. So a gene that is added changes no search that does not vary it.
bool is_drawn(const Gene& gene, const SearchSpace& space);

/// Calls body(gene, value) with a reference to the member of each gene.
template <class AnyGenome, class Body>
void for_each_gene(AnyGenome& genome, const Body& body) {
  for (const Gene& gene : kGenes) {
    std::visit([&](auto member) { body(gene, genome.*member); }, gene.member);
  }
}

/// Calls body(gene, name, member) for each field of a search space, by the names that space files
/// use; `gene` is null for a field that belongs to none.
template <class Body>
void for_each_space_member(Body&& body) {
  for (const Gene& gene : kGenes) {
    const auto field = [&](std::string_view suffix, auto member) {
      body(&gene, std::string(gene.name) + std::string(suffix), member);
    };
    if (const auto* list = std::get_if<ListDomain>(&gene.domain)) {
      field("", list->values);
      if (list->next_only != nullptr) field("_neighbours", list->next_only);
    } else if (const auto* range = std::get_if<RangeDomain>(&gene.domain)) {
      field("_min", range->min), field("_max", range->max);
      field("_draw", range->draw), field("_moves", range->moves);
    } else {
      const auto& log = std::get<LogDomain>(gene.domain);
      field("_min", log.min), field("_max", log.max);
      field("_factor_min", log.factor_min), field("_factor_max", log.factor_max);
    }
  }
  body(static_cast<const Gene*>(nullptr), std::string("max_training_flops"),
       &SearchSpace::max_training_flops);
}

/// Calls body(name, value) with a reference to each field of a search space.
template <class Space, class Body>
void for_each_field(Space& space, Body&& body) {
  for_each_space_member(
      [&](const Gene*, const std::string& name, auto member) { body(name, space.*member); });
}

}  // namespace microgpt::genome
