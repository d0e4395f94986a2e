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

  /// The trial that is known of a task: where the journal has several of a genome, its own. Null if
  /// there is none. Of a trial from the file, genome, replicate and evaluation alone are known.
  const Trial* find(const Task& task) const;
  /// Remembers. Failures are not written to the file: another run may allow more memory or time.
  void add(const Trial& trial);
  /// Remembers what this run's journal knows. Not written to the file.
  void remember(const Trial& trial);

  /// What the user should know of the file, since the last call.
  std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }

 private:
  void read(std::string_view lines);
  void write(std::string_view object);
  void notice(std::string_view what);

  std::string problem_;                                               // a fingerprint
  std::map<std::pair<Genome, std::uint32_t>, Trial> known_;           // by genome and replicate
  std::map<std::pair<std::uint64_t, std::uint32_t>, Trial> by_task_;  // where known_ has another
  std::filesystem::path path_;
  std::optional<LineFile> file_;
  std::vector<std::string> notices_;
  bool writable_ = true;  // as far as it is known
};

class Journal;

/// Hands to another evaluator only what the cache does not know and nobody trains already, and
/// journals what comes back before anybody sees it. What breaks the rules of all files (a loss
/// beyond any measure) is a failure. The timing of a trial from the cache has no seconds, and rank
/// -1.
class CachedEvaluator final : public Evaluator {
 public:
  /// All must outlive it; a journal is optional.
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
  /// Trainings that were not needed, because another run or organism had done them.
  std::size_t saved() const { return saved_.size(); }

 private:
  using Training = std::pair<Genome, std::uint32_t>;  // genome and replicate
  static Training training_of(const Task& task) { return {task.genome, task.replicate}; }
  /// Makes a trial of what is known of a task.
  void answer(const Task& task, const Trial& known);
  void record(const Trial& trial);

  Evaluator& trains_;
  EvaluationCache& cache_;
  Journal* journal_;
  std::deque<Trial> ready_;
  std::set<Training> in_training_;
  std::multimap<Training, Task> held_back_;                  // until that is known
  std::set<std::pair<std::uint64_t, std::uint32_t>> saved_;  // by id and replicate
};

}  // namespace microgpt::run
