#include "json.hpp"

// In a namespace of its own: cereal compiles it with other settings, and where two inline functions
// of one name differ, the linker would take either.
#define RAPIDJSON_NAMESPACE microgpt::core::rapid
#define RAPIDJSON_NAMESPACE_BEGIN namespace microgpt::core::rapid {
#define RAPIDJSON_NAMESPACE_END }
#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/writer.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "microgpt/core/text.hpp"

namespace microgpt::core::json {

std::optional<double> Value::number() const {
  if (const auto* whole = as<std::uint64_t>()) return static_cast<double>(*whole);
  if (const auto* negative = as<std::int64_t>()) return static_cast<double>(*negative);
  if (const auto* real = as<double>()) return *real;
  return std::nullopt;
}

const Value* Value::find(std::string_view key) const {
  for (const Member& member : std::get<Object>(data)) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

SyntaxError::SyntaxError(std::size_t at, std::string_view why)
    : Error(fmt::format("not valid JSON at byte {}: {}", at, why)), byte(at), reason(why) {}

namespace {

template <class Whole>
bool parse_whole(std::string_view digits, Whole& number) {
  const char* const end = digits.data() + digits.size();
  const auto [rest, problem] = std::from_chars(digits.data(), end, number);
  return problem == std::errc() && rest == end;
}

Value number_of(std::string_view digits) {
  std::uint64_t whole = 0;
  std::int64_t negative = 0;
  if (parse_whole(digits, whole)) return {whole};
  if (parse_whole(digits, negative) && negative != 0) return {negative};
  if (digits == "-0") return {whole};
  const std::optional<double> real = parse_double(digits);
  require(real.has_value(), "the number {} is out of range", digits);
  return {*real};
}

/// Builds a value from the events of RapidJSON's reader. Numbers arrive as text: RapidJSON's own
/// full-precision parsing is wrong for zeros like 0e40 and for numbers slightly out of range.
class Builder : public rapid::BaseReaderHandler<rapid::UTF8<>, Builder> {
 public:
  explicit Builder(Deep deep) : deep_(deep) {}
  Value take() { return std::move(root_); }

  bool Null() { return add({nullptr}); }
  bool Bool(bool value) { return add({value}); }
  bool RawNumber(const char* digits, rapid::SizeType length, bool) {
    return add(number_of({digits, length}));
  }
  bool String(const char* text, rapid::SizeType length, bool) {
    return add({std::string(text, length)});
  }
  bool Key(const char* text, rapid::SizeType length, bool) {
    if (too_deep_ == 0) {
      std::get<Value::Object>(open_.back()->data).push_back({std::string(text, length), {}});
    }
    return true;
  }
  bool StartObject() { return add({Value::Object()}); }
  bool StartArray() { return add({Value::List()}); }
  bool EndObject(rapid::SizeType) { return close(); }
  bool EndArray(rapid::SizeType) { return close(); }

 private:
  /// A list or object does not grow while one of its elements is open, so pointers to that stay
  /// valid.
  bool add(Value value) {
    constexpr std::size_t kDeepest = 32;
    const bool opens = value.is_object() || value.as<Value::List>() != nullptr;
    if (open_.size() > kDeepest) {
      require(deep_ == Deep::left_out, "not a JSON object: nested more than {} deep", kDeepest);
      too_deep_ += opens ? 1 : 0;
      return true;
    }
    Value* place = &root_;
    if (!open_.empty()) {
      auto* list = std::get_if<Value::List>(&open_.back()->data);
      place = list != nullptr ? &list->emplace_back()
                              : &std::get<Value::Object>(open_.back()->data).back().value;
    }
    *place = std::move(value);
    if (opens) open_.push_back(place);
    return true;
  }
  bool close() {
    too_deep_ > 0 ? static_cast<void>(--too_deep_) : open_.pop_back();
    return true;
  }

  Deep deep_;
  Value root_;
  std::vector<Value*> open_;  // lists and objects, the innermost last
  std::size_t too_deep_ = 0;  // of these, within the innermost one
};

/// Parses the text with RapidJSON, which calls the handler for each part.
template <unsigned flags, class Handler>
void read_with(Handler& handler, std::string_view text) {
  rapid::MemoryStream memory(text.data(), text.size());
  rapid::EncodedInputStream<rapid::UTF8<>, rapid::MemoryStream> stream(memory);
  rapid::Reader reader;
  const rapid::ParseResult result =
      reader.Parse<flags | rapid::kParseIterativeFlag>(stream, handler);
  if (result.IsError()) {
    throw SyntaxError(result.Offset() + 1, rapid::GetParseError_En(result.Code()));
  }
}

}  // namespace

Value parse(std::string_view text, Deep deep) {
  require(text.find('\0') == text.npos, "not valid JSON: there is a NUL byte");
  Builder builder(deep);
  read_with<rapid::kParseValidateEncodingFlag | rapid::kParseNumbersAsStringsFlag>(builder, text);
  return builder.take();
}

std::string to_text(const Value& value) {
  Writer writer;
  writer.write(value);
  return writer.text();
}

const Value& member(const Value& object, std::string_view key) {
  const Value* const found = object.find(key);
  require(found != nullptr, "\"{}\" is missing", key);
  return *found;
}

double number(const Value& object, std::string_view key) {
  const std::optional<double> value = member(object, key).number();
  require(value.has_value(), "\"{}\" must be a number", key);
  return *value;
}

double number(const Value& object, std::string_view key, double low, double high) {
  const double value = number(object, key);
  require(value >= low && value <= high, "\"{}\" ({}) must be from {:g} to {:g}", key, value, low,
          high);
  return value;
}

std::uint64_t whole(const Value& object, std::string_view key) {
  const auto* const value = member(object, key).as<std::uint64_t>();
  require(value != nullptr, "\"{}\" must be a whole number", key);
  return *value;
}

std::uint32_t whole32(const Value& object, std::string_view key) {
  const std::uint64_t value = whole(object, key);
  require(value <= std::numeric_limits<std::uint32_t>::max(), "\"{}\" ({}) is too large", key,
          value);
  return static_cast<std::uint32_t>(value);
}

namespace {

/// RapidJSON accepts \udc00, an unpaired surrogate, and turns it into invalid UTF-8.
std::string unicode(const std::string& text, std::string_view key) {
  require(valid_utf8(text) == text, "\"{}\" must be valid Unicode", key);
  return text;
}

}  // namespace

std::string text(const Value& object, std::string_view key) {
  const auto* const value = member(object, key).as<std::string>();
  require(value != nullptr, "\"{}\" must be a string", key);
  return unicode(*value, key);
}

const Value::List& list(const Value& object, std::string_view key, std::string_view elements) {
  const auto* const list = member(object, key).as<Value::List>();
  require(list != nullptr, "\"{}\" must be a list of {}", key, elements);
  return *list;
}

namespace {

/// The elements of a list, all of one type.
template <class Type>
std::vector<Type> all_of(const Value& object, std::string_view key, std::string_view elements) {
  std::vector<Type> all;
  for (const Value& element : list(object, key, elements)) {
    const auto* const value = element.as<Type>();
    require(value != nullptr, "\"{}\" must be a list of {}", key, elements);
    all.push_back(*value);
  }
  return all;
}

}  // namespace

std::vector<std::string> texts(const Value& object, std::string_view key) {
  std::vector<std::string> all = all_of<std::string>(object, key, "strings");
  for (std::string& text : all) text = unicode(text, key);
  return all;
}

std::vector<std::uint64_t> wholes(const Value& object, std::string_view key) {
  return all_of<std::uint64_t>(object, key, "whole numbers");
}

std::vector<double> numbers(const Value& object, std::string_view key) {
  std::vector<double> all;
  for (const Value& element : list(object, key, "numbers")) {
    const std::optional<double> value = element.number();
    require(value.has_value(), "\"{}\" must be a list of numbers", key);
    all.push_back(*value);
  }
  return all;
}

namespace {

/// An output stream of RapidJSON.
struct Appender {
  using Ch = char;
  std::string& text;
  void Put(char c) { text += c; }
  void Flush() {}
};

}  // namespace

void Writer::key(std::string_view key) {
  write(key);
  text_ += indent_ > 0 ? ": " : ":";
  after_key_ = true;
}

void Writer::write(double value) {
  if (!std::isfinite(value)) return write(nullptr);
  begin_value();
  Appender to{text_};
  rapid::Writer(to).Double(value);
}

void Writer::write(std::string_view value) {
  begin_value();
  Appender to{text_};
  const std::string text = valid_utf8(value);
  rapid::Writer(to).String(text.data(), static_cast<rapid::SizeType>(text.size()));
}

void Writer::write(const Value::Object& members) {
  begin_object();
  for (const Member& member : members) put(member.key, member.value);
  end_object();
}

void Writer::write(const Value& value) {
  std::visit([this](const auto& each) { write(each); }, value.data);
}

void Writer::write_json(std::string_view json) {
  begin_value();
  text_ += json;
}

void Writer::open(char bracket) {
  begin_value();
  text_ += bracket;
  ++depth_;
}

void Writer::close(char bracket) {
  --depth_;
  if (text_.back() != '{' && text_.back() != '[') new_line();
  text_ += bracket;
}

/// After a key a value follows on the line; in a list or object each begins its own.
void Writer::begin_value() {
  if (std::exchange(after_key_, false) || depth_ == 0) return;
  if (text_.back() != '{' && text_.back() != '[') text_ += ',';
  new_line();
}

void Writer::new_line() {
  if (indent_ > 0) text_ += '\n' + std::string(indent_ * depth_, ' ');
}

}  // namespace microgpt::core::json
