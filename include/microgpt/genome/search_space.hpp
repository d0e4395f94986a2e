#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/genome/gpt_genome.hpp"

namespace microgpt::genome {

/// One of these values. They rise; categories are numbers here (see Gene).
struct ListDomain {
  std::vector<double> values;
  bool neighbours = false;  ///< whether a mutation moves to an adjacent value only

  bool operator==(const ListDomain&) const = default;
};

/// A whole number within a range. A random genome draws it from `draw`; a mutation draws it again
/// or adds or subtracts one of `moves`.
struct RangeDomain {
  double min, max;
  std::vector<double> draw, moves = {};

  bool operator==(const RangeDomain&) const = default;
};

/// A real number within a range, on a logarithmic scale. A mutation multiplies it by a uniform draw
/// between two factors, or redraws it if both are 0.
struct LogDomain {
  double min, max;
  double factor_min = 0, factor_max = 0;

  bool operator==(const LogDomain&) const = default;
};

/// A real number within a range, on a linear scale.
struct LinearDomain {
  double min, max;

  bool operator==(const LinearDomain&) const = default;
};

using Domain = std::variant<ListDomain, RangeDomain, LogDomain, LinearDomain>;

/// The search space of evolution: where the values of each gene come from.
class SearchSpace {
 public:
  /// The space of evolve_loss: seven genes of GPTs vary, all others have their primordial values.
  SearchSpace();
  /// The space in which no gene varies.
  static SearchSpace primordial(const GeneTable& genes = gpt_genes());

  const GeneTable& genes() const { return *genes_; }

  const Domain& operator[](const Gene& gene) const { return domains_[gene.place]; }
  Domain& operator[](const Gene& gene) { return domains_[gene.place]; }
  /// Throws Error if there is no gene of this name.
  const Domain& operator[](std::string_view gene) const { return (*this)[genes()[gene]]; }
  Domain& operator[](std::string_view gene) { return (*this)[genes()[gene]]; }

  /// Genomes whose training takes more floating-point operations are never bred; 0: no limit.
  double max_training_flops = 0;
  /// Genomes with more weights are never bred; 0: no limit.
  double max_parameters = 0;

  bool operator==(const SearchSpace&) const = default;

 private:
  explicit SearchSpace(const GeneTable& genes) : genes_(&genes) {}

  const GeneTable* genes_;
  std::vector<Domain> domains_;  // by gene
};

/// The space of the aesthetic engine: 300 steps, larger embeddings, small moves.
SearchSpace aesthetic_space();

/// Throws Error naming the gene and the rule if the space is empty or contains invalid genomes.
void validate(const SearchSpace& space);

/// Whether every gene lies in the space.
bool contains(const SearchSpace& space, const Genome& genome);
/// Throws Error naming the first gene that does not.
void require_in(const SearchSpace& space, const Genome& genome);

/// The smallest and the largest value.
std::pair<double, double> ends_of(const Domain& domain);
/// Whether a gene has more than one value in the space.
bool varies(const Gene& gene, const SearchSpace& space);
/// Whether breeding draws random numbers for a gene: for all but optional ones that do not vary. So
/// a gene that is added changes no search that does not vary it.
bool is_drawn(const Gene& gene, const SearchSpace& space);

/// The numbers of a genome that lie at an end of the space beyond which there are valid values, as
/// text: "steps 2000". A wider space may hold a better genome.
std::vector<std::string> at_edges(const Genome& genome, const SearchSpace& space);

/// The same organism in the one way that the space has to write it: a gene without effect has its
/// smallest value, a category its first. So two genomes that mean the same are equal.
Genome canonical(const Genome& genome, const SearchSpace& space);

/// A genome drawn from the space: lists uniformly, ranges uniformly on their scale, so that all
/// rules hold.
Genome random_genome(const SearchSpace& space, Rng& rng);

}  // namespace microgpt::genome
