#pragma once

#include <map>
#include <string>

#include "microgpt/evolution/command.hpp"
#include "microgpt/evolution/evaluator.hpp"

namespace microgpt::apps {

/// Hands trials to whoever reads standard output, and takes their results from standard input, as
/// lines of JSON (docs/commands.md):
///
///   {"trial": 3, "replicate": 0, "genome": {"lr": 0.01}}      written
///   {"trial": 3, "loss": 1.5}, or {"trial": 3, "failure": "no convergence"}      read
///
/// Results may come in any order. Throws Error if a line is no result of a trial that was handed
/// out, or if standard input ends; Stopped if the process should stop.
class AskTellEvaluator final : public Evaluator {
 public:
  explicit AskTellEvaluator(const Measure& measure) : measure_(measure) {}
  void submit(std::span<const Task> tasks) override;
  Trial wait() override;
  void poll() override;
  std::size_t pending() const override { return asked_.size(); }

 private:
  std::string next_line();

  Measure measure_;
  struct Asked {
    Task task;
    double since;  // seconds since 1970
  };
  std::map<Task::Key, Asked> asked_;
  std::string input_;  // that is no whole line yet
};

}  // namespace microgpt::apps
