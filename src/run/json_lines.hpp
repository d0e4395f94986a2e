#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.hpp"
#include "microgpt/evolution/evaluator.hpp"

// What the cache of evaluations and the journal have in common: one JSON object a line. What is
// read back has the bits that were written.
namespace microgpt::run {

/// The object on a line, to its last digit. Throws Error if there is none, or a number is too
/// large.
json::Value parse_line(std::string_view line);

/// Genes, replicate and evaluation as members of one object. Throw Error if a value is impossible
/// (see limits.hpp).
Genome genome_of(const json::Value& object);
std::uint32_t replicate_of(const json::Value& object);
Evaluation evaluation_of(const json::Value& object);

/// Writes one object, member by member.
class LineWriter : public json::Writer {
 public:
  LineWriter() { begin_object(); }
  using json::Writer::put;
  void put(const Genome& genome, std::uint32_t replicate, const Evaluation& evaluation);
  std::string object() { return end_object(), text(); }
};

}  // namespace microgpt::run
