#include "condition.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "gene_json.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::genome {

namespace {

using json::Value;
using Relation = Condition::Relation;

bool compares(Relation relation, double value, const std::vector<double>& with) {
  const auto is_one_of_them = [&] { return std::ranges::find(with, value) != with.end(); };
  switch (relation) {
    case Relation::equal:
      return is_one_of_them();
    case Relation::unequal:
      return !is_one_of_them();
    case Relation::below:
      return value < with.front();
    case Relation::at_most:
      return value <= with.front();
    case Relation::above:
      return value > with.front();
    case Relation::at_least:
      return value >= with.front();
  }
  return false;
}

/// Reads conditions on the genes that are known so far.
class ConditionReader {
 public:
  /// `where`: what the condition is of, for messages.
  ConditionReader(std::string where, const std::vector<Gene>& genes)
      : where_(std::move(where)), genes_(genes) {}

  Condition read(const Value& value) const {
    if (const auto* text = value.as<std::string>()) return from_text(*text);
    require(value.is_object() && !value.object().empty(),
            "{} ({}) must be an object, such as {{\"solver\": \"cg\"}}, or a text, such as "
            "\"solver == cg and passes > 1\"",
            where_, text_of(value));
    Condition condition{.comparisons = {}, .text = to_text(value)};
    for (const auto& [name, wanted] : value.object()) {
      const Gene& gene = gene_of(name);
      std::vector<double> values;
      if (const auto* list = wanted.as<Value::List>()) {
        require(!list->empty(), "{}: {} must have at least one value", where_, name);
        for (const Value& each : *list) values.push_back(value_of(gene, each));
      } else {
        values.push_back(value_of(gene, wanted));
      }
      condition.comparisons.push_back({gene.place, Relation::equal, std::move(values)});
    }
    return condition;
  }

 private:
  Condition from_text(const std::string& text) const {
    Condition condition{.comparisons = {}, .text = text};
    std::string_view rest = text;
    while (true) {
      const std::size_t word = rest.find(" and "), sign = rest.find("&&");
      const std::size_t end = std::min(word, sign);
      condition.comparisons.push_back(comparison(rest.substr(0, end)));
      if (end == rest.npos) return condition;
      rest.remove_prefix(end + (word < sign ? 5 : 2));
    }
  }

  Condition::Comparison comparison(std::string_view text) const {
    constexpr std::pair<std::string_view, Relation> kRelations[] = {
        {"==", Relation::equal},    {"!=", Relation::unequal}, {"<=", Relation::at_most},
        {">=", Relation::at_least}, {"<", Relation::below},    {">", Relation::above}};
    for (const auto& [sign, relation] : kRelations) {
      const std::size_t at = text.find(sign);
      if (at == text.npos) continue;
      const Gene& gene = gene_of(std::string(trim(text.substr(0, at))));
      const std::string right = unquoted(std::string(trim(text.substr(at + sign.size()))));
      const bool has_order = relation != Relation::equal && relation != Relation::unequal;
      require(!gene.is_category() || !has_order, "{}: {} has no order, so {} says nothing", where_,
              gene.name, sign);
      if (gene.is_category()) return {gene.place, relation, {gene.category(right)}};
      const std::optional<double> number = parse_double(right);
      require(number.has_value(), "{}: {} must be compared with a number, not \"{}\"", where_,
              gene.name, right);
      return {gene.place, relation, {*number}};
    }
    fail("{}: \"{}\" must be a comparison, such as solver == cg or passes > 1", where_, trim(text));
  }

  static std::string unquoted(std::string text) {
    const bool is_quoted = text.size() >= 2 && text.front() == text.back() &&
                           (text.front() == '\'' || text.front() == '"');
    return is_quoted ? text.substr(1, text.size() - 2) : text;
  }

  const Gene& gene_of(const std::string& name) const {
    const auto found = std::ranges::find(genes_, name, &Gene::name);
    require(found != genes_.end(), "{}: there is no gene {} (before it in the file)", where_, name);
    return *found;
  }

  /// Numbers need not be among the gene's.
  double value_of(const Gene& gene, const Value& value) const {
    if (gene.is_category()) return gene_value(gene, value);
    const std::optional<double> number = value.number();
    require(number.has_value(), "{}: {} must be compared with a number, not {}", where_, gene.name,
            text_of(value));
    return *number;
  }

  std::string where_;
  const std::vector<Gene>& genes_;
};

}  // namespace

Condition read_condition(const Value& value, const std::string& where,
                         const std::vector<Gene>& genes) {
  return ConditionReader(where, genes).read(value);
}

bool Condition::holds(const Genome& genome) const {
  return std::ranges::all_of(comparisons, [&](const Comparison& comparison) {
    return compares(comparison.relation, genome[genome.genes().at(comparison.gene)],
                    comparison.values);
  });
}

}  // namespace microgpt::genome
