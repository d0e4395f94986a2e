#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "microgpt/evolution/trial.hpp"
#include "microgpt/genome/genome.hpp"

namespace microgpt::evolution {

/// All organisms of an island in the order of birth, and the genomes that are known.
class History {
 public:
  /// Of `islands` populations side by side, this is the one with number `island`.
  History(std::size_t island, std::size_t islands) : island_(island), islands_(islands) {}

  /// Of the organism that is added next. Islands have disjoint ids.
  std::uint64_t next_id() const { return organisms_.size() * islands_ + island_; }
  /// Organisms added from now on are members of a new generation.
  void begin_generation() { starts_.push_back(organisms_.size()); }
  /// Forgets the newest generation if it has no members.
  void drop_empty_generation();
  void add(Organism organism);
  /// Sets the evaluation of an awaited organism and of its copies. Throws Error if it is not
  /// awaited.
  void tell(const Trial& trial);

  std::span<const Organism> organisms() const { return organisms_; }
  std::size_t size() const { return organisms_.size(); }
  std::size_t generation_count() const { return starts_.size(); }
  std::span<const Organism> generation(std::size_t number) const;
  bool knows(const Genome& genome) const { return first_of_genome_.contains(genome); }
  /// Whether adding this organism means a training: its genome is new, and it brings no evaluation.
  bool needs_training(const Organism& organism) const {
    return organism.origin != Origin::migrant && !knows(organism.genome);
  }

  /// Organisms whose evaluation is awaited, not counting copies.
  std::size_t awaited() const { return awaited_; }
  /// Of all trainings so far.
  double flops() const { return flops_; }
  /// Organisms, besides the elite, that were not trained because their genome was known.
  std::size_t known_genomes_born() const { return known_genomes_born_; }
  /// Births since the last one of a genome that was new here.
  std::size_t births_since_new() const { return births_since_new_; }

 private:
  std::size_t island_, islands_;
  std::vector<Organism> organisms_;
  std::unordered_map<Genome, std::size_t, GenomeHash>
      first_of_genome_;              // the rest are places in organisms_
  std::vector<std::size_t> starts_;  // of the generations
  std::vector<std::size_t> copies_;  // of organisms that are awaited
  std::size_t awaited_ = 0, known_genomes_born_ = 0, births_since_new_ = 0;
  double flops_ = 0;
};

}  // namespace microgpt::evolution
