#include "gene_json.hpp"

#include <algorithm>
#include <limits>
#include <set>

namespace microgpt::genome {

json::Value object_in(const std::string& path, const std::string& text) {
  require(text.find_first_not_of(" \t\r\n") != std::string::npos,
          "{}: the file is empty; it must hold a JSON object", path);
  json::Value object = at_path(path, [&] { return json::parse(text, json::Deep::left_out); });
  require(object.is_object(), "{}: must hold a JSON object, not {}", path, text_of(object));
  std::set<std::string> seen;
  for (const json::Member& member : object.object()) {
    require(seen.insert(member.key).second, "{}: key \"{}\" is there twice", path, member.key);
  }
  return object;
}

std::string text_of(const json::Value& value) {
  const auto is_nested = [](const json::Value& each) {
    return each.is_object() || each.as<json::Value::List>() != nullptr;
  };
  if (value.is_object()) return "an object";
  const auto* const list = value.as<json::Value::List>();
  if (list != nullptr && std::ranges::any_of(*list, is_nested)) return "nested lists";
  const std::string text = to_text(value);
  return text.size() <= 40 ? text : text.substr(0, 37) + "...";
}

double gene_value(const Gene& gene, const json::Value& value) {
  if (gene.is_category()) {
    const auto* const text = value.as<std::string>();
    return gene.category(text != nullptr ? *text : text_of(value));
  }
  const auto* const whole = value.as<std::uint64_t>();
  if (gene.kind == GeneKind::whole) {
    const auto* const negative = value.as<std::int64_t>();
    constexpr std::uint32_t kLargest = std::numeric_limits<std::uint32_t>::max();
    const bool is_whole = whole != nullptr ? *whole <= kLargest
                                           : gene.low < 0 && negative != nullptr &&
                                                 *negative >= -std::int64_t{kLargest};
    require(is_whole, "{} ({}) must be a whole number{} of at most 10 digits", gene.name,
            text_of(value), gene.low < 0 ? "" : ", not negative,");
  }
  const std::optional<double> number = value.number();
  require(number.has_value(), "{} ({}) must be a number that a double can hold", gene.name,
          text_of(value));
  gene.check(*number);
  return *number;
}

Genome read_genes(const json::Value& object, const GeneTable& genes) {
  Genome genome(genes);
  for (const Gene& gene : genes) {
    const json::Value* const value = object.find(gene.name);
    require(value != nullptr || gene.is_optional, "key \"{}\" is missing", gene.name);
    if (value != nullptr) genome[gene] = gene_value(gene, *value);
  }
  validate(genome);
  return genome;
}

void write_gene(json::Writer& writer, const Gene& gene, double value) {
  switch (gene.kind) {
    case GeneKind::whole:
      return writer.write(static_cast<std::int64_t>(value));
    case GeneKind::real:
      return writer.write(value);
    case GeneKind::category:
      if (gene.is_switch()) return writer.write(value != 0);
      return writer.write(gene.text(value));
  }
}

void put_genes(json::Writer& writer, const Genome& genome) {
  for (const Gene& gene : genome.genes()) {
    if (!is_shown(gene, genome)) continue;
    writer.key(gene.name);
    write_gene(writer, gene, genome[gene]);
  }
}

}  // namespace microgpt::genome
