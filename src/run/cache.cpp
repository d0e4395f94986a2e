#include "microgpt/run/cache.hpp"

#include <chrono>
#include <limits>
#include <utility>

#include "json_lines.hpp"
#include "limits.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/run/journal.hpp"

namespace microgpt::run {

namespace {

std::string fingerprint(const Problem& p) {
  if (p.command) {
    const Command& c = *p.command;
    return fmt::format("command {} objective {} seed {} trial time {} space {}",
                       sha256(fmt::format("{}", fmt::join(c.arguments, "\n"))), name(p.objective),
                       p.seed, c.seconds, sha256(c.space));
  }
  std::string text =
      fmt::format("version {} dataset {} objective {} precision {} seed {}", version(),
                  p.dataset.checksum, name(p.objective), name(p.precision), p.seed);
  if (p.dataset.kind != DocumentKind::lines) {
    text += fmt::format(" documents {}", name(p.dataset.kind));
    if (p.dataset.kind == DocumentKind::stream) text += " of 8192 bytes";  // once of characters
  }
  if (p.dataset.tokenizer != Tokenizer{}) {
    text += fmt::format(" tokens {}", to_text(p.dataset.tokenizer));
  }
  if (p.dataset.split_seed != p.seed) text += fmt::format(" split {}", p.dataset.split_seed);
  text += fmt::format(" temperature {}", p.temperature);  // for the names in evaluations
  if (p.objective == Objective::beauty) text += fmt::format(" samples {}", p.samples);
  return text;
}

constexpr std::chrono::milliseconds kPatience(10'000);  // with other processes that use the file
// The id of organisms of other runs.
constexpr std::uint64_t kNobody = std::numeric_limits<std::uint64_t>::max();

/// Whether a file, by its first line, may be a cache.
bool is_ours(std::string_view content) {
  const std::string_view line = content.substr(0, content.find('\n'));
  constexpr std::string_view kBegin = "{\"problem\":\"";
  // A truncated or garbled line still begins like an object.
  return line.starts_with(kBegin) || (line == content && kBegin.starts_with(line));
}

}  // namespace

EvaluationCache::EvaluationCache(const Problem& problem) : problem_(fingerprint(problem)) {}

EvaluationCache::EvaluationCache(const Problem& problem, std::filesystem::path file)
    : EvaluationCache(problem) {
  path_ = std::move(file);
  file_.emplace(path_);
  const LineFile::Lock lock = file_->lock(kPatience);
  require(lock != LineFile::Lock::taken, "{}: another process keeps it locked", path_.string());
  const std::string content = file_->read();
  require(is_ours(content), "{}: is no cache of evaluations, which has a JSON object a line",
          path_.string());
  const std::size_t whole_lines = content.rfind('\n') + 1;  // 0 if there is none
  if (lock == LineFile::Lock::unsupported) {
    notice("cannot be locked on this file system; let no other run use it at the same time");
  } else if (whole_lines < content.size()) {
    file_->cut(whole_lines);
    notice(fmt::format("the last line was cut short, {} bytes, and is dropped",
                       content.size() - whole_lines));
  }
  file_->unlock();
  read(std::string_view(content).substr(0, whole_lines));
}

void EvaluationCache::read(std::string_view lines) {
  std::size_t number_of_line = 0, dropped = 0;
  std::string first;
  while (!lines.empty()) {
    const std::string_view object = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(object.size() + 1);
    ++number_of_line;
    try {
      const auto line = parse_line(object);
      if (text(line, "problem") == problem_ && text(line, "failure").empty()) {
        Trial trial = {.task = {.id = kNobody, .genome = genome_of(line)}, .known = true};
        trial.task.replicate = replicate_of(line);
        trial.evaluation = evaluation_of(line);
        known_.insert_or_assign({trial.task.genome, trial.task.replicate}, std::move(trial));
      }
    } catch (const Error& error) {
      if (++dropped == 1) first = fmt::format("line {}: {}", number_of_line, error.what());
    }
  }
  if (dropped == 1) notice(first + "; it is left out");
  if (dropped > 1) notice(fmt::format("{}; it and {} more are left out", first, dropped - 1));
}

void EvaluationCache::notice(std::string_view what) {
  notices_.push_back(fmt::format("{}: {}", path_.string(), what));
}

const Trial* EvaluationCache::find(const Task& task) const {
  const auto own = by_task_.find(task.key());
  if (own != by_task_.end()) return &own->second;
  const auto found = known_.find({task.genome, task.replicate});
  return found == known_.end() ? nullptr : &found->second;
}

void EvaluationCache::remember(const Trial& trial) {
  Trial other = trial;
  const auto [first, is_new] = known_.try_emplace({trial.task.genome, trial.task.replicate}, trial);
  if (is_new) return;
  // Two coordinators may have trained one genome, one of them without success. An organism that
  // took over such a result has its own record.
  if (first->second.evaluation.failed()) std::swap(first->second, other);
  if (other.task.id != kNobody) {
    by_task_.insert_or_assign(other.task.key(), std::move(other));
  }
}

void EvaluationCache::add(const Trial& trial) {
  const Task& task = trial.task;
  const bool is_new = known_.try_emplace({task.genome, task.replicate}, trial).second;
  if (!is_new || !file_ || trial.evaluation.failed()) return;
  LineWriter line;
  line.put("problem", problem_);
  line.put(task.genome, task.replicate, trial.evaluation);
  write(line.object());
}

void EvaluationCache::write(std::string_view object) {
  try {
    const auto patience = writable_ ? kPatience : std::chrono::milliseconds(0);
    require(file_->lock(patience) != LineFile::Lock::taken, "{}: another process keeps it locked",
            path_.string());
    require(file_->is_in_place(), "{}: has been removed", path_.string());
    // A process may have died in the middle of a line.
    file_->append(fmt::format("{}{}\n", file_->is_torn() ? "\n" : "", object));
    writable_ = true;
  } catch (const Error& error) {
    if (std::exchange(writable_, false)) {
      notices_.push_back(fmt::format("{}; what is learnt is not kept there", error.what()));
    }
  }
  file_->unlock();
}

void CachedEvaluator::submit(std::span<const Task> tasks) {
  std::vector<Task> unknown;
  for (const Task& task : tasks) {
    if (const Trial* known = cache_.find(task)) {
      answer(task, *known);
    } else if (in_training_.insert(training_of(task)).second) {
      unknown.push_back(task);
    } else {
      held_back_.emplace(training_of(task), task);
    }
  }
  if (journal_ != nullptr) journal_->sync();
  trains_.submit(unknown);
}

void CachedEvaluator::answer(const Task& task, const Trial& known) {
  Trial& trial = ready_.emplace_back(known);
  trial.task = task;
  trial.known = true;
  if (known.task.id == task.id) return;
  trial.timing = {.rank = -1, .host = "cache"};
  // Another coordinator may get a different result for this genome; after a resume, this organism
  // must keep the result it has now.
  const bool is_new = saved_.insert(task.key()).second;
  if (is_new && known.evaluation.failed()) record(trial);
}

void CachedEvaluator::record(const Trial& trial) {
  if (journal_ != nullptr) journal_->append(trial);
}

Trial CachedEvaluator::wait() {
  if (!ready_.empty()) {
    trains_.poll();  // many known results must not delay messages
    return next_ready();
  }
  // All that have come by now: a disk takes as long to keep one as to keep many.
  constexpr std::size_t kTogether = 256;
  do {
    take(trains_.wait());
  } while (ready_.size() < kTogether && trains_.is_ready());
  if (journal_ != nullptr) journal_->sync();
  return next_ready();
}

void CachedEvaluator::take(Trial trial) {
  try {
    validate(trial.evaluation, trial.task.replicate);
  } catch (const Error& error) {
    trial.evaluation = failed_evaluation(error.what());
  }
  record(trial);
  std::string weights = std::exchange(trial.evaluation.weights, {});  // too much to remember
  cache_.add(trial);
  trial.evaluation.weights = std::move(weights);
  const Training training = training_of(trial.task);
  ready_.push_back(std::move(trial));
  in_training_.erase(training);
  const auto [begin, end] = held_back_.equal_range(training);
  for (auto copy = begin; copy != end; ++copy) answer(copy->second, *cache_.find(copy->second));
  held_back_.erase(begin, end);
}

Trial CachedEvaluator::next_ready() {
  Trial trial = std::move(ready_.front());
  ready_.pop_front();
  return trial;
}

}  // namespace microgpt::run
