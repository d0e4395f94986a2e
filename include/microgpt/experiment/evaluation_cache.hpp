#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt {

/// What is known about trainings that were done before, in this run or in others that shared the
/// file: the same genome, replicate, seed, dataset, objective, precision and program version give
/// the same bits, so nothing of it has to be trained again.
///
/// The file holds one JSON object a line and only ever grows; runs of different problems may share
/// it. A last line without its end, left by a process that died, is cut off.
class EvaluationCache {
 public:
  /// A cache in memory.
  explicit EvaluationCache(const Problem& problem);
  /// A cache that reads the file, if it is there, and appends to it. Throws Error naming file, line
  /// and rule if it holds anything else.
  EvaluationCache(const Problem& problem, std::filesystem::path file);

  std::optional<Evaluation> find(const Genome& genome, std::uint32_t replicate) const;
  /// Remembers. Failures are remembered too: they would fail again.
  void add(const Genome& genome, std::uint32_t replicate, const Evaluation& evaluation);

 private:
  void read(const std::string& text);

  std::string problem_;  // a fingerprint
  std::map<std::pair<Genome, std::uint32_t>, Evaluation> known_;
  std::filesystem::path file_;
};

/// Hands to another evaluator only what the cache does not know. The timing of a result from the
/// cache has no seconds, and rank -1.
class CachedEvaluator final : public Evaluator {
 public:
  /// Both must outlive it.
  CachedEvaluator(Evaluator& trains, EvaluationCache& cache) : trains_(trains), cache_(cache) {}
  void submit(std::span<const Task> tasks) override;
  TimedResult wait() override;
  std::size_t pending() const override { return ready_.size() + trains_.pending(); }
  std::size_t idle() const override { return trains_.idle(); }
  /// Trainings that were not needed.
  std::size_t saved() const { return saved_; }

 private:
  Evaluator& trains_;
  EvaluationCache& cache_;
  std::deque<TimedResult> ready_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, Genome> under_way_;  // by id and replicate
  std::size_t saved_ = 0;
};

}  // namespace microgpt
