#include "microgpt/evolution/variation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "microgpt/genome/genome.hpp"

namespace microgpt::evolution {

namespace {

using Values = std::vector<double>;

bool toss(Rng& rng) { return rng.below(2) == 0; }

/// The other values that a gene may take.
Values others(const Values& values, double current) {
  Values result;
  std::copy_if(values.begin(), values.end(), std::back_inserter(result),
               [&](double value) { return value != current; });
  return result;
}

/// The next lower and the next higher value of a sorted list.
Values neighbours(const Values& values, double current) {
  Values result;
  const auto above = std::upper_bound(values.begin(), values.end(), current);
  const auto from = std::lower_bound(values.begin(), values.end(), current);
  if (from != values.begin()) result.push_back(from[-1]);
  if (above != values.end()) result.push_back(*above);
  return result;
}

/// What `draw` gives, within the space and other than `current`. A range of a few doubles may give
/// the same one for ever: then it is the end of the range that `current` is not.
template <class Draw>
double other_value(double low, double high, double current, const Draw& draw) {
  constexpr int kDraws = 100;
  for (int i = 0; i < kDraws; ++i) {
    const double value = std::clamp(draw(), low, high);
    if (value != current) return value;
  }
  return current == low ? high : low;
}

/// How far a gene goes: to any other value of the space, or a small step.
enum class Reach { anywhere, near };

std::optional<double> picked(const Values& values, Rng& rng) {
  if (values.empty()) return std::nullopt;
  return pick(std::span<const double>(values), rng);
}

// Another value of a gene; none if its domain has no other.

std::optional<double> another(const Gene& gene, const ListDomain& domain, Reach reach,
                              const Genome& g, Rng& rng) {
  const double current = g[gene];
  Values values = domain.values;
  if (g.genes().is_in_rule(gene)) {
    Genome other = g;
    std::erase_if(values, [&](double value) {
      other[gene] = value;
      return !rules_hold(other);
    });
  }
  const bool next = domain.neighbours || (reach == Reach::near && !gene.is_category());
  return picked(next ? neighbours(values, current) : others(values, current), rng);
}

std::optional<double> another(const Gene& gene, const RangeDomain& domain, Reach reach,
                              const Genome& g, Rng& rng) {
  const double current = g[gene];
  Values values;
  if (reach == Reach::near) {
    values = {std::max(domain.min, std::floor(current / 4) * 3),
              std::min(domain.max, std::floor((current + 2) / 3) * 4)};
  } else {
    values = domain.draw;
    for (const double move : domain.moves) {
      if (current >= domain.min + move) values.push_back(current - move);
      if (current + move <= domain.max) values.push_back(current + move);
    }
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
  }
  return picked(others(values, current), rng);
}

std::optional<double> another(const Gene& gene, const LogDomain& domain, Reach reach,
                              const Genome& g, Rng& rng) {
  if (domain.min == domain.max) return std::nullopt;
  const double current = g[gene];
  return other_value(domain.min, domain.max, current, [&] {
    if (reach == Reach::near) return current * rng.log_uniform(0.5, 2);
    if (domain.factor_max == 0) return rng.log_uniform(domain.min, domain.max);
    return current * rng.uniform(domain.factor_min, domain.factor_max);
  });
}

std::optional<double> another(const Gene& gene, const LinearDomain& domain, Reach reach,
                              const Genome& g, Rng& rng) {
  if (domain.min == domain.max) return std::nullopt;
  const double current = g[gene], quarter = (domain.max - domain.min) / 4;
  return other_value(domain.min, domain.max, current, [&] {
    if (reach == Reach::near) return current + rng.uniform(-quarter, quarter);
    return rng.uniform(domain.min, domain.max);
  });
}

/// Gives one gene another value; false if there is none.
bool change(Genome& g, const Gene& gene, Reach reach, const SearchSpace& space, Rng& rng) {
  const std::optional<double> value = std::visit(
      [&](const auto& domain) { return another(gene, domain, reach, g, rng); }, space[gene]);
  if (value) g[gene] = *value;
  return value.has_value();
}

/// The genes that a variation draws random numbers for, the whole numbers before the real ones.
std::vector<const Gene*> drawn_genes(const SearchSpace& space) {
  std::vector<const Gene*> genes;
  for (const bool real : {false, true}) {
    for (const Gene& gene : space.genes()) {
      if ((gene.kind == GeneKind::real) == real && is_drawn(gene, space)) genes.push_back(&gene);
    }
  }
  return genes;
}

/// Changes genes in random order until `count` of them have changed.
Genome changed(const Genome& genome, std::size_t count, Reach reach, const SearchSpace& space,
               Rng& rng) {
  Genome copy = genome;
  const std::vector<const Gene*> genes = drawn_genes(space);
  std::size_t done = 0;
  for (const std::size_t place : sample_without_replacement(genes.size(), genes.size(), rng)) {
    if (done == count) break;
    done += change(copy, *genes[place], reach, space, rng);
  }
  return copy;
}

}  // namespace

Genome crossover(const Genome& mother, const Genome& father, Rng& rng) {
  const GeneTable& genes = mother.genes();
  Genome child(genes);
  const auto inherit = [&](const Gene& gene) {  // no toss for an optional gene that is the same
    const bool same = gene.is_optional && mother[gene] == father[gene];
    child[gene] = same || toss(rng) ? mother[gene] : father[gene];
  };
  for (const Gene& gene : genes) {
    if (!genes.is_in_rule(gene)) inherit(gene);
  }
  do {  // ends: all from one parent is one of the cases
    for (const Gene& gene : genes) {
      if (genes.is_in_rule(gene)) inherit(gene);
    }
  } while (!rules_hold(child));
  return child;
}

Genome mutate(const Genome& genome, std::size_t count, const SearchSpace& space, Rng& rng) {
  return changed(genome, count, Reach::anywhere, space, rng);
}

Genome nudge(const Genome& genome, std::size_t count, const SearchSpace& space, Rng& rng) {
  return changed(genome, count, Reach::near, space, rng);
}

Genome mutate(const Genome& genome, const SearchSpace& space, Rng& rng) {
  return mutate(genome, 1 + rng.below(3), space, rng);
}

}  // namespace microgpt::evolution
