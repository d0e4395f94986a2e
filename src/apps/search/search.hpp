#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archipelago.hpp"
#include "microgpt/cluster/session.hpp"
#include "microgpt/core/stop.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/report/run_record.hpp"
#include "microgpt/report/work_summary.hpp"
#include "microgpt/run/cache.hpp"
#include "setup.hpp"

namespace microgpt::apps {

/// The search as rank 0 sees it: breeds its islands, keeps the history of all, and crowns a
/// champion.
class Search {
 public:
  Search(const SearchOptions& options, const SearchApp& app, SearchSetup& ready);
  void run(Session& session, Evaluator& trains);
  /// What is to be said when the run stops early.
  void report_stop(Stop reason);

 private:
  void introduce(const Session& session);
  std::string introduction(const Session& session) const;
  /// What the cache has to say.
  void say_notices();
  /// When everyone is born and the last trainings are under way, whoever is idle begins with the
  /// finals of those that look best by now. Whether they turn out to be finalists or not: what is
  /// learnt of them stands in the cache, and the history is the same.
  void begin_finals(const Archipelago& archipelago, Evaluator& evaluator);
  std::vector<Result> replicates(Evaluator& evaluator, const Finals& finals);
  Result receive(Evaluator& evaluator, const Finals& finals);
  void add_work(std::span<const Work> work);

  void take(const GenerationReport& news);
  void watch(const GenerationReport& news);
  /// Writes and reports the generations whose turn it is: island after island, one generation after
  /// another.
  void record_generations();
  bool all_news_came() const { return finished_.size() == options_.evolution.islands; }

  void conclude(std::span<const Finalist> finalists, std::size_t saved);
  void write_tables(std::span<const Finalist> finalists);
  void write_page(RunState state);

  // Files that the run can do without: log, tables, page. What cannot be written is said once for
  // each file, and tried again as a whole when the run ends.
  struct Unwritten {
    std::string text;
    bool whole;  // or the end of what is there
  };
  void put(const std::string& file, Unwritten what);
  void write(const std::string& file, std::string_view text);
  void append(const std::string& file, std::string rows);
  void write_again();
  /// Why the first finalist failed; empty if there is none or it did not.
  static std::string failure_of(std::span<const Finalist> finalists);

  const SearchOptions& options_;
  const SearchApp& app_;
  const Problem& problem_;
  SearchSetup& ready_;
  const RunFolder& folder_;
  RunView view_;
  RunLog& log_;
  WorkSummary work_;
  std::vector<Organism> history_;  // of all islands, as it was recorded
  std::map<std::pair<std::size_t, std::size_t>, GenerationReport>
      news_;                                                 // by generation and island
  std::pair<std::size_t, std::size_t> next_ = {0, 0};        // whose turn it is to be recorded
  std::map<std::size_t, std::size_t> generations_received_;  // generations, by island
  std::map<std::size_t, GenerationReport> finished_;         // the last news, by island
  std::vector<std::size_t> own_islands_;
  std::map<std::uint64_t, Work> elsewhere_;  // trainings of other coordinators, not yet shown
  std::set<std::pair<std::uint64_t, std::uint32_t>> begun_;  // replicates begun before the finals
  std::map<std::string, Unwritten> unwritten_;               // by file
};

}  // namespace microgpt::apps
