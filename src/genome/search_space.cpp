#include "microgpt/genome/search_space.hpp"

#include <algorithm>
#include <span>

namespace microgpt::genome {

namespace {

bool has(const std::vector<double>& values, double value) {
  return std::ranges::find(values, value) != values.end();
}

}  // namespace

SearchSpace::SearchSpace() : SearchSpace(primordial(gpt_genes())) {
  (*this)["n_emb"] = ListDomain{{8, 12, 16, 20, 24, 32}};
  (*this)["n_head"] = ListDomain{{1, 2, 4}};
  (*this)["n_layer"] = ListDomain{{1, 2, 3, 4}};
  (*this)["n_ctx"] = ListDomain{{8, 12, 16, 24}};
  (*this)["n_ff_exp"] = ListDomain{{1, 2, 3, 4}};
  (*this)["lr"] = LogDomain{0.001, 0.05};
  (*this)["steps"] = RangeDomain{100, 2000, {200, 300, 500, 750, 1000, 1500}, {100, 250, 500}};
}

SearchSpace SearchSpace::primordial(const GeneTable& genes) {
  SearchSpace space(genes);
  for (const Gene& gene : genes) space.domains_.push_back(ListDomain{{gene.primordial}});
  return space;
}

SearchSpace aesthetic_space() {
  SearchSpace space;
  space["n_emb"] = ListDomain{{16, 24, 32, 40}};
  space["n_head"] = ListDomain{{2, 4}};
  space["n_layer"] = ListDomain{{1, 2, 3, 4}, true};
  space["n_ctx"] = ListDomain{{16}};
  space["n_ff_exp"] = ListDomain{{4}};
  space["lr"] = LogDomain{0.001, 0.015, 0.7, 1.3};
  space["steps"] = RangeDomain{300, 300, {300}};
  return space;
}

namespace {

void require_rising(std::string_view what, const std::vector<double>& values) {
  require(!values.empty(), "{} must have at least one value", what);
  for (std::size_t i = 1; i < values.size(); ++i) {
    require(values[i - 1] < values[i], "{} must be rising: {} follows {}", what, values[i],
            values[i - 1]);
  }
}

void require_range(const Gene& gene, double min, double max) {
  gene.check(min), gene.check(max);
  require(min <= max, "{} must rise: {} follows {}", gene.name, max, min);
}

void require_real(const Gene& gene, std::string_view scale) {
  require(gene.kind == GeneKind::real, "{} has no {} range: its values are {}", gene.name, scale,
          gene.is_category() ? "categories" : "whole numbers");
}

void validate(const Gene& gene, const ListDomain& domain) {
  require_rising(gene.name, domain.values);
  for (const double value : domain.values) gene.check(value);
}

void validate(const Gene& gene, const RangeDomain& domain) {
  require(gene.kind == GeneKind::whole, "{} has no range of whole numbers", gene.name);
  require_range(gene, domain.min, domain.max);
  const std::string draw = fmt::format("{}'s draw", gene.name);
  require_rising(draw, domain.draw);
  for (const double value : domain.draw) {
    require(value >= domain.min && value <= domain.max, "{} ({}) must be from {} to {}", draw,
            value, domain.min, domain.max);
  }
  if (!domain.moves.empty()) require_rising(fmt::format("{}'s moves", gene.name), domain.moves);
  for (const double move : domain.moves) {
    require(move >= 1 && move <= gene.high, "{}'s moves ({}) must be from 1 to {}", gene.name, move,
            gene.high);
  }
}

void validate(const Gene& gene, const LogDomain& domain) {
  require_real(gene, "logarithmic");
  require_range(gene, domain.min, domain.max);
  require(domain.min > 0, "{} ({}): a logarithmic range must be above 0", gene.name, domain.min);
  const double least = domain.factor_min, most = domain.factor_max;
  require((least == 0 && most == 0) || (least > 0 && least < 1 && most > 1 && most <= 100),
          "{}'s factors ({} and {}) must enclose 1 (at most 100), or both be 0", gene.name, least,
          most);
}

void validate(const Gene& gene, const LinearDomain& domain) {
  require_real(gene, "linear");
  require_range(gene, domain.min, domain.max);
}

/// The values of a gene that is in a rule.
const std::vector<double>& listed(const Gene& gene, const SearchSpace& s) {
  const auto* list = std::get_if<ListDomain>(&s[gene]);
  require(list != nullptr, "{} must be a list", gene.name);
  return list->values;
}

/// For each value of the first gene of a rule there must be a compatible value of the second.
void validate(const GeneRule& rule, const SearchSpace& s) {
  const Gene &first = s.genes().at(rule.first), &second = s.genes().at(rule.second);
  const std::vector<double>& seconds = listed(second, s);
  for (const double value : listed(first, s)) {
    require(std::ranges::any_of(seconds, [&](double other) { return rule.holds(value, other); }),
            "{} ({}) is {} none of the values of {}", first.name, value, rule.relation,
            second.name);
  }
}

void validate_largest(const SearchSpace& s) {
  if (!s.genes().meaning().check_largest) return;
  Genome largest(s.genes());
  for (const Gene& gene : s.genes()) largest[gene] = ends_of(s[gene]).second;
  s.genes().meaning().check_largest(largest);
}

}  // namespace

void validate(const SearchSpace& s) {
  for (const Gene& gene : s.genes()) {
    std::visit([&](const auto& domain) { validate(gene, domain); }, s[gene]);
  }
  for (const GeneRule& rule : s.genes().rules()) validate(rule, s);
  validate_largest(s);
  require(s.max_training_flops >= 0, "max_training_flops ({}) must not be negative",
          s.max_training_flops);
  require(s.max_parameters >= 0, "max_parameters ({}) must not be negative", s.max_parameters);
}

namespace {

bool is_in(const Domain& domain, double value) {
  if (const auto* list = std::get_if<ListDomain>(&domain)) return has(list->values, value);
  const auto [least, most] = ends_of(domain);
  return value >= least && value <= most;
}

}  // namespace

bool contains(const SearchSpace& s, const Genome& g) {
  return rules_hold(g) &&
         std::ranges::all_of(s.genes(), [&](const Gene& gene) { return is_in(s[gene], g[gene]); });
}

void require_in(const SearchSpace& s, const Genome& g) {
  for (const Gene& gene : s.genes()) {
    require(is_in(s[gene], g[gene]), "{} ({}) is not in the search space", gene.name,
            gene.text(g[gene]));
  }
}

std::pair<double, double> ends_of(const Domain& domain) {
  if (const auto* list = std::get_if<ListDomain>(&domain)) {
    return {list->values.front(), list->values.back()};
  }
  return std::visit(
      [](const auto& range) -> std::pair<double, double> {
        if constexpr (requires { range.min; }) return {range.min, range.max};
        return {};  // a list, which was treated above
      },
      domain);
}

bool varies(const Gene& gene, const SearchSpace& space) {
  const auto [least, most] = ends_of(space[gene]);
  return least != most;
}

bool is_drawn(const Gene& gene, const SearchSpace& space) {
  return !gene.is_optional || varies(gene, space);
}

std::vector<std::string> at_edges(const Genome& genome, const SearchSpace& space) {
  std::vector<std::string> edges;
  const std::vector<const Gene*> idle = without_effect(genome);
  for (const Gene& gene : space.genes()) {
    if (gene.is_category() || !varies(gene, space)) continue;
    if (std::ranges::find(idle, &gene) != idle.end()) continue;
    const auto [least, most] = ends_of(space[gene]);
    const double value = genome[gene];
    const bool at_low = value == least && least > gene.low;
    const bool at_high = value == most && most < gene.high;
    if (at_low || at_high) edges.push_back(fmt::format("{} {}", gene.name, gene.text(value)));
  }
  return edges;
}

Genome canonical(const Genome& genome, const SearchSpace& space) {
  Genome result = genome;
  for (const Gene* gene : without_effect(genome)) {
    const double simplest = gene->is_category() ? 0 : ends_of(space[*gene]).first;
    if (result[*gene] == simplest) continue;
    Genome simpler = result;
    simpler[*gene] = simplest;
    if (contains(space, simpler)) result = simpler;
  }
  return result;
}

namespace {

double drawn(const ListDomain& domain, Rng& rng) { return pick(std::span(domain.values), rng); }
double drawn(const RangeDomain& domain, Rng& rng) { return pick(std::span(domain.draw), rng); }
double drawn(const LogDomain& domain, Rng& rng) { return rng.log_uniform(domain.min, domain.max); }
double drawn(const LinearDomain& domain, Rng& rng) { return rng.uniform(domain.min, domain.max); }

}  // namespace

Genome random_genome(const SearchSpace& s, Rng& rng) {
  Genome g(s.genes());
  for (const Gene& gene : s.genes()) {
    const auto draw = [&](const auto& domain) { g[gene] = drawn(domain, rng); };
    if (!is_drawn(gene, s)) {
      g[gene] = ends_of(s[gene]).first;
      continue;
    }
    const bool completes = s.genes().completes_rule(gene);
    do {
      std::visit(draw, s[gene]);
    } while (completes && !rules_hold(g));  // ends: validate() requires a compatible value
  }
  return g;
}

}  // namespace microgpt::genome
