#include "microgpt/genome/genome.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "microgpt/core/enum_names.hpp"
#include "microgpt/genome/gpt_genome.hpp"

namespace microgpt::genome {

std::string Gene::text(double value, int digits) const {
  switch (kind) {
    case GeneKind::category:
      return categories.at(static_cast<std::size_t>(value));
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

GeneTable::GeneTable(std::vector<Gene> genes, std::vector<GeneRule> rules, GeneMeaning meaning)
    : genes_(std::move(genes)), rules_(std::move(rules)), meaning_(std::move(meaning)) {
  for (std::size_t i = 0; i < genes_.size(); ++i) {
    Gene& gene = genes_[i];
    gene.place = i;
    if (gene.short_name.empty()) gene.short_name = gene.name;
    if (gene.label.empty()) gene.label = gene.name;
  }
}

const Gene* GeneTable::find(std::string_view name) const {
  const auto found = std::ranges::find(genes_, name, &Gene::name);
  return found == genes_.end() ? nullptr : &*found;
}

const Gene& GeneTable::operator[](std::string_view name) const {
  const Gene* const found = find(name);
  require(found != nullptr, "there is no gene {}", name);
  return *found;
}

const Gene* GeneTable::duration() const {
  const auto found = std::ranges::find(genes_, true, &Gene::is_duration);
  return found == genes_.end() ? nullptr : &*found;
}

bool GeneTable::is_in_rule(const Gene& gene) const {
  return std::ranges::any_of(rules_, [&](const GeneRule& rule) {
    return rule.first == gene.place || rule.second == gene.place;
  });
}

bool GeneTable::completes_rule(const Gene& gene) const {
  return std::ranges::find(rules_, gene.place, &GeneRule::second) != rules_.end();
}

namespace {
const GeneTable* other_genes = nullptr;  // than those of GPTs
}

const GeneTable& default_genes() { return other_genes != nullptr ? *other_genes : gpt_genes(); }

void use_genes(const GeneTable& genes) { other_genes = &genes; }

bool searches_gpts() { return &default_genes() == &gpt_genes(); }

Genome::Genome() : Genome(default_genes()) {}

Genome::Genome(const GeneTable& genes) : genes_(&genes) {
  values_.reserve(genes.size());
  for (const Gene& gene : genes) values_.push_back(gene.primordial);
}

void validate(const Genome& genome) {
  const GeneTable& genes = genome.genes();
  for (const Gene& gene : genes) gene.check(genome[gene]);
  for (const GeneRule& rule : genes.rules()) {
    const Gene &first = genes.at(rule.first), &second = genes.at(rule.second);
    require(rule.holds(genome[first], genome[second]), "{} ({}) must be {} {} ({})", first.name,
            genome[first], rule.relation, second.name, genome[second]);
  }
  if (genes.meaning().check) genes.meaning().check(genome);
}

bool rules_hold(const Genome& genome) {
  const GeneTable& genes = genome.genes();
  return std::ranges::all_of(genes.rules(), [&](const GeneRule& rule) {
    return rule.holds(genome[genes.at(rule.first)], genome[genes.at(rule.second)]);
  });
}

std::vector<const Gene*> without_effect(const Genome& genome) {
  const GeneMeaning& meaning = genome.genes().meaning();
  return meaning.without_effect ? meaning.without_effect(genome) : std::vector<const Gene*>();
}

bool is_shown(const Gene& gene, const Genome& genome) {
  return !gene.is_optional || genome[gene] != gene.primordial;
}

namespace {

/// "emb 16 head 4 ...": the genes that shape the network, or the others.
std::string short_line(const Genome& genome, bool shapes_network) {
  std::string line;
  for (const Gene& gene : genome.genes()) {
    if (gene.shapes_network != shapes_network || !is_shown(gene, genome)) continue;
    const std::string text = gene.text(genome[gene]);
    const bool right = shapes_network && gene.kind == GeneKind::whole;
    line += fmt::format("{} ", gene.short_name);
    line +=
        right ? fmt::format("{:>{}} ", text, gene.width) : fmt::format("{:<{}} ", text, gene.width);
  }
  if (!line.empty()) line.pop_back();
  return line;
}

}  // namespace

std::string describe(const Genome& genome) {
  std::string text;
  for (const Gene& gene : genome.genes()) {
    if (!is_shown(gene, genome)) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : "  ", gene.name, gene.text(genome[gene], 5));
  }
  return text;
}

std::string architecture(const Genome& genome) { return short_line(genome, true); }

std::string one_line(const Genome& genome) {
  return architecture(genome) + "  " + short_line(genome, false);
}

std::size_t GenomeHash::operator()(const Genome& genome) const {
  std::uint64_t hash = 0;
  for (const Gene& gene : genome.genes()) {
    // Each step is a bijection of the hash (the finaliser of MurmurHash3, by Austin Appleby).
    hash ^= std::bit_cast<std::uint64_t>(genome[gene]);
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
    hash ^= hash >> 33;
  }
  return hash;
}

}  // namespace microgpt::genome
