#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/objective.hpp"
#include "microgpt/run/line_file.hpp"

namespace microgpt::run {

/// What is known about trainings that were done before, in this run or in others that shared the
/// file: the same genome, replicate, seed, dataset, objective, precision and program version give
/// the same bits, so nothing of it has to be trained again.
///
/// The file holds one JSON object a line and only ever grows; runs of different problems may share
/// it, at the same time too. It is a comfort: a line that cannot be read is left out, one that
/// cannot be written is not kept, and a notice says so. A last line without its end, left by a
/// process that died, is cut off.
class EvaluationCache {
 public:
  /// A cache in memory.
  explicit EvaluationCache(const Problem& problem);
  /// A cache that reads the file, or makes it, and appends to it. Throws Error naming file and rule
  /// if that cannot be, or if it is no such file.
  EvaluationCache(const Problem& problem, std::filesystem::path file);

  struct Known {
    Evaluation evaluation;
    std::optional<Timing> timing;  ///< if it was this run that trained, and for whom
    bool operator==(const Known&) const = default;
  };
  /// Null if it is not known.
  const Known* find(const Genome& genome, std::uint32_t replicate) const;
  /// The same for a task: where the journal knows several evaluations of a genome, its own.
  const Known* find(const Task& task) const;
  /// Remembers. Failures are not written to the file: another run may allow more memory or time.
  void add(const Genome& genome, std::uint32_t replicate, const Evaluation& evaluation,
           std::optional<Timing> timing = std::nullopt);
  /// Remembers what this run's journal knows. Not written to the file.
  void remember(const KnownEvaluation& known);

  /// What the user should know of the file, since the last call.
  std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }

 private:
  void read(std::string_view lines);
  void write(std::string_view object);
  void notice(std::string_view what);

  std::string problem_;  // a fingerprint
  std::map<std::pair<Genome, std::uint32_t>, Known> known_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, Known> by_task_;  // where known_ has another
  std::filesystem::path path_;
  std::optional<LineFile> file_;
  std::vector<std::string> notices_;
  bool writable_ = true;  // as far as it is known
};

class Journal;

/// Hands to another evaluator only what the cache does not know and nobody trains already, and
/// journals what comes back before anybody sees it. What breaks the rules of all files (a loss
/// beyond any measure) is a failure. The timing of a result from the cache has no seconds, and rank
/// -1.
class CachedEvaluator final : public Evaluator {
 public:
  /// All must outlive it; a journal is optional.
  CachedEvaluator(Evaluator& trains, EvaluationCache& cache, Journal* journal = nullptr)
      : trains_(trains), cache_(cache), journal_(journal) {}
  void submit(std::span<const Task> tasks) override;
  TimedResult wait() override;
  void poll() override { trains_.poll(); }
  std::size_t pending() const override {
    return ready_.size() + held_back_.size() + trains_.pending();
  }
  std::size_t idle() const override { return trains_.idle(); }
  std::vector<Running> running() const override { return trains_.running(); }
  /// Trainings that were not needed, because another run or organism had done them.
  std::size_t saved() const { return saved_.size(); }

 private:
  /// Makes a result of what is known of a task.
  void answer(const Task& task, const EvaluationCache::Known& known);
  void record(const Genome& genome, const TimedResult& timed);

  Evaluator& trains_;
  EvaluationCache& cache_;
  Journal* journal_;
  std::deque<TimedResult> ready_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, Genome> under_way_;  // by id and replicate
  std::set<std::pair<Genome, std::uint32_t>> in_training_;               // the same
  std::multimap<std::pair<Genome, std::uint32_t>, Task> held_back_;      // until that is known
  std::set<std::pair<std::uint64_t, std::uint32_t>> saved_;
};

}  // namespace microgpt::run
