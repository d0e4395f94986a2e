#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/evolution/ablation.hpp"
#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/run/settings.hpp"

namespace microgpt::report {

enum class RunState {
  finished,   ///< with a champion
  stopped,    ///< on request; can be resumed
  failed,     ///< ended without a champion
  unfinished  ///< still running, or killed
};

constexpr auto enum_names(RunState) {
  return enum_table<RunState>("state", {{RunState::finished, "finished"},
                                        {RunState::stopped, "stopped"},
                                        {RunState::failed, "failed"},
                                        {RunState::unfinished, "unfinished"}});
}

/// The content of a run folder. While the run is going on, it has the complete generations so far.
struct RunRecord {
  std::filesystem::path folder;
  RunState state = RunState::unfinished;
  std::string settings_json;
  RunSettings settings;
  const GeneTable* genes = nullptr;  ///< of its organisms
  /// In file order, all evaluated. Only the best of each generation has names in its evaluation.
  std::vector<Organism> organisms;
  std::vector<Finalist> finalists;  ///< the champion first; none before the end
  std::vector<Ablation> ablations;  ///< of the champion, the most valuable change first
  std::vector<Trial> trials;        ///< see read_timings_csv()
  std::string weights;              ///< champion.safetensors, if it has at most 300 kB

  /// The best so far; null if there is no successful organism yet.
  const Organism* champion() const;
  /// Null if there is none.
  const Organism* find(std::uint64_t id) const;
};

/// Reads a run, whose genes are those of the program from now on. Throws Error naming file, row,
/// value and rule.
RunRecord load_run(const std::filesystem::path& folder);

/// The genome.json of an organism, as `creature` reads it; for a finalist with the means of its
/// replicates. Throws Error if there is no such organism.
std::string genome_json_of(const RunRecord& run, std::uint64_t id);

}  // namespace microgpt::report
