#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "microgpt/evolution/finals.hpp"
#include "microgpt/evolution/strategy.hpp"
#include "microgpt/genome/genome.hpp"

namespace microgpt::evolution {

/// What one change that evolution made is worth: the champion was trained anew with one gene set
/// back to the primordial value.
struct Ablation {
  const Gene* gene;
  Genome genome;
  std::vector<Evaluation> replicates;  ///< number 1 first
  /// How much higher its fitness is than that of the champion's replicate with the same number,
  /// over the pairs in which neither failed. Positive: the change was for the better.
  Estimate difference;

  std::size_t failures() const;  ///< of the replicates
};

/// The trainings of a champion with one gene set back, as far as they are known: some of its
/// replicates, the first ones.
Ablation ablation_of(const Finalist& champion, const Gene& gene,
                     std::vector<Evaluation> replicates);

/// The most valuable change first. Those that cannot be compared, since all trainings failed, come
/// before all others.
void sort_by_worth(std::vector<Ablation>& ablations);

/// The ablations of a champion, one for each gene in which it differs from the primordial organism.
class Ablations {
 public:
  /// Of a finalist, which must outlive it; at most `replicates` of its trainings are compared.
  /// `first_id`: ids from there on belong to nobody. An ablation with more parameters than the
  /// space allows is left out.
  Ablations(const Finalist& champion, std::uint32_t replicates, std::uint64_t first_id,
            const CostOf& cost_of, const SearchSpace& space);

  std::vector<Task> tasks() const;
  /// The trials of all tasks, in any order. Throws Error unless there is one for each.
  void tell(std::span<const Trial> trials);

  /// After tell(), sorted by worth.
  std::span<const Ablation> all() const { return ablations_; }

 private:
  struct Wanted {
    const Gene* gene;
    Task task;  // replicate 1
  };
  const Finalist& champion_;
  std::uint32_t replicates_;
  std::vector<Wanted> wanted_;
  std::vector<Ablation> ablations_;
};

}  // namespace microgpt::evolution
