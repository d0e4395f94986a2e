#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.hpp"
#include "microgpt/evolution/evaluator.hpp"

// The common part of the evaluation cache and the journal: one JSON object per line. Numbers
// round-trip bit for bit.
namespace microgpt::run {

/// The object on a line, with exact numbers. Throws Error if it is not valid, or a number is too
/// large.
json::Value parse_line(std::string_view line);

/// Genes, replicate and evaluation as members of one object. Throw Error if a value is impossible
/// (see limits.hpp).
Genome genome_of(const json::Value& object, const GeneTable& genes = default_genes());
std::uint32_t replicate_of(const json::Value& object);
Evaluation evaluation_of(const json::Value& object);

/// Writes one object, member by member. In strings U+FFFD replaces invalid UTF-8: host names and
/// messages of exceptions may contain anything, but the line must be readable.
class LineWriter : public json::Writer {
 public:
  LineWriter() { begin_object(); }
  using json::Writer::put;
  void put(const Genome& genome, std::uint32_t replicate, const Evaluation& evaluation);
  std::string object() { return end_object(), text(); }
};

}  // namespace microgpt::run
