#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>

#include "microgpt/genome/cost.hpp"
#include "microgpt/run/cache.hpp"
#include "microgpt/run/folder.hpp"
#include "microgpt/run/journal.hpp"
#include "microgpt/run/journal_header.hpp"
#include "microgpt/run/settings.hpp"
#include "options.hpp"

namespace microgpt::apps {

/// The journal of the run that --resume names.
std::unique_ptr<Journal> journal_to_resume(const SearchOptions& options);

/// Holds a named pipe open that will be written later, so that its reader stays; does nothing for
/// other files. Throws Error if the pipe has no reader: a writer would wait for ever.
class OpenPipe {
 public:
  explicit OpenPipe(const std::filesystem::path& path);
  ~OpenPipe();
  OpenPipe(const OpenPipe&) = delete;
  OpenPipe& operator=(const OpenPipe&) = delete;

 private:
  int descriptor_ = -1;
};

/// What organisms cost, known before their trainings; trials of a command all cost the same. The
/// problem must outlive it.
CostOf cost_of(const Problem& problem);

/// All that a search needs, checked: every error that can be found before the first training is.
class SearchSetup {
 public:
  /// `resumed` is the journal of the resumed run, or null. Reads the enqueued genomes into the
  /// options, and puts what --effort stands for there, with so many workers. Throws Error naming
  /// the setting or the file, the value and the rule.
  SearchSetup(SearchOptions& options, const SearchApp& app, std::unique_ptr<Journal> resumed,
              std::size_t workers);
  SearchSetup(const SearchSetup&) = delete;
  SearchSetup& operator=(const SearchSetup&) = delete;

  SearchSpace space;
  Problem problem;
  RunSettings settings;  ///< everything that the result depends on, besides the space
  CostOf cost_of() const { return apps::cost_of(problem); }
  std::optional<OpenPipe> genome_pipe;  ///< where --genome-out is one
  std::optional<EvaluationCache> cache;
  std::optional<RunFolder> folder;
  std::unique_ptr<Journal> journal;
  std::size_t known = 0;  ///< evaluations of the resumed run
  RecordedBirths births;  ///< of the resumed run

 private:
  void pose_problem(SearchOptions& options);
  void pose_command(const SearchOptions& options);
  void open_journal(const SearchOptions& options, const JournalHeader& header);
};

}  // namespace microgpt::apps
