#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/report/progress.hpp"
#include "microgpt/run/log.hpp"
#include "terminal.hpp"

namespace microgpt::apps {

/// How much of a run a user wants to see.
struct ViewOptions {
  bool quiet = false, verbose = false;
  std::string log_level;      ///< empty: info with the live display, else debug
  std::string live = "auto";  ///< the live display: auto, always or never
};

/// Throws Error naming the option and the rule.
void validate(const ViewOptions& options);

/// Shows a run in progress: its log and, on a terminal, a live display.
class RunView {
 public:
  /// `final_trainings`: of all finalists together; each has `final_steps` times as many steps as
  /// in the search. `yardstick`: see Progress.
  RunView(const ViewOptions& options, const std::filesystem::path& log_file,
          const EvolutionConfig& config, Objective objective, std::size_t final_trainings,
          double final_steps, std::string yardstick);

  RunLog& log() { return log_; }

  /// A training has ended. Repeated calls for one training are ignored.
  void result(const Trial& trial);
  /// A generation of an island is complete; it took `seconds`.
  void generation(std::span<const Organism> members, double seconds);
  /// Updates the live display, at most ten times a second.
  void refresh(const Evaluator& evaluator);
  /// Ends the live display.
  void end() { terminal_.end(); }

 private:
  void print(std::string_view text);

  Screen screen_;
  bool live_;
  Terminal terminal_;
  RunLog log_;
  EvolutionConfig config_;
  Objective objective_;
  double start_, last_refresh_ = 0;  // seconds since 1970
  Progress progress_;
  std::set<Task::Key> seen_;  // trials that were shown
};

/// Another evaluator whose trials are shown.
class WatchedEvaluator final : public Evaluator {
 public:
  /// Both must outlive it.
  WatchedEvaluator(Evaluator& evaluator, RunView& view) : evaluator_(evaluator), view_(view) {}
  void submit(std::span<const Task> tasks) override;
  Trial wait() override;
  void poll() override { evaluator_.poll(); }
  std::size_t pending() const override { return evaluator_.pending(); }
  std::size_t idle() const override { return evaluator_.idle(); }
  std::vector<WorkerState> workers() const override { return evaluator_.workers(); }

 private:
  Evaluator& evaluator_;
  RunView& view_;
};

}  // namespace microgpt::apps
