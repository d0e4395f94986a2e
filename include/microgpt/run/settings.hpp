#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt::run {

/// What a run was started with, besides its search space: enough to start it again.
struct RunSettings {
  std::string program, version;
  Precision precision = Precision::f64;
  std::string dataset;  ///< SHA-256 of the file
  Objective fitness = Objective::loss;
  EvolutionConfig evolution;
  std::uint32_t finalists = 0, replicates = 5;
  std::uint32_t samples = 50;  ///< names spoken by each organism, where beauty counts
  double temperature = 0;
  double deadline_factor = 0, memory_limit = 0;  ///< of a training, see Limits
  std::string inject;                            ///< failures on purpose
  std::size_t tokens = 0;                        ///< of the vocabulary
  double bigram_loss = 0, uniform_loss = 0;      ///< baselines on the validation names
};

std::string to_json(const RunSettings& settings);

/// Throws Error naming the key and the rule if it is no such text. Keys of other versions are
/// ignored.
RunSettings settings_from_json(std::string_view json);

}  // namespace microgpt::run
