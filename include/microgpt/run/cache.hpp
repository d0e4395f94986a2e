#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/objective.hpp"
#include "microgpt/genome/genome.hpp"
#include "microgpt/run/line_file.hpp"

namespace microgpt::run {

/// Genome and replicate.
using Training = std::pair<Genome, std::uint32_t>;
struct TrainingHash {
  std::size_t operator()(const Training& training) const {
    return genome::GenomeHash()(training.first) + training.second;
  }
};

/// The results of trainings done before, in this run or in others that share the file. The same
/// genome, replicate, seed, dataset, objective, precision and program version give the same bits,
/// so no such training needs repeating.
///
/// The file has one JSON object per line and is append-only; runs of different problems may share
/// it, even concurrently. It is an optimisation only: lines that cannot be read are skipped, lines
/// that cannot be written are dropped, and a notice says so. An incomplete last line, left by a
/// process that died, is cut off.
class EvaluationCache {
 public:
  /// An in-memory cache.
  explicit EvaluationCache(const Problem& problem);
  /// A cache that reads the file, or creates it, and appends to it. Throws Error naming file and
  /// rule if that fails, or if it is not a cache.
  EvaluationCache(const Problem& problem, std::filesystem::path file);

  /// The known trial of a task; if the journal has several evaluations of the genome, that of the
  /// task. Null if unknown. A trial from the file has only genome, replicate and evaluation.
  const Trial* find(const Task& task) const;
  /// Adds a result. Failures are not written to the file: another run may allow more memory or
  /// time.
  void add(const Trial& trial);
  /// Adds a result from this run's journal. Not written to the file.
  void remember(const Trial& trial);

  /// Messages for the user about the file, since the last call.
  std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }

 private:
  void read(std::string_view lines);
  void write(std::string_view object);
  void notice(std::string_view what);

  std::string problem_;  // a fingerprint
  std::unordered_map<Training, Trial, TrainingHash> known_;
  std::map<Task::Key, Trial> by_task_;  // if not as in known_
  std::filesystem::path path_;
  std::optional<LineFile> file_;
  std::vector<std::string> notices_;
  bool writable_ = true;  // until a write fails
};

class Journal;

/// Passes to another evaluator only trainings that are neither in the cache nor in progress, and
/// journals each result before returning it, many with one write to the disk where many have come.
/// A result with impossible values (see limits.hpp) is a failure. The timing of a result from the
/// cache has 0 seconds and rank -1.
class CachedEvaluator final : public Evaluator {
 public:
  /// The arguments must outlive it; the journal is optional.
  CachedEvaluator(Evaluator& trains, EvaluationCache& cache, Journal* journal = nullptr)
      : trains_(trains), cache_(cache), journal_(journal) {}
  void submit(std::span<const Task> tasks) override;
  Trial wait() override;
  void poll() override { trains_.poll(); }
  std::size_t pending() const override {
    return ready_.size() + held_back_.size() + trains_.pending();
  }
  std::size_t idle() const override { return trains_.idle(); }
  std::vector<WorkerState> workers() const override { return trains_.workers(); }
  /// The number of trainings saved because another run or organism had already done them.
  std::size_t saved() const { return saved_.size(); }

 private:
  static Training training_of(const Task& task) { return {task.genome, task.replicate}; }
  /// Queues the known result of a task.
  void answer(const Task& task, const Trial& known);
  void record(const Trial& trial);
  /// Keeps a new result, and queues it and those that it answers.
  void take(Trial trial);
  Trial next_ready();

  Evaluator& trains_;
  EvaluationCache& cache_;
  Journal* journal_;
  std::deque<Trial> ready_;
  std::unordered_set<Training, TrainingHash> in_training_;
  std::multimap<Training, Task> held_back_;  // until that is known
  std::set<Task::Key> saved_;
};

}  // namespace microgpt::run
