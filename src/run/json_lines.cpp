#include "json_lines.hpp"

#include "genome/gene_json.hpp"
#include "limits.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/fields.hpp"

namespace microgpt::run {

json::Value parse_line(std::string_view line) {
  constexpr std::string_view kWrong = "not a JSON object";
  require(line.find('\0') == line.npos, kWrong);
  try {
    json::Value value = json::parse(line);
    require(value.is_object(), kWrong);
    return value;
  } catch (const json::SyntaxError&) {
    fail(kWrong);
  }
}

Genome genome_of(const json::Value& line, const GeneTable& genes) {
  return genome::read_genes(line, genes);
}

std::uint32_t replicate_of(const json::Value& line) { return whole32(line, "replicate"); }

Evaluation evaluation_of(const json::Value& line) {
  Evaluation e;
  visit_fields(kEvaluationFields, [&](const auto& field) {
    if (!e.failed()) read(line, field.name, e.*field.member);
  });
  if (e.failed()) return e;
  validate(e, replicate_of(line));
  return e;
}

void LineWriter::put(const Genome& genome, std::uint32_t replicate, const Evaluation& e) {
  put_genes(*this, genome);
  put("replicate", replicate);
  visit_fields(kEvaluationFields, [&](const auto& field) {
    if (!e.failed() || field.name == "failure") put_if_any(field.name, e.*field.member);
  });
}

}  // namespace microgpt::run
