#include "microgpt/experiment/evaluation_cache.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/version.hpp"

namespace microgpt {

namespace {

std::string fingerprint(const Problem& p) {
  std::string text =
      fmt::format("version {} dataset {} objective {} precision {} seed {}", version(),
                  p.dataset.checksum, name(p.objective), name(p.precision), p.seed);
  if (p.objective == Objective::beauty) {
    text += fmt::format(" samples {} temperature {}", p.samples, p.temperature);
  }
  return text;
}

using Json = rapidjson::Value;

const Json& member(const Json& object, const char* key) {
  const auto found = object.FindMember(key);
  require(found != object.MemberEnd(), "\"{}\" is missing", key);
  return found->value;
}

double number(const Json& object, const char* key) {
  const Json& value = member(object, key);
  require(value.IsNumber(), "\"{}\" must be a number", key);
  return value.GetDouble();
}

std::uint32_t whole(const Json& object, const char* key) {
  const Json& value = member(object, key);
  require(value.IsUint(), "\"{}\" must be a whole number", key);
  return value.GetUint();
}

std::string text(const Json& object, const char* key) {
  const Json& value = member(object, key);
  require(value.IsString(), "\"{}\" must be a string", key);
  return {value.GetString(), value.GetStringLength()};
}

std::optional<double> optional_number(const Json& object, const char* key) {
  if (!object.HasMember(key)) return std::nullopt;
  return number(object, key);
}

Genome genome_of(const Json& line) {
  Genome genome = {.n_emb = whole(line, "n_emb"),
                   .n_head = whole(line, "n_head"),
                   .n_layer = whole(line, "n_layer"),
                   .n_ctx = whole(line, "n_ctx"),
                   .n_ff_exp = whole(line, "n_ff_exp"),
                   .lr = number(line, "lr"),
                   .steps = whole(line, "steps")};
  validate(genome);
  return genome;
}

Evaluation evaluation_of(const Json& line) {
  Evaluation e;
  e.failure = text(line, "failure");
  if (e.failed()) return e;
  e.fitness = number(line, "fitness");
  e.loss = number(line, "loss");
  e.test_loss = optional_number(line, "test_loss");
  e.beauty = optional_number(line, "beauty");
  return e;
}

std::string line_of(const std::string& problem, const Genome& g, std::uint32_t replicate,
                    const Evaluation& e) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto put = [&](const char* key, const auto& value) {
    writer.Key(key);
    if constexpr (std::is_same_v<decltype(value), const std::string&>) {
      writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
    } else if constexpr (std::is_same_v<decltype(value), const double&>) {
      writer.Double(value);
    } else {
      writer.Uint(value);
    }
  };
  writer.StartObject();
  put("problem", problem);
  put("n_emb", g.n_emb), put("n_head", g.n_head), put("n_layer", g.n_layer);
  put("n_ctx", g.n_ctx), put("n_ff_exp", g.n_ff_exp), put("lr", g.lr), put("steps", g.steps);
  put("replicate", replicate);
  put("failure", e.failure);
  if (!e.failed()) {
    put("fitness", e.fitness), put("loss", e.loss);
    if (e.test_loss) put("test_loss", *e.test_loss);
    if (e.beauty) put("beauty", *e.beauty);
  }
  writer.EndObject();
  std::string line(buffer.GetString(), buffer.GetSize());
  line += '\n';
  return line;
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
      rapidjson::Document line;
      // Every digit counts: what is read back must be the bits that were written.
      line.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag>(
          text_of_lines.data() + begin, end - begin);
      require(!line.HasParseError() && line.IsObject(), "not a JSON object");
      if (text(line, "problem") == problem_) {
        known_[{genome_of(line), whole(line, "replicate")}] = evaluation_of(line);
      }
    } catch (const Error& error) {
      fail("{}: line {}: {}; a cache of evaluations has one a line", file_.string(), number_of_line,
           error.what());
    }
    begin = end + 1;
  }
}

std::optional<Evaluation> EvaluationCache::find(const Genome& genome,
                                                std::uint32_t replicate) const {
  const auto found = known_.find({genome, replicate});
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

void EvaluationCache::add(const Genome& genome, std::uint32_t replicate,
                          const Evaluation& evaluation) {
  if (!known_.emplace(std::pair(genome, replicate), evaluation).second || file_.empty()) return;
  std::ofstream stream(file_, std::ios::binary | std::ios::app);
  stream << line_of(problem_, genome, replicate, evaluation);
  stream.close();
  require(stream.good(), "{}: cannot be written: {}", file_.string(), std::strerror(errno));
}

void CachedEvaluator::submit(std::span<const Task> tasks) {
  std::vector<Task> unknown;
  for (const Task& task : tasks) {
    const std::optional<Evaluation> known = cache_.find(task.genome, task.replicate);
    if (!known) {
      under_way_[{task.id, task.replicate}] = task.genome;
      unknown.push_back(task);
      continue;
    }
    ++saved_;
    TimedResult& result = ready_.emplace_back();
    result.result = {.id = task.id, .replicate = task.replicate, .evaluation = *known};
    result.timing = {.id = task.id, .replicate = task.replicate, .rank = -1, .host = "cache"};
  }
  trains_.submit(unknown);
}

TimedResult CachedEvaluator::wait() {
  if (!ready_.empty()) {
    TimedResult result = std::move(ready_.front());
    ready_.pop_front();
    return result;
  }
  TimedResult result = trains_.wait();
  const auto task = under_way_.find({result.result.id, result.result.replicate});
  cache_.add(task->second, result.result.replicate, result.result.evaluation);
  under_way_.erase(task);
  return result;
}

}  // namespace microgpt
