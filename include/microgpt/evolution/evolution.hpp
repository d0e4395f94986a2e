#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/evolution/organism.hpp"
#include "microgpt/evolution/strategy.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt {

struct EvolutionConfig {
  StrategyKind strategy = StrategyKind::classic;
  std::size_t population = 8;
  std::size_t generations = 10;
  double budget_flops = 0;     ///< of all trainings together; 0: no limit but the generations
  std::size_t elite = 1;       ///< the best go on unchanged
  std::size_t immigrants = 2;  ///< random newcomers in each generation but the first
  std::size_t tournament = 3;  ///< distinct members that compete to be a parent
  std::uint64_t seed = 1;
};

/// Throws Error naming the setting, its value and the rule it breaks.
void validate(const EvolutionConfig& config);

/// The search itself, as ask and tell. It never evaluates, sleeps, prints or sends; and it is a
/// function of its settings and of what it was told: an organism's randomness comes from the seed
/// and its id, never from the order in which results arrive.
///
/// How children are made is the business of a Strategy. Here is what holds for all of them: no
/// genome is trained twice, none that costs more than the space allows is born, and the search ends
/// with the last generation or before the first training that the budget has no room for.
class Evolution {
 public:
  /// Throws Error if the settings or the space break a rule. Without a cost everything is free.
  Evolution(const EvolutionConfig& config, SearchSpace space, Cost cost = nullptr);

  bool finished() const {
    return !waiting_ && (exhausted_ || starts_.size() == config().generations);
  }

  /// Breeds the next generation; returns those of it that must be evaluated (not an elite, nor a
  /// genome that is known). Call tell() with all their results before the next ask(). Empty if the
  /// budget is spent; then the search is finished.
  std::vector<Organism> ask();

  /// Learns what the organisms of the last ask() are worth, in any order. Throws Error unless
  /// there is one result for each.
  void tell(std::span<const Result> results);

  /// Everyone who ever lived, in the order of birth, generation by generation.
  std::span<const Organism> history() const { return history_; }
  std::size_t generation_count() const { return starts_.size(); }
  /// The members of one finished generation; the last one may be cut short by the budget.
  std::span<const Organism> generation(std::size_t number) const;
  /// The best of all so far; of equals, the one born first. There must be one.
  const Organism& champion() const;
  /// The best `count` different genomes that did not fail, the best first.
  std::vector<Organism> best(std::size_t count) const;

  /// Of all trainings so far.
  double flops() const { return flops_; }
  /// Organisms, the elite aside, that were not trained because their genome was known.
  std::size_t known_genomes_born() const { return known_genomes_born_; }

  const EvolutionConfig& config() const { return rules_->config; }
  const SearchSpace& space() const { return rules_->space; }

 private:
  Organism breed(std::size_t place, const Ancestors& ancestors) const;
  bool acceptable(const Organism& child) const;

  // On the heap, so that the strategy can refer to them when an Evolution moves.
  struct Rules {
    EvolutionConfig config;
    SearchSpace space;
    Cost cost;
  };
  std::unique_ptr<const Rules> rules_;
  std::unique_ptr<Strategy> strategy_;
  std::vector<Organism> history_;
  std::map<Genome, std::size_t> known_;  // the first organism of each genome, in history_
  std::vector<std::size_t> starts_;      // of the generations, in history_
  double flops_ = 0;
  std::size_t known_genomes_born_ = 0;
  bool waiting_ = false, exhausted_ = false;
};

}  // namespace microgpt
