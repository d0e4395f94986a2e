#include "microgpt/evolution/variation.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "microgpt/genome/genes.hpp"

namespace microgpt::evolution {

namespace {

using Values = std::vector<std::uint32_t>;

bool toss(Rng& rng) { return rng.below(2) == 0; }

/// The other values that a gene may take.
Values others(const Values& values, std::uint32_t current) {
  Values result;
  std::copy_if(values.begin(), values.end(), std::back_inserter(result),
               [&](std::uint32_t value) { return value != current; });
  return result;
}

/// The next lower and the next higher value of a sorted list.
Values neighbours(const Values& values, std::uint32_t current) {
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

/// Another value of a real gene; its range has two values at least.
double other_value(const LogDomain& domain, Reach reach, double current, const SearchSpace& space,
                   Rng& rng) {
  const double low = space.*domain.min, high = space.*domain.max;
  return other_value(low, high, current, [&] {
    if (reach == Reach::near) return current * rng.log_uniform(0.5, 2);
    if (space.*domain.factor_max == 0) return rng.log_uniform(low, high);
    return current * rng.uniform(space.*domain.factor_min, space.*domain.factor_max);
  });
}

/// The other values that a gene of a list may take where the rules between genes allow it.
Values choices(const Gene& gene, const ListDomain& domain, Reach reach, Genome g,
               const SearchSpace& space) {
  const auto current = static_cast<std::uint32_t>(gene.value(g));
  Values values = space.*domain.values;
  std::erase_if(values, [&](std::uint32_t value) {
    gene.set(g, value);
    return !rules_hold(g);
  });
  const bool next_only = domain.next_only != nullptr && space.*domain.next_only;
  return reach == Reach::near || next_only ? neighbours(values, current) : others(values, current);
}

Values choices(const Gene& gene, const RangeDomain& domain, Reach reach, const Genome& g,
               const SearchSpace& space) {
  const auto current = static_cast<std::uint32_t>(gene.value(g));
  const std::uint32_t min = space.*domain.min, max = space.*domain.max;
  Values result;
  if (reach == Reach::near) {
    result = {std::max(min, current / 4 * 3), std::min(max, (current + 2) / 3 * 4)};
  } else {
    result = space.*domain.draw;
    for (const std::uint32_t move : space.*domain.moves) {
      if (current >= min + move) result.push_back(current - move);
      if (current + std::uint64_t{move} <= max) result.push_back(current + move);
    }
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
  }
  return others(result, current);
}

/// Gives one gene another value; false if there is none.
bool change(Genome& g, const Gene& gene, Reach reach, const SearchSpace& space, Rng& rng) {
  if (const auto* log = std::get_if<LogDomain>(&gene.domain)) {
    if (space.*log->min == space.*log->max) return false;
    gene.set(g, other_value(*log, reach, gene.value(g), space, rng));
    return true;
  }
  const auto* list = std::get_if<ListDomain>(&gene.domain);
  const Values values = list != nullptr
                            ? choices(gene, *list, reach, g, space)
                            : choices(gene, std::get<RangeDomain>(gene.domain), reach, g, space);
  if (values.empty()) return false;
  gene.set(g, pick(std::span(values), rng));
  return true;
}

/// The whole numbers before the real ones: what the random numbers of a variation are drawn for.
constexpr auto kOrder = [] {
  std::array<std::size_t, kGenes.size()> order{};
  std::size_t place = 0;
  for (const bool real : {false, true}) {
    for (std::size_t i = 0; i < kGenes.size(); ++i) {
      if (std::holds_alternative<LogDomain>(kGenes[i].domain) == real) order[place++] = i;
    }
  }
  return order;
}();

/// Changes genes in random order until `count` of them have changed.
Genome changed(const Genome& genome, std::size_t count, Reach reach, const SearchSpace& space,
               Rng& rng) {
  Genome copy = genome;
  std::vector<std::size_t> genes;
  std::ranges::copy_if(kOrder, std::back_inserter(genes),
                       [&](std::size_t gene) { return is_drawn(kGenes[gene], space); });
  std::size_t done = 0;
  for (const std::size_t place : sample_without_replacement(genes.size(), genes.size(), rng)) {
    if (done == count) break;
    done += change(copy, kGenes[genes[place]], reach, space, rng);
  }
  return copy;
}

}  // namespace

Genome crossover(const Genome& mother, const Genome& father, Rng& rng) {
  Genome child;
  const auto inherit = [&](const Gene& gene) {  // no toss for an optional gene that is the same
    const bool same = gene.is_optional && gene.value(mother) == gene.value(father);
    gene.set(child, gene.value(same || toss(rng) ? mother : father));
  };
  for (std::size_t i = 0; i < kGenes.size(); ++i) {
    if (!is_in_rule(i)) inherit(kGenes[i]);
  }
  do {  // ends: all from one parent is one of the cases
    for (std::size_t i = 0; i < kGenes.size(); ++i) {
      if (is_in_rule(i)) inherit(kGenes[i]);
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
