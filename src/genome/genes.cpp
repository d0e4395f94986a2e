#include "microgpt/genome/genes.hpp"

#include <algorithm>
#include <bit>
#include <vector>

namespace microgpt::genome {

std::string Gene::text(double value, int digits) const {
  switch (kind) {
    case GeneKind::category:
      return std::string(categories[static_cast<std::size_t>(value)]);
    case GeneKind::whole:
      return fmt::format("{:.0f}", value);
    case GeneKind::real:
      break;
  }
  return fmt::format("{:.{}g}", value, digits);
}

double Gene::category(std::string_view text) const {
  const auto found = std::ranges::find(categories, text);
  if (found == categories.end()) reject_name(name, text, {categories.begin(), categories.end()});
  return static_cast<double>(found - categories.begin());
}

void Gene::check(double value) const {
  const bool in_range = (low_excluded ? value > low : value >= low) && value <= high;
  if (kind == GeneKind::whole) {
    require(in_range, "{} ({}) must be a whole number from {} to {}", name, value, low, high);
  } else if (low_excluded) {
    require(in_range, "{} ({}) must be above {} and at most {}", name, value, low, high);
  } else {
    require(in_range, "{} ({}) must be a number from {} to {}", name, value, low, high);
  }
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

bool is_shown(const Gene& gene, const Genome& genome) {
  return !gene.is_optional || gene.value(genome) != gene.primordial();
}

std::size_t GenomeHash::operator()(const Genome& genome) const {
  std::uint64_t hash = 0;
  for (const Gene& gene : kGenes) {
    // Each step is a bijection of the hash (the finaliser of MurmurHash3, by Austin Appleby).
    hash ^= std::bit_cast<std::uint64_t>(gene.value(genome));
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
    hash ^= hash >> 33;
  }
  return hash;
}

}  // namespace microgpt::genome
