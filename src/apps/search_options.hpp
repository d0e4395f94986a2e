#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "command_line.hpp"
#include "microgpt/experiment/evaluation_cache.hpp"
#include "microgpt/experiment/run_folder.hpp"
#include "search_app.hpp"

namespace microgpt {

/// The command line of evolve_loss and evolve.
struct SearchOptions {
  CommonOptions common;
  EvolutionConfig evolution;
  std::string space_file;
  std::string genome_out = "genome.json";
  std::string experiments = "experiments";
  std::string cache;
  std::string strategy, fitness = "held-out", mode = "generational", schedule = "dynamic";
  std::uint32_t finalists = 0, replicates = 5;
  std::uint32_t samples = 50;
};

void add_options(CLI::App& app, SearchOptions& options, const SearchApp& search);

/// Everything that can be wrong before the first training is found here.
class Preparation {
 public:
  /// Throws Error naming the setting or the file, the value and the rule.
  Preparation(const SearchOptions& options, const SearchApp& app);
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  SearchSpace space;
  Problem problem;
  /// Floating-point operations of a training on the training names.
  Cost cost() const;
  std::optional<EvaluationCache> cache;
  std::optional<RunFolder> folder;
};

}  // namespace microgpt
