#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/strategy.hpp"

namespace microgpt::evolution {

/// The next organism to be bred: from whom, for which place, and when.
struct Birth {
  Ancestors ancestors;
  std::size_t place = 0;  ///< in its generation
  bool begins_generation = false;
  /// Births from the same results, of which this is the first; else 0. The strategy studies before
  /// the first.
  std::size_t group = 0;
  std::optional<double> now;  ///< on the virtual clock, if there is one
};

/// When organisms are bred and which of their elders they replace as parents.
class Replacement {
 public:
  virtual ~Replacement() = default;
  /// The next birth, or none while it waits for a result. Its spans are valid until an organism is
  /// added to the history.
  virtual std::optional<Birth> next(const History& history) = 0;
  /// The organism of the last birth has been added to the history.
  virtual void born(const Organism& organism) = 0;
  /// Whether some members of a generation are born, and the others must follow at once.
  virtual bool within_generation() const { return false; }
  /// Places in the history of the organisms whose evaluation may be used by now, in an order that
  /// does not depend on the workers.
  virtual std::span<const std::size_t> finished(const History& history) = 0;
};

std::unique_ptr<Replacement> generational_replacement(const EvolutionConfig& config);
std::unique_ptr<Replacement> steady_state_replacement(const EvolutionConfig& config);

/// Of evaluated organisms at these places of the history, the indices, the best first; as better()
/// orders them.
std::vector<std::size_t> ranking_of(std::span<const Organism> history,
                                    std::span<const std::size_t> places);

}  // namespace microgpt::evolution
