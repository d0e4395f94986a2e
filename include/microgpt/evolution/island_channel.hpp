#pragma once

#include <cstddef>
#include <optional>
#include <variant>
#include <vector>

#include "microgpt/evolution/trial.hpp"

namespace microgpt::evolution {

/// The best organism of one island on its way to the next.
struct Migrant {
  std::size_t island = 0;  ///< where it goes
  std::optional<Organism> organism = {};
  bool last = false;  ///< no other will come from there, and this is none
};

/// What an island tells rank 0, generation by generation.
struct GenerationReport {
  std::size_t island = 0;
  std::vector<Organism> members = {};  ///< of the generation; empty if the island ends without one
  std::vector<Trial> trials = {};      ///< since the last report
  bool last = false;                   ///< the island has finished
  double flops = 0;                    ///< of all its trainings so far
  std::size_t saved = 0;               ///< trainings that were not needed so far
  bool space_exhausted = false;        ///< nobody new was found any more
};

using Message = std::variant<Migrant, GenerationReport>;

/// How the coordinators of islands write to each other. Messages from one to another arrive in the
/// order in which they were sent; sending never waits.
class IslandChannel {
 public:
  virtual ~IslandChannel() = default;
  /// To the coordinator of the island that the migrant goes to, which is another one.
  virtual void send(const Migrant& migrant) = 0;
  /// To rank 0, from another.
  virtual void send(const GenerationReport& report) = 0;
  /// The next message, if one has come.
  virtual std::optional<Message> poll() = 0;
  /// Waits for the next message without keeping a core busy.
  virtual Message wait() = 0;
};

}  // namespace microgpt::evolution
