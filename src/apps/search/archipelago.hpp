#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "microgpt/cluster/island_channel.hpp"
#include "microgpt/evolution/evolution.hpp"

namespace microgpt::apps {

/// The islands that one coordinator breeds: all of them, or those of its group. They share its
/// workers. What happens on them is written to rank 0, generation by generation.
class Archipelago {
 public:
  /// Evaluator and mail must outlive it.
  Archipelago(const EvolutionConfig& config, const SearchSpace& space, const Cost& cost,
              std::span<const std::size_t> islands, Evaluator& evaluator, IslandChannel& mail);

  /// Whether the last news of all its islands has been sent.
  bool finished() const;
  /// Breeds whoever can be bred, and waits for one result if any is awaited. False if nothing can
  /// happen before a letter comes.
  bool step();
  /// A migrant has come.
  void take(const Migrant& migrant);

  /// Whether nobody will be born any more on any of its islands.
  bool complete() const;
  /// Everyone on its first island.
  std::span<const Organism> history() const { return islands_.front().evolution.history(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Island {
    Evolution evolution;
    std::deque<Migrant> arrivals = {};  // who have not come ashore
    bool emigrated = false;             // in the migration that is due
    std::vector<Work> work = {};
    std::size_t reported = 0;  // generations
    bool last_sent = false;
    bool closed = false;  // its neighbour knows that no migrant will come any more
    Clock::time_point last_report = Clock::now();
  };

  Island& island_of(std::size_t number);
  bool advance(Island& island);
  bool migrate(Island& island);
  void take_result();
  void report(Island& island);
  bool known(const Island& island, std::size_t generation) const;
  GenerationReport news_of(Island& island);

  Evaluator& evaluator_;
  IslandChannel& mail_;
  std::deque<Island> islands_;
};

/// Breeds the islands of a coordinator until they have finished. GenerationReport that it receives,
/// as rank 0 does, goes to `on_news`; `on_step` is called after each step.
void breed_islands(
    Archipelago& archipelago, IslandChannel& mail,
    const std::function<void(const GenerationReport&)>& on_news,
    const std::function<void()>& on_step = [] {});

}  // namespace microgpt::apps
