#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "microgpt/cluster/session.hpp"
#include "microgpt/core/stop.hpp"
#include "microgpt/evolution/ablation.hpp"
#include "microgpt/evolution/archipelago.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "recorder.hpp"
#include "setup.hpp"
#include "view.hpp"

namespace microgpt::apps {

/// The search on rank 0: breeds its islands, receives the reports of others, holds the finals, and
/// writes the champion.
class Search {
 public:
  /// The arguments must outlive it.
  Search(const SearchOptions& options, const SearchApp& app, SearchSetup& setup);
  /// Throws Stopped if the process should stop, and Error if there is no champion.
  void run(Session& session, Evaluator& trains);
  /// Says how a run that stopped early is resumed.
  void report_stop(Stop reason);

 private:
  void introduce(const Session& session);
  std::string introduction(const Session& session) const;
  void log_notices();
  void breed(Session& session, Evaluator& evaluator);
  void begin_finals(const Archipelago& archipelago, Evaluator& evaluator);
  std::vector<Finalist> hold_finals(Evaluator& evaluator);
  /// What each change of the champion is worth, if that is asked for.
  std::vector<Ablation> ablate(std::span<const Finalist> finalists, Evaluator& evaluator);
  /// The content of champion.safetensors: the replicate of the champion with the lowest validation
  /// loss. If its weights are not there it is trained once more; empty, with a warning, if that
  /// fails.
  std::string weights_of_champion(std::span<const Finalist> finalists, Evaluator& trains);
  /// Waits for all that was submitted, and records it.
  std::vector<Trial> awaited(Evaluator& evaluator);
  void conclude(std::span<const Finalist> finalists, std::span<const Ablation> ablations,
                const std::string& weights, std::size_t saved);
  void keep_other_champion();
  void say_where_it_is_limited(std::uint64_t champion);
  std::string next_command() const;
  void require_champion(std::span<const Finalist> finalists);
  Finals finals_of(std::span<const Organism> history) const;

  const SearchOptions& options_;
  const SearchApp& app_;
  SearchSetup& setup_;
  RunView view_;
  RunLog& log_;
  Recorder recorder_;
  std::set<Task::Key> begun_;  // replicates that were begun before the finals
  std::vector<Trial> early_;   // those of them that have ended
};

}  // namespace microgpt::apps
