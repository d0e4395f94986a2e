#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "microgpt/core/random.hpp"
#include "microgpt/evolution/organism.hpp"
#include "microgpt/genome/cost.hpp"

namespace microgpt::evolution {

struct EvolutionConfig;

/// The ways to make the next generation.
enum class StrategyKind {
  classic,       ///< elite, immigrants, and children of tournament winners
  random,        ///< random search: every organism is drawn at random
  guided,        ///< elite, and the best of many candidates by a surrogate model
  elite_copies,  ///< elite, and copies of one of the elite with one gene changed
};

class Strategy;
/// Makes a strategy; what it is given must outlive that. Each is defined in a file of
/// src/evolution/strategies.
using StrategyFactory = std::unique_ptr<Strategy>(const EvolutionConfig&, const SearchSpace&,
                                                  const CostOf&);
StrategyFactory classic_strategy, random_strategy, guided_strategy, elite_copies_strategy;

/// A strategy: its name for users, and how it is made.
struct StrategyEntry : EnumName<StrategyKind> {
  StrategyFactory* make;
};
inline constexpr std::array kStrategyEntries = {
    StrategyEntry{{StrategyKind::classic, "classic"}, classic_strategy},
    StrategyEntry{{StrategyKind::random, "random"}, random_strategy},
    StrategyEntry{{StrategyKind::guided, "guided"}, guided_strategy},
    StrategyEntry{{StrategyKind::elite_copies, "elite copies", false}, elite_copies_strategy}};

constexpr auto enum_names(StrategyKind) {
  EnumTable<StrategyKind, kStrategyEntries.size()> table = {"strategy", {}};
  std::ranges::copy(kStrategyEntries, table.names.begin());
  return table;
}

/// What a strategy may look at when it breeds.
struct Ancestors {
  std::span<const Organism> history;      ///< everyone born so far; most are evaluated
  std::span<const std::size_t> parents;   ///< places in `history`; none at the beginning
  std::span<const std::size_t> ranking;   ///< places in `parents`, the best first: of the elite
  std::span<const std::size_t> underway;  ///< places of the youngest whose result is awaited
  std::size_t births = 1;                 ///< of the group that study() is called for
  double spent = 0;  ///< share of the search that is over, by budget or births: 0 to 1
  /// Whether a genome, in its canonical form, was born before.
  std::function<bool(const Genome&)> knows = {};

  const Organism& parent(std::size_t i) const { return history[parents[i]]; }
};

/// One way to make the next generation. It proposes from what Evolution has been told. Evolution
/// checks whether a genome is new and affordable, and asks again if it is not.
class Strategy {
 public:
  virtual ~Strategy() = default;

  /// An organism whose result may be used from now on. Called in an order that does not depend on
  /// the workers.
  virtual void learn(const Organism&) {}
  /// Called before the births of a group: a generation, or some of the steady state.
  virtual void study(const Ancestors&) {}

  /// An organism for one place of the next generation: genome, origin, parents, and the evaluation
  /// if it is an elite. A function of what was learnt, of the births since study() and of the
  /// random numbers alone.
  virtual Organism breed(const Ancestors& ancestors, std::size_t place, Rng& rng) = 0;
};

/// The one that the settings ask for.
std::unique_ptr<Strategy> make_strategy(const EvolutionConfig& config, const SearchSpace& space,
                                        const CostOf& cost_of);

/// The winner: of `size` distinct random parents, the best. Throws Error if there are fewer.
const Organism& tournament(const Ancestors& ancestors, std::size_t size, Rng& rng);

}  // namespace microgpt::evolution
