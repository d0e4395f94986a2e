#include "microgpt/experiment/evaluation_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "json_lines.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/experiment/journal.hpp"

namespace microgpt {

namespace {

std::string fingerprint(const Problem& p) {
  std::string text =
      fmt::format("version {} dataset {} objective {} precision {} seed {}", version(),
                  p.dataset.checksum, name(p.objective), name(p.precision), p.seed);
  text += fmt::format(" temperature {}", p.temperature);  // of the names that are kept
  if (p.objective == Objective::beauty) text += fmt::format(" samples {}", p.samples);
  return text;
}

}  // namespace

EvaluationCache::EvaluationCache(const Problem& problem) : problem_(fingerprint(problem)) {}

EvaluationCache::EvaluationCache(const Problem& problem, std::filesystem::path file)
    : EvaluationCache(problem) {
  file_ = std::move(file);
  std::error_code failure;
  if (std::filesystem::exists(file_, failure)) {
    std::string content = read_file(file_);
    const std::size_t whole_lines = content.rfind('\n') + 1;  // 0 if there is none
    read(content.substr(0, whole_lines));
    if (whole_lines < content.size()) {
      std::filesystem::resize_file(file_, whole_lines, failure);
      require(!failure, "{}: cannot be written: {}", file_.string(), failure.message());
    }
  } else {
    require_writable(file_);
  }
}

void EvaluationCache::read(const std::string& text_of_lines) {
  std::size_t number_of_line = 0;
  for (std::size_t begin = 0; begin < text_of_lines.size();) {
    const std::size_t end = text_of_lines.find('\n', begin);
    ++number_of_line;
    try {
      const auto line = parse_line(std::string_view(text_of_lines).substr(begin, end - begin));
      if (text(line, "problem") == problem_ && text(line, "failure").empty()) {
        known_[{genome_of(line), replicate_of(line)}] = {evaluation_of(line), std::nullopt};
      }
    } catch (const Error& error) {
      fail("{}: line {}: {}; a cache of evaluations has one a line", file_.string(), number_of_line,
           error.what());
    }
    begin = end + 1;
  }
}

const EvaluationCache::Known* EvaluationCache::find(const Genome& genome,
                                                    std::uint32_t replicate) const {
  const auto found = known_.find({genome, replicate});
  return found == known_.end() ? nullptr : &found->second;
}

const EvaluationCache::Known* EvaluationCache::find(const Task& task) const {
  const auto own = by_task_.find({task.id, task.replicate});
  return own == by_task_.end() ? find(task.genome, task.replicate) : &own->second;
}

void EvaluationCache::remember(const KnownEvaluation& known) {
  const Known value = {known.evaluation, known.timing};
  const auto [first, is_new] = known_.try_emplace({known.genome, known.timing.replicate}, value);
  // Two islands may have trained one genome, and one of them may have had bad luck.
  if (!is_new && first->second.evaluation != known.evaluation) {
    by_task_.insert_or_assign({known.timing.id, known.timing.replicate}, value);
    if (!first->second.timing) return;
    const Timing& other = *first->second.timing;
    by_task_.insert_or_assign({other.id, other.replicate}, first->second);
  }
}

void EvaluationCache::add(const Genome& genome, std::uint32_t replicate,
                          const Evaluation& evaluation) {
  const bool is_new =
      known_.emplace(std::pair(genome, replicate), Known{evaluation, std::nullopt}).second;
  if (!is_new || file_.empty() || evaluation.failed()) return;
  LineWriter line;
  line.put("problem", problem_);
  line.put(genome, replicate, evaluation);
  std::ofstream stream(file_, std::ios::binary | std::ios::app);
  stream << line.object() << '\n';
  stream.close();
  require(stream.good(), "{}: cannot be written: {}", file_.string(), std::strerror(errno));
}

void CachedEvaluator::submit(std::span<const Task> tasks) {
  std::vector<Task> unknown;
  for (const Task& task : tasks) {
    const EvaluationCache::Known* known = cache_.find(task);
    if (known == nullptr) {
      under_way_[{task.id, task.replicate}] = task.genome;
      unknown.push_back(task);
      continue;
    }
    saved_ += !known->timing;
    TimedResult& result = ready_.emplace_back();
    result.result = {.id = task.id, .replicate = task.replicate, .evaluation = known->evaluation};
    result.timing = known->timing.value_or(
        Timing{.id = task.id, .replicate = task.replicate, .rank = -1, .host = "cache"});
    result.timing.id = task.id;
    result.known = true;
  }
  trains_.submit(unknown);
}

TimedResult CachedEvaluator::wait() {
  if (!ready_.empty()) {
    trains_.poll();  // a million known results are no reason to be deaf
    TimedResult result = std::move(ready_.front());
    ready_.pop_front();
    return result;
  }
  TimedResult result = trains_.wait();
  const auto task = under_way_.find({result.result.id, result.result.replicate});
  if (journal_ != nullptr) {
    journal_->append(
        {.genome = task->second, .evaluation = result.result.evaluation, .timing = result.timing});
  }
  cache_.add(task->second, result.result.replicate, result.result.evaluation);
  under_way_.erase(task);
  return result;
}

}  // namespace microgpt
