#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "microgpt/cluster/isolation/isolated_trainer.hpp"
#include "microgpt/cluster/session.hpp"
#include "microgpt/run/settings.hpp"
#include "program.hpp"
#include "view.hpp"

namespace microgpt::apps {

/// Generations, where a budget ends the search.
inline constexpr std::size_t kUnlimited = 1'000'000;

/// Seconds of the units in which times are given.
const std::map<std::string, double>& time_units();

/// What --effort asks for: a time, or a number of floating-point operations.
struct Effort {
  std::string text;
  double seconds = 0, flops = 0;  ///< one of them is 0
};

/// "90s", "10m", "2h" and "1d" are times, "3e13" is a number of operations. Throws Error naming the
/// option, its value and the rule.
Effort parse_effort(const std::string& text);

/// The command line of evolve_loss and evolve: the settings of a run, as far as it gives them, and
/// what its result does not depend on.
struct SearchOptions : RunSettings {
  CommonOptions common;
  std::optional<Effort> effort;
  std::string effort_said;  ///< what was chosen because of it
  std::string space_file;
  std::string genome_out = "genome.json";
  std::string experiments = "experiments";
  std::string folder, resume;
  std::vector<std::string> enqueue;  ///< genome files
  std::string warm_start;            ///< the folder of an earlier run
  std::string cache;
  bool ask_tell = false;              ///< standard input has the results, in place of a command
  std::uint32_t cores = 0, gpus = 0;  ///< of each trial of a command; 0: those of the worker
  Schedule schedule = Schedule::dynamic;
  Limits limits;
  double time_limit = 0;  ///< seconds; 0: none
  ViewOptions view;

  std::vector<std::string> given;      ///< the options of the command line, as --name=value
  std::vector<std::string> extension;  ///< those that make a resumed run longer, likewise
  std::string space_json;              ///< of the resumed run; empty: the file, or the default
};

/// Reads a command line. Returns false after --help or --version, which are printed if `prints`.
/// Throws Error if it is wrong.
bool read_options(const SearchApp& app, const std::vector<std::string>& arguments, bool prints,
                  SearchOptions& options);

}  // namespace microgpt::apps
