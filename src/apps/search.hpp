#pragma once

#include <chrono>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "microgpt/evolution/finals.hpp"
#include "microgpt/experiment/run_log.hpp"
#include "microgpt/experiment/work_summary.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "search_options.hpp"

namespace microgpt {

/// Asks, has evaluated, journals, tells; until the search is finished and a champion crowned.
class Search {
 public:
  Search(const SearchOptions& options, const SearchApp& app, Preparation& ready,
         const Problem& problem);
  /// The whole search; `ranks` is the number of ranks that take part, rank 0 among them.
  void run(Evaluator& trains, int ranks);

 private:
  void introduce(int ranks);
  void warn_of_few_slots(int ranks);
  void submit(Evaluator& evaluator, std::span<const Organism> organisms);
  /// When everyone is born and the last trainings are under way, whoever is idle begins with the
  /// finals of those that look best by now. Whether they turn out to be finalists or not: what is
  /// learnt of them stands in the cache, and the history is the same.
  void begin_finals(Evaluator& evaluator);
  /// The next result; tells the search, unless it belongs to the finals.
  void take_result(Evaluator& evaluator);
  Result receive(Evaluator& evaluator);
  std::vector<Result> replicates(Evaluator& evaluator, const Finals& finals);
  /// Writes and reports the generations that have become complete, in their order.
  void record_generations();
  void conclude(std::span<const Finalist> finalists, std::size_t saved);
  /// Why the first finalist failed; empty if there is none or it did not.
  static std::string failure_of(std::span<const Finalist> finalists);
  static void promise(GenomeFile& file, const Finalist& champion);

  const SearchOptions& options_;
  const SearchApp& app_;
  const Problem& problem_;
  Evolution& evolution_;
  EvaluationCache& cache_;
  const RunFolder& folder_;
  RunLog log_;
  WorkSummary work_;
  std::size_t recorded_ = 0;                                 // generations
  std::set<std::pair<std::uint64_t, std::uint32_t>> begun_;  // replicates begun before the finals
  std::chrono::steady_clock::time_point last_report_ = std::chrono::steady_clock::now();
};

}  // namespace microgpt
