#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "microgpt/core/random.hpp"
#include "microgpt/evolution/organism.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::evolution {

struct EvolutionConfig;

/// Floating-point operations of the training of a genome. Infinite if it is never trained, since it
/// has more weights than the space allows.
using Cost = std::function<double(const Genome&)>;

/// The ways to make the next generation.
enum class StrategyKind {
  classic,       ///< elite, immigrants, and children of tournament winners
  random,        ///< random search: every organism is drawn at random
  guided,        ///< elite, and the best of many candidates by a surrogate model
  elite_copies,  ///< elite, and copies of one of the elite with one gene changed
};

constexpr auto enum_names(StrategyKind) {
  return enum_table<StrategyKind>("strategy",
                                  {{StrategyKind::classic, "classic"},
                                   {StrategyKind::random, "random"},
                                   {StrategyKind::guided, "guided"},
                                   {StrategyKind::elite_copies, "elite copies", false}});
}

/// What a strategy may look at when it breeds.
struct Ancestors {
  std::span<const Organism> history;     ///< all finished generations
  std::span<const Organism> parents;     ///< the last of them; none before the first generation
  std::span<const std::size_t> ranking;  ///< places in `parents`, the best first
  /// Whether a genome is worth proposing: new, and no dearer than the space allows.
  std::function<bool(const Genome&)> is_candidate = {};
};

/// One way to make the next generation. It proposes from what Evolution has been told. Evolution
/// checks whether a genome is new and affordable, and asks again if it is not.
class Strategy {
 public:
  virtual ~Strategy() = default;

  /// Called once before each generation.
  virtual void study(const Ancestors&) {}

  /// An organism for one place of the next generation: genome, origin, parents, and the evaluation
  /// if it is an elite. A function of what was studied and of the random numbers alone.
  virtual Organism breed(const Ancestors& ancestors, std::size_t place, Rng& rng) const = 0;
};

/// What it is given must outlive the strategy.
std::unique_ptr<Strategy> make_strategy(const EvolutionConfig& config, const SearchSpace& space,
                                        const Cost& cost);

/// The winner's index: of `size` distinct random members, the best. Throws Error if size is larger
/// than the population.
std::size_t tournament(std::span<const Organism> population, std::size_t size, Rng& rng);

}  // namespace microgpt::evolution
