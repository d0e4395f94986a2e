#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "microgpt/evolution/evaluator.hpp"

namespace microgpt::cluster {

/// The champion of one island on its way to the next.
struct Migrant {
  std::size_t island = 0;  ///< where it goes
  std::optional<Organism> organism;
  bool last = false;  ///< no other will come from there, and this is none
};

/// What an island tells rank 0, generation by generation.
struct GenerationReport {
  std::size_t island = 0;
  std::vector<Organism> generation;  ///< its members; empty if the island ends without one
  std::vector<Work> work;            ///< since the last news
  double seconds = 0;                ///< since the last news
  bool last = false;                 ///< the island has finished
  double flops = 0;                  ///< of all its trainings so far
  std::size_t saved = 0;             ///< trainings that were not needed so far
  bool space_exhausted = false;      ///< nobody new was found any more
};

using Message = std::variant<Migrant, GenerationReport>;

/// How the coordinators of the islands write to each other. Letters from one to another arrive in
/// the order in which they were sent.
class IslandChannel {
 public:
  virtual ~IslandChannel() = default;
  /// To the coordinator of the island that the migrant goes to.
  virtual void send(const Migrant& migrant) = 0;
  /// To rank 0.
  virtual void send(const GenerationReport& news) = 0;
  /// The next letter, if one has come.
  virtual std::optional<Message> look() = 0;
  /// The next letter; waits for it without burning a core.
  virtual Message wait() = 0;
};

}  // namespace microgpt::cluster
