#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "microgpt/evolution/island_channel.hpp"

namespace microgpt::evolution {

/// Puts the generations of all islands into one order, however their reports arrive: the first of
/// island 0, of island 1, …, then the second of island 0, and so on.
class ReportSequence {
 public:
  explicit ReportSequence(std::size_t islands) : islands_(islands) {}

  /// Reports of one island come in the order of its generations.
  void add(const GenerationReport& report);
  /// The members of the next generation in the order, if they have come.
  std::optional<std::vector<Organism>> next();
  /// Whether the last report of every island has come.
  bool finished() const { return last_.size() == islands_; }

  // Of all islands, once they have finished:
  double flops() const;
  std::size_t saved() const;     ///< trainings that were not needed
  bool space_exhausted() const;  ///< of one of them

 private:
  using Turn = std::pair<std::size_t, std::size_t>;  // generation and island
  std::size_t islands_;
  Turn turn_ = {0, 0};
  std::map<Turn, std::vector<Organism>> waiting_;
  std::map<std::size_t, std::size_t> received_;   // generations, by island
  std::map<std::size_t, GenerationReport> last_;  // by island
};

}  // namespace microgpt::evolution
