#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/run/settings.hpp"

namespace microgpt::report {

enum class RunState {
  finished,   ///< there is a champion
  stopped,    ///< on demand, to be resumed
  failed,     ///< it came to its end without a champion
  unfinished  ///< it goes on, or was killed
};

constexpr auto enum_names(RunState) {
  return enum_table<RunState>("state", {{RunState::finished, "finished"},
                                        {RunState::stopped, "stopped"},
                                        {RunState::failed, "failed"},
                                        {RunState::unfinished, "unfinished"}});
}

/// What the folder of a run says of it, also while the run goes on: then as far as whole
/// generations were recorded.
struct RunRecord {
  std::filesystem::path folder;
  RunState state = RunState::unfinished;
  std::string settings_json;
  RunSettings settings;
  /// In the order of the file, each evaluated. Of the best of each generation the evaluation has
  /// the names.
  std::vector<Organism> organisms;
  std::vector<Finalist> finalists;  ///< the champion first; none before the end
  std::vector<Timing> timings;

  /// The best so far; null if nobody is known who did not fail.
  const Organism* champion() const;
  /// Null if there is none.
  const Organism* find(std::uint64_t id) const;
};

/// Throws Error naming file, row, value and rule.
RunRecord load_run(const std::filesystem::path& folder);

/// The organism as a genome.json that `creature` reads; of a finalist with what its new trainings
/// promise. Throws Error if there is no such organism.
std::string genome_json_of(const RunRecord& run, std::uint64_t id);

}  // namespace microgpt::report
