#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "microgpt/cluster/nursery.hpp"
#include "microgpt/experiment/evaluation_cache.hpp"
#include "microgpt/experiment/journal.hpp"
#include "microgpt/experiment/journal_header.hpp"
#include "microgpt/experiment/run_folder.hpp"
#include "microgpt/experiment/settings.hpp"
#include "run_view.hpp"
#include "search_app.hpp"

namespace microgpt {

/// The command line of evolve_loss and evolve.
struct SearchOptions {
  CommonOptions common;
  EvolutionConfig evolution;
  std::string space_file;
  std::string genome_out = "genome.json";
  std::string experiments = "experiments";
  std::string folder, resume;
  std::string cache;
  std::string strategy, fitness = "held-out", mode = "generational", schedule = "dynamic";
  std::uint32_t finalists = 0, replicates = 5;
  std::uint32_t samples = 50;
  Limits limits;
  std::string inject;
  double time_limit = 0;  ///< seconds; 0: none
  ViewOptions view;

  std::vector<std::string> given;  ///< what the command line said of all this, as --name=value
  std::string space_json;          ///< of the run that goes on; empty: the file, or the default
};

/// Reads a command line. False if --help or --version was asked for, and printed if `prints`.
/// Throws Error if it is wrong.
bool read_options(const SearchApp& app, const std::vector<std::string>& arguments, bool prints,
                  SearchOptions& options);

/// The journal of the run that --resume names.
std::unique_ptr<Journal> journal_to_resume(const SearchOptions& options);

/// Keeps a pipe that will be written later open, so that its reader stays; of any other file,
/// nothing. Throws Error if nobody reads it: a writer would wait for ever.
class OpenPipe {
 public:
  explicit OpenPipe(const std::filesystem::path& path);
  ~OpenPipe();
  OpenPipe(const OpenPipe&) = delete;
  OpenPipe& operator=(const OpenPipe&) = delete;

 private:
  int descriptor_ = -1;
};

/// Everything that can be wrong before the first training is found here.
class Preparation {
 public:
  /// `resumed` is the journal of the run that goes on, or null. Throws Error naming the setting or
  /// the file, the value and the rule.
  Preparation(const SearchOptions& options, const SearchApp& app, std::unique_ptr<Journal> resumed);
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  SearchSpace space;
  Problem problem;
  RunSettings settings;  ///< all that the result depends on, besides the space
  /// Floating-point operations of a training on the training names.
  Cost cost() const;
  std::optional<OpenPipe> genome_pipe;  ///< where --genome-out is one
  std::optional<EvaluationCache> cache;
  std::optional<RunFolder> folder;
  std::unique_ptr<Journal> journal;
  std::size_t known = 0;  ///< evaluations of the run that goes on

 private:
  void open_journal(const SearchOptions& options, const JournalHeader& header);
};

}  // namespace microgpt
