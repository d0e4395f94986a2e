#pragma once

#include <cassert>
#include <compare>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/core/error.hpp"

// A search breeds genomes: values for the genes of a table. What the genes are is up to the table,
// which is known when the program runs, so all code that treats genes alike iterates over it:
// validation, files, command lines, messages between ranks, tables, variation, the model of the
// guided strategy, statistics, texts and the page. The table of GPTs stands in gpt_genome.cpp.
namespace microgpt::genome {

class Genome;

enum class GeneKind { whole, real, category };

struct Gene {
  std::string name = {};        ///< in files and tables
  char letter = 0;              ///< of the option -e ...; 0: it has none
  std::string short_name = {};  ///< ... and --emb; and in lines with many genes; empty: the name
  std::string label = {};       ///< in words; empty: the name
  std::string unit = {};
  std::string more = {}, less = {};  ///< phrases for larger and smaller values; not of categories
  GeneKind kind = GeneKind::real;
  double low = 0, high = 0;     ///< valid range, inclusive
  int width = 1;                ///< usual width in a line of several genes, in characters
  bool shapes_network = false;  ///< false: it controls the training
  /// Whether genome files may omit it. Then it has the value of the primordial organism, which
  /// reproduces the program before the gene existed.
  bool is_optional = false;
  bool low_excluded = false;
  bool logarithmic = false;  ///< whether factors count rather than differences
  std::vector<std::string> categories = {};
  /// Another gene: where one of the two is larger, the best value of this one is smaller, in about
  /// the same ratio.
  std::string seen_with = {};
  bool is_duration = false;  ///< the cost of a training is about proportional to it
  bool saves_cost = false;   ///< a training costs less where it is larger
  double primordial = 0;     ///< its value in the first organism
  std::size_t place = 0;     ///< in its table, which sets it

  bool is_category() const { return kind == GeneKind::category; }
  /// Whether its categories are "false" and "true", which JSON has as they are.
  bool is_switch() const {
    return categories.size() == 2 && categories[0] == "false" && categories[1] == "true";
  }

  /// A value as text: a whole number, a category, or a real number with so many digits.
  std::string text(double value, int digits = 4) const;
  /// The category of this name, as its place among the categories. Throws Error naming the gene
  /// and its categories if there is none.
  double category(std::string_view text) const;
  /// Throws Error naming the gene and the rule unless a value is valid.
  void check(double value) const;
};

/// A constraint between two genes, by their places; `first` precedes `second` in the table.
struct GeneRule {
  std::size_t first, second;
  std::string relation;  ///< "a multiple of"
  std::function<bool(double first, double second)> holds;
};

/// What the genes of a table mean together, besides the rules.
struct GeneMeaning {
  /// The genes of which another value would make the same organism.
  std::function<std::vector<const Gene*>(const Genome&)> without_effect;
  /// Throws Error if there can be no organism of valid genes that keep the rules.
  std::function<void(const Genome&)> check;
  /// The same for a whole space, given a genome with its largest values, which may break rules.
  std::function<void(const Genome& largest)> check_largest;
};

/// The genes that a search knows. Its genomes and spaces refer to it, so it must outlive them.
class GeneTable {
 public:
  /// In the order used in texts and tables.
  explicit GeneTable(std::vector<Gene> genes, std::vector<GeneRule> rules = {},
                     GeneMeaning meaning = {});
  GeneTable(const GeneTable&) = delete;
  GeneTable& operator=(const GeneTable&) = delete;

  auto begin() const { return genes_.begin(); }
  auto end() const { return genes_.end(); }
  std::size_t size() const { return genes_.size(); }

  const Gene& at(std::size_t place) const { return genes_.at(place); }
  /// The gene of a name. Throws Error if there is none.
  const Gene& operator[](std::string_view name) const;
  /// The same; nullptr if there is none.
  const Gene* find(std::string_view name) const;
  /// The first one that is_duration; nullptr if none is.
  const Gene* duration() const;

  std::span<const GeneRule> rules() const { return rules_; }
  /// Whether a gene is part of a rule, and whether it is the last gene of one in table order.
  bool is_in_rule(const Gene& gene) const;
  bool completes_rule(const Gene& gene) const;

  const GeneMeaning& meaning() const { return meaning_; }

 private:
  std::vector<Gene> genes_;
  std::vector<GeneRule> rules_;
  GeneMeaning meaning_;
};

/// The table of genomes, files and messages that name none: that of GPTs, until use_genes() sets
/// another. A process searches with one table; it sets it before it makes its first genome.
const GeneTable& default_genes();
/// The table must live until the program ends.
void use_genes(const GeneTable& genes);
/// Whether these are the genes of GPTs.
bool searches_gpts();

/// The DNA of an organism: a number for each gene of a table. A category is its place among the
/// gene's categories.
class Genome {
 public:
  /// The first organism of default_genes(); that is the primordial GPT.
  Genome();
  /// Each gene has its primordial value.
  explicit Genome(const GeneTable& genes);

  const GeneTable& genes() const { return *genes_; }
  double operator[](const Gene& gene) const { return values_[place_of(gene)]; }
  double& operator[](const Gene& gene) { return values_[place_of(gene)]; }
  /// Throws Error if there is no gene of this name.
  double operator[](std::string_view gene) const { return (*this)[genes()[gene]]; }
  double& operator[](std::string_view gene) { return (*this)[genes()[gene]]; }

  /// Of genomes of one table.
  bool operator==(const Genome& other) const { return values_ == other.values_; }
  /// Gene by gene, for lookups.
  auto operator<=>(const Genome& other) const { return values_ <=> other.values_; }

 private:
  std::size_t place_of(const Gene& gene) const {
    assert(gene.place < values_.size() && genes_->at(gene.place).name == gene.name);
    return gene.place;
  }

  const GeneTable* genes_;
  std::vector<double> values_;
};

/// Throws Error naming the gene, its value and the rule it breaks.
void validate(const Genome& genome);
/// Whether all rules between genes hold.
bool rules_hold(const Genome& genome);
/// The genes of which another value would make the same organism.
std::vector<const Gene*> without_effect(const Genome& genome);
/// Whether texts and genome files name a gene: optional ones only if they differ from the
/// primordial organism's.
bool is_shown(const Gene& gene, const Genome& genome);

/// "n_emb 16  n_head 4  n_layer 1  n_ctx 16  n_ff_exp 4  lr 0.005  steps 200"
std::string describe(const Genome& genome);

/// "emb 16 head 4 layer 1 ctx 16 ff 4": only the genes that shape the network.
std::string architecture(const Genome& genome);

/// "emb 16 head 4 layer 1 ctx 16 ff 4  lr 0.005     steps 200": all genes on a short line.
std::string one_line(const Genome& genome);

/// For unordered containers.
struct GenomeHash {
  std::size_t operator()(const Genome& genome) const;
};

}  // namespace microgpt::genome
