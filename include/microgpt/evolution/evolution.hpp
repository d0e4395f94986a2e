#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/evolution/organism.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt {

/// How the next generation is made from the last.
enum class Breeding {
  tournament,   ///< elite, immigrants, and children of tournament winners
  elite_copies  ///< elite, and copies of one of the elite with one gene changed
};

struct EvolutionConfig {
  std::size_t population = 8;
  std::size_t generations = 10;
  std::size_t elite = 1;       ///< the best go on unchanged
  std::size_t immigrants = 2;  ///< random newcomers in each generation but the first
  std::size_t tournament = 3;  ///< distinct members that compete to be a parent
  Breeding breeding = Breeding::tournament;
  std::uint64_t seed = 1;
};

/// Throws Error naming the setting, its value and the rule it breaks.
void validate(const EvolutionConfig& config);

/// An organism and what it turned out to be worth.
struct Result {
  std::uint64_t id;
  Evaluation evaluation;
};

/// The winner's index: of `size` distinct random members, the best. Throws Error if size is larger
/// than the population.
std::size_t tournament(std::span<const Organism> population, std::size_t size, Rng& rng);

/// The search itself, as ask and tell. It never evaluates, sleeps, prints or sends; and it is a
/// function of its settings and of what it was told: an organism's randomness comes from the seed
/// and its id, never from the order in which results arrive.
class Evolution {
 public:
  /// Throws Error if the settings or the space break a rule.
  Evolution(const EvolutionConfig& config, SearchSpace space);

  bool finished() const { return next_generation_ == config_.generations && !waiting_; }

  /// Breeds the next generation; returns those of it that must be evaluated (an elite need not
  /// be). Call tell() with all their results before the next ask().
  std::vector<Organism> ask();

  /// Learns what the organisms of the last ask() are worth, in any order. Throws Error unless
  /// there is one result for each.
  void tell(std::span<const Result> results);

  /// Everyone who ever lived, in the order of birth, generation by generation.
  std::span<const Organism> history() const { return history_; }
  /// The members of one finished generation.
  std::span<const Organism> generation(std::size_t number) const;
  /// The best of all so far; of equals, the one born first. There must be one.
  const Organism& champion() const;

  const EvolutionConfig& config() const { return config_; }
  const SearchSpace& space() const { return space_; }

 private:
  Organism breed(std::size_t place, std::span<const Organism> parents,
                 std::span<const std::size_t> ranking) const;

  EvolutionConfig config_;
  SearchSpace space_;
  std::vector<Organism> history_;
  std::size_t next_generation_ = 0;
  bool waiting_ = false;
};

}  // namespace microgpt
