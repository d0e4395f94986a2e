#pragma once

#include <string>
#include <vector>

#include "microgpt/genome/cost.hpp"
#include "microgpt/genome/search_space.hpp"

// Search spaces of programs other than GPTs. Their files describe the genes, too;
// docs/commands.md has the grammar.
namespace microgpt::genome {

/// What a trial is judged by.
struct Measure {
  std::string name = "loss";  ///< its key in the results
  std::string unit;           ///< empty: none
  bool is_maximised = false;
};

/// A conjunction: all of its comparisons hold.
struct Condition {
  enum class Relation { equal, unequal, below, at_most, above, at_least };
  struct Comparison {
    std::size_t gene;  ///< its place
    Relation relation;
    std::vector<double> values;  ///< one of them; several only if equal
  };
  std::vector<Comparison> comparisons;
  std::string text;  ///< as the file says it

  bool holds(const Genome& genome) const;
};

/// A search space with genes of its own.
struct OwnSpace {
  SearchSpace space;
  Measure measure;
  std::vector<Condition> forbidden;
  std::string json;  ///< the file's content, on one line

  /// The first of `forbidden` that holds; null if the genome is allowed.
  const Condition* forbids(const Genome& genome) const;
  /// Every trial costs 1, whatever its genes are; what is forbidden, infinitely much, so that it is
  /// never born.
  CostOf cost_of() const;
};

/// Whether a space file describes its genes.
bool has_own_genes(const std::string& text);
/// Reads one. Throws Error naming path, gene, value and rule. What it returns lives until the
/// program ends, since genomes refer to its table; the same content gives the same object.
const OwnSpace& read_own_space(const std::string& path, const std::string& text);
/// The one whose table this is; null if it is another table.
const OwnSpace* own_space_of(const GeneTable& genes);

/// The table of a space file: its own, or that of GPTs if it describes none. Throws Error as
/// read_own_space() does.
const GeneTable& genes_of_space(const std::string& path, const std::string& text);

/// What a gene is called in the environment of a command: GENE_N_STEPS for n-steps.
std::string variable_of(std::string gene);

/// A genome as the command of a trial is given it: one JSON object. Genes without effect are left
/// out.
std::string trial_json(const Genome& genome);
/// What such an object, or its member "genome", says; genes that are left out have their defaults.
/// Throws Error as read_own_space() does.
Genome parse_trial(const std::string& path, const std::string& text, const GeneTable& genes);

}  // namespace microgpt::genome
