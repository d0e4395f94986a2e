#include "microgpt/genome/search_space.hpp"

#include <algorithm>

#include "microgpt/core/error.hpp"
#include "microgpt/genome/genes.hpp"

namespace microgpt::genome {

namespace {

using Values = std::vector<std::uint32_t>;

bool has(const Values& values, double value) {
  return std::ranges::find(values, value) != values.end();
}

void validate_list(std::string_view gene, const Values& values, double low, double high) {
  require(!values.empty(), "{} must have at least one value", gene);
  for (std::size_t i = 0; i < values.size(); ++i) {
    require(values[i] >= low && values[i] <= high, "{} ({}) must be a whole number from {} to {}",
            gene, values[i], low, high);
    require(i == 0 || values[i - 1] < values[i], "{} must be rising: {} follows {}", gene,
            values[i], i == 0 ? 0 : values[i - 1]);
  }
}

}  // namespace

SearchSpace aesthetic_space() {
  return {.n_emb = {16, 24, 32, 40},
          .n_head = {2, 4},
          .n_layer = {1, 2, 3, 4},
          .n_ctx = {16},
          .n_ff_exp = {4},
          .lr_min = 0.001,
          .lr_max = 0.015,
          .steps_min = 300,
          .steps_max = 300,
          .steps_draw = {300},
          .steps_moves = {},
          .lr_factor_min = 0.7,
          .lr_factor_max = 1.3,
          .n_layer_neighbours = true};
}

namespace {

void validate(const Gene& gene, const ListDomain& domain, const SearchSpace& s) {
  validate_list(gene.name, s.*domain.values, gene.low, gene.high);
}

void validate(const Gene& gene, const RangeDomain& domain, const SearchSpace& s) {
  const std::uint32_t min = s.*domain.min, max = s.*domain.max;
  require(min >= gene.low && min <= max && max <= gene.high,
          "{0}_min ({1}) and {0}_max ({2}) must rise between {3} and {4}", gene.name, min, max,
          gene.low, gene.high);
  validate_list(fmt::format("{}_draw", gene.name), s.*domain.draw, min, max);
  const Values& moves = s.*domain.moves;
  if (!moves.empty()) validate_list(fmt::format("{}_moves", gene.name), moves, 1, gene.high);
}

void validate(const Gene& gene, const LogDomain& domain, const SearchSpace& s) {
  const double min = s.*domain.min, max = s.*domain.max;
  require(min > gene.low && min <= max && max <= gene.high,
          "{0}_min ({1}) and {0}_max ({2}) must rise between {3} and {4}", gene.name, min, max,
          gene.low, gene.high);
  const double least = s.*domain.factor_min, most = s.*domain.factor_max;
  require(
      (least == 0 && most == 0) || (least > 0 && least < 1 && most > 1 && most <= 100),
      "{0}_factor_min ({1}) and {0}_factor_max ({2}) must enclose 1 (at most 100), or both be 0",
      gene.name, least, most);
}

/// For each value of the first gene of a rule there must be a compatible value of the second.
void validate(const GeneRule& rule, const SearchSpace& s) {
  const Gene &first = kGenes[rule.first], &second = kGenes[rule.second];
  const Values& seconds = s.*std::get<ListDomain>(second.domain).values;
  for (const std::uint32_t value : s.*std::get<ListDomain>(first.domain).values) {
    Genome genome;
    first.set(genome, value);
    require(std::ranges::any_of(seconds,
                                [&](std::uint32_t other) {
                                  second.set(genome, other);
                                  return rule.holds(genome);
                                }),
            "{} ({}) is {} none of the values of {}", first.name, value, rule.relation,
            second.name);
  }
}

/// Checks the largest network of the space; if it is valid, so are all smaller ones.
void validate_largest(const SearchSpace& s) {
  Genome largest;
  for (std::size_t i = 0; i < kGenes.size(); ++i) {
    if (kGenes[i].shapes_network) kGenes[i].set(largest, ends_of(kGenes[i], s).second);
    if (completes_rule(i)) kGenes[i].set(largest, 1);
  }
  validate(largest);
}

}  // namespace

void validate(const SearchSpace& s) {
  for (const Gene& gene : kGenes) {
    std::visit([&](const auto& domain) { validate(gene, domain, s); }, gene.domain);
  }
  for (const GeneRule& rule : kGeneRules) validate(rule, s);
  validate_largest(s);
  require(s.max_training_flops >= 0, "max_training_flops ({}) must not be negative",
          s.max_training_flops);
}

bool contains(const SearchSpace& s, const Genome& g) {
  return rules_hold(g) && std::ranges::all_of(kGenes, [&](const Gene& gene) {
           const double value = gene.value(g);
           if (const auto* list = std::get_if<ListDomain>(&gene.domain)) {
             return has(s.*list->values, value);
           }
           const auto [least, most] = ends_of(gene, s);
           return value >= least && value <= most;
         });
}

namespace {

double drawn(const ListDomain& domain, const SearchSpace& s, Rng& rng) {
  return pick(std::span(s.*domain.values), rng);
}
double drawn(const RangeDomain& domain, const SearchSpace& s, Rng& rng) {
  return pick(std::span(s.*domain.draw), rng);
}
double drawn(const LogDomain& domain, const SearchSpace& s, Rng& rng) {
  return rng.log_uniform(s.*domain.min, s.*domain.max);
}

}  // namespace

Genome random_genome(const SearchSpace& s, Rng& rng) {
  Genome g;
  for (std::size_t i = 0; i < kGenes.size(); ++i) {
    const auto draw = [&](const auto& domain) { kGenes[i].set(g, drawn(domain, s, rng)); };
    if (!is_drawn(kGenes[i], s)) {
      kGenes[i].set(g, ends_of(kGenes[i], s).first);
      continue;
    }
    do {
      std::visit(draw, kGenes[i].domain);
    } while (completes_rule(i) && !rules_hold(g));  // ends: validate() requires a compatible value
  }
  return g;
}

}  // namespace microgpt::genome
