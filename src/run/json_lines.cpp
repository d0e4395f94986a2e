#include "json_lines.hpp"

#include <limits>

#include "limits.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/genome/genes.hpp"

namespace microgpt::run {

using Json = json::Value;

namespace {

/// Reads the doubles of a value, and of all within it, from their literals: the same text, parsed
/// with numbers as strings.
void read_every_digit(Json& value, const Json& literal, int depth) {
  constexpr int kDeepest = 32;
  require(depth <= kDeepest, "not a JSON object: nested more than {} deep", kDeepest);
  if (value.IsObject()) {
    auto within = literal.MemberBegin();
    for (auto& member : value.GetObject()) {
      read_every_digit(member.value, (within++)->value, depth + 1);
    }
  } else if (value.IsArray()) {
    const Json* within = literal.Begin();
    for (Json& element : value.GetArray()) read_every_digit(element, *within++, depth + 1);
  } else if (value.IsDouble()) {
    const std::string_view digits(literal.GetString(), literal.GetStringLength());
    const std::optional<double> number = parse_double(digits);
    require(number.has_value(), "the number {} is out of range", digits);
    value.SetDouble(*number);
  }
}

/// RapidJSON's own way of reading every digit makes anything of a zero like 0e40 and of what is a
/// little too large.
void read_every_digit(json::Document& object, std::string_view text) {
  json::Document literals;
  literals.Parse<json::kParseIterativeFlag | json::kParseNumbersAsStringsFlag>(text.data(),
                                                                               text.size());
  read_every_digit(object, literals, 0);
}

}  // namespace

json::Document parse_line(std::string_view line) {
  json::Document document;
  document.Parse<json::kParseIterativeFlag | json::kParseValidateEncodingFlag>(line.data(),
                                                                               line.size());
  require(!document.HasParseError() && document.IsObject() && line.find('\0') == line.npos,
          "not a JSON object");
  read_every_digit(document, line);
  return document;
}

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

double number(const Json& object, const char* key, double low, double high) {
  const double value = number(object, key);
  require(value >= low && value <= high, "\"{}\" ({}) must be from {:g} to {:g}", key, value, low,
          high);
  return value;
}

std::uint64_t whole(const Json& object, const char* key) {
  const Json& value = member(object, key);
  require(value.IsUint64(), "\"{}\" must be a whole number", key);
  return value.GetUint64();
}

namespace {

/// RapidJSON takes \udc00, half a character, and then makes bytes of it that are none.
std::string unicode(const Json& value, const char* key) {
  std::string text(value.GetString(), value.GetStringLength());
  require(valid_utf8(text) == text, "\"{}\" must be valid Unicode", key);
  return text;
}

}  // namespace

std::string text(const Json& object, const char* key) {
  const Json& value = member(object, key);
  require(value.IsString(), "\"{}\" must be a string", key);
  return unicode(value, key);
}

std::uint32_t whole32(const Json& object, const char* key) {
  const std::uint64_t value = whole(object, key);
  require(value <= std::numeric_limits<std::uint32_t>::max(), "\"{}\" ({}) is too large", key,
          value);
  return static_cast<std::uint32_t>(value);
}

namespace {

std::vector<std::string> texts(const Json& object, const char* key) {
  const Json& value = member(object, key);
  require(value.IsArray(), "\"{}\" must be a list of strings", key);
  std::vector<std::string> all;
  for (const Json& element : value.GetArray()) {
    require(element.IsString(), "\"{}\" must be a list of strings", key);
    all.push_back(unicode(element, key));
  }
  return all;
}

std::optional<double> optional_number(const Json& object, const char* key) {
  if (!object.HasMember(key)) return std::nullopt;
  return number(object, key);
}

}  // namespace

Genome genome_of(const Json& line) {
  Genome genome;
  for (const Gene& gene : kGenes) {
    const char* name = gene.name.data();
    gene.set(genome, gene.is_real() ? number(line, name) : whole32(line, name));
  }
  validate(genome);
  return genome;
}

std::uint32_t replicate_of(const Json& line) { return whole32(line, "replicate"); }

Evaluation evaluation_of(const Json& line) {
  Evaluation e;
  e.failure = text(line, "failure");
  if (e.failed()) return e;
  e.fitness = number(line, "fitness");
  e.loss = number(line, "loss");
  e.test_loss = optional_number(line, "test_loss");
  e.beauty = optional_number(line, "beauty");
  e.names = texts(line, "names");
  validate(e, replicate_of(line));
  return e;
}

void LineWriter::put(const char* key, std::string_view value) {
  writer_.Key(key);
  put(value);
}

void LineWriter::put(std::string_view value) {
  const std::string text = valid_utf8(value);
  writer_.String(text.data(), static_cast<json::SizeType>(text.size()));
}

void LineWriter::put_json(const char* key, std::string_view json) {
  writer_.Key(key);
  writer_.RawValue(json.data(), json.size(), json::kObjectType);
}

void LineWriter::put(const Genome& g, std::uint32_t replicate, const Evaluation& e) {
  for (const Gene& gene : kGenes) {
    const double value = gene.value(g);
    if (gene.is_real()) {
      put(gene.name.data(), value);
    } else {
      put(gene.name.data(), static_cast<std::uint64_t>(value));
    }
  }
  put("replicate", std::uint64_t{replicate});
  put("failure", e.failure);
  if (e.failed()) return;
  put("fitness", e.fitness), put("loss", e.loss);
  if (e.test_loss) put("test_loss", *e.test_loss);
  if (e.beauty) put("beauty", *e.beauty);
  writer_.Key("names");
  writer_.StartArray();
  for (const std::string& name : e.names) put(name);
  writer_.EndArray();
}

std::string LineWriter::object() {
  writer_.EndObject();
  return {buffer_.GetString(), buffer_.GetSize()};
}

}  // namespace microgpt::run
