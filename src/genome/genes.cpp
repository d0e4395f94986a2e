#include "microgpt/genome/genes.hpp"

#include <algorithm>

namespace microgpt::genome {

double Gene::value(const Genome& genome) const {
  return std::visit([&](auto at) { return static_cast<double>(genome.*at); }, member);
}

void Gene::set(Genome& genome, double value) const {
  std::visit(
      [&](auto at) {
        using Member = std::remove_reference_t<decltype(genome.*at)>;
        genome.*at = static_cast<Member>(value);
      },
      member);
}

bool rules_hold(const Genome& genome) {
  return std::ranges::all_of(kGeneRules, [&](const GeneRule& rule) { return rule.holds(genome); });
}

bool is_in_rule(std::size_t gene) {
  return std::ranges::any_of(
      kGeneRules, [&](const GeneRule& r) { return r.first == gene || r.second == gene; });
}

bool completes_rule(std::size_t gene) {
  return std::ranges::any_of(kGeneRules, [&](const GeneRule& r) { return r.second == gene; });
}

std::pair<double, double> ends_of(const Gene& gene, const SearchSpace& space) {
  if (const auto* list = std::get_if<ListDomain>(&gene.domain)) {
    return {(space.*list->values).front(), (space.*list->values).back()};
  }
  if (const auto* range = std::get_if<RangeDomain>(&gene.domain)) {
    return {space.*range->min, space.*range->max};
  }
  const auto& log = std::get<LogDomain>(gene.domain);
  return {space.*log.min, space.*log.max};
}

bool is_shown(const Gene& gene, const Genome& genome) {
  return !gene.is_optional || gene.value(genome) != gene.value({});
}

bool is_drawn(const Gene& gene, const SearchSpace& space) {
  const auto [least, most] = ends_of(gene, space);
  return !gene.is_optional || least != most;
}

}  // namespace microgpt::genome
