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

// The table of genes. Whatever treats all genes alike iterates over it: checks, files, command
// lines, messages between ranks, tables, variation, the model of the guided strategy, statistics,
// texts and the page. A new gene is a member of Genome, a row here, where its values come from in
// SearchSpace, and what it does in the model or in training.
namespace microgpt::genome {

/// A whole number from a list of the search space.
struct ListDomain {
  std::vector<std::uint32_t> SearchSpace::*values;
  bool SearchSpace::*next_only =
      nullptr;  ///< whether a mutation goes to the next value of the list
};

/// A whole number within a range. A random genome takes one from a list, and a mutation one from
/// that list or one that is some steps away.
struct RangeDomain {
  std::uint32_t SearchSpace::*min, SearchSpace::*max;
  std::vector<std::uint32_t> SearchSpace::*draw, SearchSpace::*moves;
};

/// A real number within a range, on a logarithmic scale. A mutation multiplies it by a uniform draw
/// between two factors, or draws it anew if both are 0.
struct LogDomain {
  double SearchSpace::*min, SearchSpace::*max, SearchSpace::*factor_min, SearchSpace::*factor_max;
};

struct Gene {
  std::string_view name;        ///< in files and tables
  char letter;                  ///< of the option -e ...
  std::string_view short_name;  ///< ... and --emb; and in lines with many genes
  std::string_view label, unit;
  std::string_view more, less;  ///< what larger and smaller values are called
  std::variant<std::uint32_t Genome::*, double Genome::*> member;
  double low, high;  ///< what may stand in a genome, both included; of a LogDomain low is not
  std::variant<ListDomain, RangeDomain, LogDomain> domain;
  int width;            ///< characters that it mostly takes in a line with others
  bool shapes_network;  ///< or it tells how to train
  /// Whether genome files may lack it. Then it has the value of the primordial organism, which is
  /// the program as it was before the gene.
  bool is_optional = false;

  bool is_real() const { return std::holds_alternative<double Genome::*>(member); }
  double value(const Genome& genome) const;
  void set(Genome& genome, double value) const;
};

/// In the order of texts and tables.
inline constexpr std::array<Gene, 7> kGenes = {{
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
    {"steps", 's', "steps", "training steps", "names", "longer training", "shorter training",
     &Genome::steps, 1, 100'000'000,
     RangeDomain{&SearchSpace::steps_min, &SearchSpace::steps_max, &SearchSpace::steps_draw,
                 &SearchSpace::steps_moves},
     5, false},
}};

constexpr std::size_t gene_index(std::string_view name) {
  std::size_t i = 0;
  while (kGenes[i].name != name) ++i;  // does not compile if there is none
  return i;
}

/// What must hold between two genes, `first` before `second` in the table.
struct GeneRule {
  std::size_t first, second;
  std::string_view relation;  ///< "a multiple of"
  bool (*holds)(const Genome&);
};
inline constexpr std::array<GeneRule, 1> kGeneRules = {{
    {gene_index("n_emb"), gene_index("n_head"), "a multiple of",
     [](const Genome& g) { return g.n_emb % g.n_head == 0; }},
}};

/// Whether all rules between genes hold.
bool rules_hold(const Genome& genome);
/// Whether a gene is in a rule, and whether it is the last one of a rule in the order of the table.
bool is_in_rule(std::size_t gene);
bool completes_rule(std::size_t gene);

/// The least and the greatest value in the space.
std::pair<double, double> ends_of(const Gene& gene, const SearchSpace& space);

/// Calls body(gene, value) with a reference to the member of each gene.
template <class AnyGenome, class Body>
void for_each_gene(AnyGenome& genome, const Body& body) {
  for (const Gene& gene : kGenes) {
    std::visit([&](auto member) { body(gene, genome.*member); }, gene.member);
  }
}

/// Calls body(name, value) with a reference to each field of a search space, by the names that
/// space files use.
template <class Space, class Body>
void for_each_field(Space& space, Body&& body) {
  const auto field = [&](const Gene& gene, std::string_view suffix, auto member) {
    body(std::string(gene.name) + std::string(suffix), space.*member);
  };
  for (const Gene& gene : kGenes) {
    if (const auto* list = std::get_if<ListDomain>(&gene.domain)) {
      field(gene, "", list->values);
      if (list->next_only != nullptr) field(gene, "_neighbours", list->next_only);
    } else if (const auto* range = std::get_if<RangeDomain>(&gene.domain)) {
      field(gene, "_min", range->min), field(gene, "_max", range->max);
      field(gene, "_draw", range->draw), field(gene, "_moves", range->moves);
    } else {
      const auto& log = std::get<LogDomain>(gene.domain);
      field(gene, "_min", log.min), field(gene, "_max", log.max);
      field(gene, "_factor_min", log.factor_min), field(gene, "_factor_max", log.factor_max);
    }
  }
  body(std::string("max_training_flops"), space.max_training_flops);
}

}  // namespace microgpt::genome
