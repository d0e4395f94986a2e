#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "microgpt/evolution/ablation.hpp"
#include "microgpt/evolution/report_sequence.hpp"
#include "microgpt/report/run_record.hpp"
#include "microgpt/report/work_summary.hpp"
#include "microgpt/run/best_effort_files.hpp"
#include "options.hpp"
#include "setup.hpp"
#include "view.hpp"

namespace microgpt::apps {

/// Keeps the history of a search and records it: tables, log, screen, page.
class Recorder {
 public:
  /// Begins the files of the run. The arguments must outlive it.
  Recorder(const SearchOptions& options, const SearchSetup& setup, RunView& view);

  /// A generation of an island, and its trials.
  void add(const GenerationReport& report);
  /// A trial of the finals.
  void add(const Trial& trial);
  /// Whether the last report of every island has come.
  bool is_complete() const { return sequence_.finished(); }

  /// Of all islands, generation by generation.
  std::span<const Organism> history() const { return history_; }
  const ReportSequence& sequence() const { return sequence_; }
  const WorkSummary& work() const { return work_; }

  /// The tables as they are at the end of a search.
  void write_tables(std::span<const Finalist> finalists, std::span<const Ablation> ablations);
  void write_page(RunState state);
  /// Marks the folder: the run has stopped before its end, and can be resumed.
  void write_stopped(int exit_code);

 private:
  void add_trials(std::span<const Trial> trials);
  void record(std::span<const Organism> members);
  void retry();

  const SearchOptions& options_;
  const Problem& problem_;
  const RunFolder& folder_;
  RunView& view_;
  BestEffortFiles files_;
  ReportSequence sequence_;
  std::vector<Organism> history_;
  WorkSummary work_;
  std::vector<double> last_record_;  // by island; seconds since 1970
};

}  // namespace microgpt::apps
