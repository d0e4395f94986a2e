#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "microgpt/evolution/trial.hpp"
#include "microgpt/genome/own_space.hpp"

// Programs of other people as organisms: how a trial is started, and what its output means.
// docs/commands.md describes it for those who write such programs.
namespace microgpt::evolution {

/// A command that is run once for each trial.
struct Command {
  std::vector<std::string> arguments;  ///< the program first; with placeholders, see arguments_of()
  std::string trials;                  ///< folder in which each trial has one of its own
  std::string space;                   ///< JSON of the OwnSpace, which names the result
  double seconds = 0;                  ///< of a trial; 0: no limit
  std::uint32_t cores = 0;             ///< of a trial; 0: whatever the worker has
  std::uint32_t gpus = 0;              ///< likewise
  std::uint64_t seed = 0;              ///< of the search, which the command may use
  std::size_t slot = 0;  ///< of this worker among those of its host, for cores and GPUs

  bool operator==(const Command&) const = default;
};

/// The arguments of a command as a JSON list, and back. The latter throws Error if it is none, or
/// names no program.
std::string command_json(const std::vector<std::string>& arguments);
std::vector<std::string> parse_command(const std::string& json);

/// "000017", and "000017-2" of replicate 2.
std::string trial_name(const Task& task);

/// The arguments of a trial: {genome} is the path of its genome.json, {trial} that of its folder,
/// and {lr} the value of gene lr. Other braces stay as they are.
std::vector<std::string> arguments_of(const Command& command, const Task& task,
                                      const std::string& folder);

/// What is added to the environment: GENE_LR for gene lr, MICROGPT_SEED, MICROGPT_TRIAL and
/// MICROGPT_REPLICATE.
std::vector<std::pair<std::string, std::string>> environment_of(const Command& command,
                                                                const Task& task);

/// Finds results in the output of a command, which comes in pieces.
class ResultReader {
 public:
  explicit ResultReader(const Measure& measure) : measure_(measure) {}
  void add(std::string_view output);
  /// The result: the last line that is a JSON object without a "step", or `file`, which is
  /// result.json, if there is none. Throws Error saying what is missing or wrong.
  Evaluation result(std::uint32_t replicate, const std::optional<std::string>& file);

 private:
  void end_line();
  Evaluation evaluation_in(std::string_view json, std::string_view where) const;

  Measure measure_;
  std::string line_;                 // that has not ended yet
  bool is_too_long_ = false;         // what the line is
  std::optional<std::string> last_;  // line that begins like an object and has no step
  std::vector<double> interim_;      // values of lines with a step
};

// The same trials for somebody who reads and writes lines: see AskTellEvaluator.

/// {"trial": 3, "replicate": 0, "genome": {"lr": 0.01}}
std::string ask_json(const Task& task);

/// {"best": {"trial": 3, "loss": 1.5, "genome": {"lr": 0.01}}}
std::string best_json(const Organism& best, const Measure& measure);

/// What a line says of a trial.
struct Told {
  Task::Key key;
  Evaluation evaluation;
};
/// {"trial": 3, "loss": 1.5}; the replicate may be left out if it is 0. {"trial": 3, "failure":
/// "why"} is a failed one. Throws Error naming what is wrong.
Told parse_told(std::string_view line, const Measure& measure);

}  // namespace microgpt::evolution
