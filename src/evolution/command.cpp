#include "microgpt/evolution/command.hpp"

#include <algorithm>
#include <cmath>

#include "core/json.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/evolution/creature.hpp"

namespace microgpt::evolution {

namespace {

/// With all digits of a real number.
std::string exact_text(const Gene& gene, double value) {
  return gene.kind == GeneKind::real ? fmt::to_string(value) : gene.text(value);
}

bool is_idle(const Gene& gene, const std::vector<const Gene*>& idle) {
  return std::ranges::find(idle, &gene) != idle.end();
}

std::string with_replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

}  // namespace

std::string command_json(const std::vector<std::string>& arguments) {
  json::Writer writer;
  writer.write(arguments);
  return writer.text();
}

std::vector<std::string> parse_command(const std::string& json) {
  std::vector<std::string> arguments;
  try {
    arguments = json::texts({json::Value::Object{{"command", json::parse(json)}}}, "command");
  } catch (const Error&) {
    fail("a command ({}) must be a JSON list of texts, such as [\"./train.sh\"]", printable(json));
  }
  require(!arguments.empty() && !arguments.front().empty(), "a command must name a program");
  return arguments;
}

std::string trial_name(const Task& task) {
  return fmt::format("{:06}{}", task.id,
                     task.replicate == 0 ? "" : fmt::format("-{}", task.replicate));
}

std::vector<std::string> arguments_of(const Command& command, const Task& task,
                                      const std::string& folder) {
  const std::vector<const Gene*> idle = genome::without_effect(task.genome);
  std::vector<std::string> arguments = command.arguments;
  for (std::string& argument : arguments) {
    for (const Gene& gene : task.genome.genes()) {
      const double value = is_idle(gene, idle) ? gene.primordial : task.genome[gene];
      argument = with_replaced(argument, "{" + gene.name + "}", exact_text(gene, value));
    }
    argument = with_replaced(argument, "{genome}", folder + "/genome.json");
    argument = with_replaced(argument, "{trial}", folder);
  }
  return arguments;
}

std::vector<std::pair<std::string, std::string>> environment_of(const Command& command,
                                                                const Task& task) {
  std::vector<std::pair<std::string, std::string>> variables = {
      {"MICROGPT_SEED", fmt::to_string(command.seed)},
      {"MICROGPT_TRIAL", fmt::to_string(task.id)},
      {"MICROGPT_REPLICATE", fmt::to_string(task.replicate)}};
  const std::vector<const Gene*> idle = genome::without_effect(task.genome);
  for (const Gene& gene : task.genome.genes()) {
    if (is_idle(gene, idle)) continue;
    variables.emplace_back(genome::variable_of(gene.name), exact_text(gene, task.genome[gene]));
  }
  return variables;
}

void ResultReader::add(std::string_view output) {
  constexpr std::size_t kLongest = 1 << 16;  // line that can be a result
  while (!output.empty()) {
    const std::size_t end = output.find('\n');
    const std::string_view piece = output.substr(0, end);
    is_too_long_ = is_too_long_ || line_.size() + piece.size() > kLongest;
    if (is_too_long_) {
      line_.clear();
    } else {
      line_ += piece;
    }
    if (end == output.npos) return;
    end_line();
    output.remove_prefix(end + 1);
  }
}

void ResultReader::end_line() {
  const std::string line(trim(line_));
  line_.clear();
  if (std::exchange(is_too_long_, false) || !line.starts_with('{')) return;
  try {
    const json::Value object = json::parse(line);
    if (object.is_object() && object.find("step") != nullptr) {
      const json::Value* const value = object.find(measure_.name);
      const std::optional<double> number = value == nullptr ? std::nullopt : value->number();
      if (number && *number >= 0 && *number <= kMaxFitness) interim_.push_back(*number);
      return;
    }
  } catch (const Error&) {  // it is wrong, which is said if no other line follows
  }
  last_ = line;
}

namespace {

/// The value of a member that must be a number.
double number_of(const json::Value& object, const std::string& key, std::string_view where) {
  const json::Value* const value = object.find(key);
  require(value != nullptr, "{} has no \"{}\"", where, key);
  const std::optional<double> number = value->number();
  require(number.has_value(), "{}: {} ({}) must be a number", where, key, to_text(*value));
  require(std::abs(*number) <= kMaxFitness, "{}: {} ({}) must be from {:g} to {:g}", where, key,
          *number, -kMaxFitness, kMaxFitness);
  return *number;
}

/// Constraints are kept where they are at most 0.
void require_kept(const json::Value& object, std::string_view where) {
  const json::Value* const value = object.find("constraints");
  if (value == nullptr) return;
  const auto* const list = value->as<json::Value::List>();
  require(list != nullptr, "{}: constraints must be a list of numbers", where);
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::optional<double> number = (*list)[i].number();
    require(number.has_value(), "{}: constraint {} is no number", where, i + 1);
    require(*number <= 0, "constraint {} is violated: {} is above 0", i + 1, *number);
  }
}

/// At most as many as a learning curve has, evenly spread.
std::vector<double> thinned(const std::vector<double>& values) {
  if (values.size() <= LearningCurve::kParts) return values;
  std::vector<double> result;
  for (std::size_t i = 1; i <= LearningCurve::kParts; ++i) {
    result.push_back(values[i * values.size() / LearningCurve::kParts - 1]);
  }
  return result;
}

}  // namespace

namespace {

json::Value object_of(std::string_view text, std::string_view where) {
  json::Value object;
  try {
    object = json::parse(text);
  } catch (const Error& error) {
    constexpr std::size_t kShown = 60;
    fail("{} is not one JSON object ({}): {}", where, error.what(),
         printable(text.substr(0, kShown)));
  }
  require(object.is_object(), "{} is not a JSON object", where);
  return object;
}

Evaluation evaluation_of(const json::Value& object, const Measure& measure,
                         std::string_view where) {
  Evaluation evaluation;
  const double sign = measure.is_maximised ? -1 : 1;
  evaluation.fitness = evaluation.loss = sign * number_of(object, measure.name, where);
  if (object.find("test") != nullptr) {
    evaluation.test_loss = sign * number_of(object, "test", where);
  }
  if (object.find("cost") != nullptr) {
    evaluation.cost = number_of(object, "cost", where);
    require(*evaluation.cost >= 0, "{}: cost ({}) must not be negative", where, *evaluation.cost);
  }
  require_kept(object, where);
  return evaluation;
}

/// Replicates have a second result.
void complete(Evaluation& evaluation, std::uint32_t replicate) {
  if (replicate > 0 && !evaluation.test_loss) evaluation.test_loss = evaluation.loss;
}

}  // namespace

Evaluation ResultReader::evaluation_in(std::string_view text, std::string_view where) const {
  return evaluation_of(object_of(text, where), measure_, where);
}

Evaluation ResultReader::result(std::uint32_t replicate, const std::optional<std::string>& file) {
  add("\n");
  require(last_ || file,
          "no result: neither a line of standard output that is a JSON object with \"{}\", nor a "
          "file result.json",
          measure_.name);
  Evaluation evaluation =
      last_ ? evaluation_in(*last_, "the last line of its output that begins with {")
            : evaluation_in(*file, "result.json");
  complete(evaluation, replicate);
  evaluation.learning = thinned(interim_);
  return evaluation;
}

std::string ask_json(const Task& task) {
  json::Writer writer;
  writer.begin_object();
  writer.put("trial", task.id), writer.put("replicate", task.replicate);
  writer.key("genome"), writer.write_json(trim(genome::trial_json(task.genome)));
  writer.end_object();
  return writer.text();
}

std::string best_json(const Organism& best, const Measure& measure) {
  const double fitness = best.evaluation.value().fitness;
  json::Writer writer;
  writer.begin_object();
  writer.key("best");
  writer.begin_object();
  writer.put("trial", best.id);
  writer.put(measure.name, measure.is_maximised ? -fitness : fitness);
  writer.key("genome"), writer.write_json(trim(genome::trial_json(best.genome)));
  writer.end_object();
  writer.end_object();
  return writer.text();
}

Told parse_told(std::string_view line, const Measure& measure) {
  constexpr std::string_view kWhere = "standard input: a line";
  const json::Value object = object_of(line, kWhere);
  require(object.find("trial") != nullptr, "{} has no \"trial\"", kWhere);
  Told told;
  told.key.first = json::whole(object, "trial");
  if (object.find("replicate") != nullptr) told.key.second = json::whole32(object, "replicate");
  try {
    const json::Value* const failure = object.find("failure");
    if (failure != nullptr) {
      const std::string why = json::text(object, "failure");
      told.evaluation = failed_evaluation(why.empty() ? "it says so" : printable(why));
    } else {
      told.evaluation = evaluation_of(object, measure, "its result");
      complete(told.evaluation, told.key.second);
    }
  } catch (const Error& error) {
    told.evaluation = failed_evaluation(error.what());
  }
  return told;
}

}  // namespace microgpt::evolution
