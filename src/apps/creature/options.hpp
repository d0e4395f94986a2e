#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "microgpt/genome/gpt_genome.hpp"
#include "speech.hpp"

namespace microgpt::apps {

/// The command line of creature.
struct CreatureOptions {
  CommonOptions common;
  std::string genome_file = "genome.json";
  bool primordial = false, silent = false, json = false;
  std::optional<std::uint64_t> seed;
  std::uint32_t replicate = 0;
  SpeechOptions speech;
  bool genome_given = false, input_given = false;
  bool trains = false;                  ///< although weights may have been kept
  std::optional<std::string> info;      ///< a weight file
  std::map<const Gene*, double> genes;  ///< overrides of the genome
  // Files to read weights from, and to write after success.
  std::optional<std::string> load, init, save, save_init, trace, export_c, page;
};

/// Reads a command line, and finds what would go wrong after a training. Returns false after
/// --help, which is printed. Throws Error naming the option or the file, the value and the rule.
bool read_options(const std::vector<std::string>& arguments, CreatureOptions& options);

}  // namespace microgpt::apps
