#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/rapidjson.hpp"
#include "microgpt/evolution/evaluator.hpp"

// The common part of the evaluation cache and the journal: one JSON object per line. Numbers
// round-trip bit for bit.
namespace microgpt::run {

/// The object on a line, with exact numbers. Throws Error if it is not valid, or a number is too
/// large.
json::Document parse_line(std::string_view line);

/// A member of an object. Throw Error if it is missing or has another type.
const json::Value& member(const json::Value& object, const char* key);
double number(const json::Value& object, const char* key);
/// One from `low` to `high`.
double number(const json::Value& object, const char* key, double low, double high);
std::uint64_t whole(const json::Value& object, const char* key);
std::uint32_t whole32(const json::Value& object, const char* key);
std::string text(const json::Value& object, const char* key);

/// Genes, replicate and evaluation as members of one object. Throw Error if a value is impossible
/// (see limits.hpp).
Genome genome_of(const json::Value& object);
std::uint32_t replicate_of(const json::Value& object);
Evaluation evaluation_of(const json::Value& object);

/// Writes one object. In strings U+FFFD replaces invalid UTF-8: host names and messages of
/// exceptions may contain anything, but the line must be readable.
class LineWriter {
 public:
  LineWriter() { writer_.StartObject(); }
  void put(const char* key, double value) { writer_.Key(key), writer_.Double(value); }
  void put(const char* key, std::uint64_t value) { writer_.Key(key), writer_.Uint64(value); }
  void put(const char* key, int value) { writer_.Key(key), writer_.Int(value); }
  void put(const char* key, std::string_view value);
  /// A value that is already JSON.
  void put_json(const char* key, std::string_view json);
  void put(const Genome& genome, std::uint32_t replicate, const Evaluation& evaluation);
  std::string object();

 private:
  void put(std::string_view value);

  json::StringBuffer buffer_;
  json::Writer<json::StringBuffer> writer_{buffer_};
};

}  // namespace microgpt::run
