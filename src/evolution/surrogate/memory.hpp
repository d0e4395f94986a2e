#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "microgpt/evolution/organism.hpp"

namespace microgpt::evolution {

/// The organisms that a model learns from, of any number: the best, the Pareto front, and some of
/// the others, spread evenly over time, so that it knows where not to look. Adding one costs the
/// same however many there were.
class Memory {
 public:
  struct Known {
    Genome genome;
    std::uint64_t id;
    double fitness;       ///< kMaxLoss if the training failed
    double log_cost = 0;  ///< ln of the cost that is traded against the loss, if one is

    std::pair<double, std::uint64_t> key() const { return {fitness, id}; }
  };

  void add(const Organism& organism, double log_cost = 0);

  /// Of all that were added.
  std::size_t count() const { return count_; }
  bool has_success() const { return !best_.empty() && best_.front().fitness < kMaxLoss; }
  /// The best first; of equals, the one born first.
  std::vector<Known> ranking() const;

 private:
  static constexpr std::size_t kBest = 64, kOthers = 16, kFront = 32;
  void add_to_front(const Known& known);

  std::vector<Known> best_;    // ranked
  std::vector<Known> front_;   // in order of rising cost
  std::vector<Known> others_;  // every so manieth of those that are not among the best
  std::size_t count_ = 0, left_out_ = 0, every_ = 1;
};

}  // namespace microgpt::evolution
