#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/island_channel.hpp"

namespace microgpt::evolution {

/// The islands that one coordinator breeds: all of them, or those of its group. They share its
/// workers.
class Archipelago {
 public:
  /// Where things go that are not the islands' own business.
  struct Outlets {
    /// Each generation of each island, in its order; on rank 0, also those of other coordinators.
    std::function<void(const GenerationReport&)> report;
    /// Trials that somebody else submitted to the same evaluator: all replicates but 0.
    std::function<void(const Trial&)> replicate = [](const Trial&) {};
    /// After each step.
    std::function<void()> step = [] {};
  };

  /// `islands` are the numbers of those that are bred here. Evaluator and channel must outlive it;
  /// the channel is null where all islands are bred here.
  Archipelago(const EvolutionConfig& config, const SearchSpace& space, const CostOf& cost_of,
              std::span<const std::size_t> islands, Evaluator& evaluator, IslandChannel* channel,
              Outlets outlets);

  /// Those who are recorded, and must outlive it, are not bred again. To be called before run().
  void replay(const RecordedBirths& births);
  /// Breeds and evaluates until the last report of all its islands has gone out.
  void run();
  /// Waits for one message of another coordinator, and delivers it.
  void receive();

  /// Whether nobody will be born any more on any of its islands.
  bool complete() const;
  /// Everyone on its first island.
  std::span<const Organism> history() const { return islands_.front().evolution.history(); }

 private:
  struct Island {
    Evolution evolution;
    std::deque<Migrant> arrivals = {};  // that have not been taken in
    bool emigrated = false;             // in the migration that is due
    bool closed = false;                // its neighbour knows that no migrant will come any more
    std::vector<Trial> trials = {};     // that were not reported yet
    std::size_t reported = 0;           // generations
    bool last_reported = false;
  };

  bool finished() const;
  bool step();
  void advance(Island& island);
  static std::size_t next_to(const Island& island);
  void migrate(Island& island);
  void close(Island& island);
  void take_trial();
  void report(Island& island);
  GenerationReport report_of(Island& island) const;
  void send(const Migrant& migrant);
  void deliver(const Message& message);
  Island* own_island(std::size_t number);
  Island& island_of(const Trial& trial);

  Evaluator& evaluator_;
  IslandChannel* channel_;
  Outlets outlets_;
  std::deque<Island> islands_;
  bool moved_ = false;  // something happened in this step
};

}  // namespace microgpt::evolution
