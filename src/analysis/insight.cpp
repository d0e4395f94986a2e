#include "microgpt/analysis/insight.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/genome/genome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <string_view>
#include <tuple>

namespace microgpt::analysis {

namespace {

/// The organisms with the same value, or range of values, of a gene.
struct Group {
  std::vector<double> values;  ///< of the gene
  std::vector<double> ranks;   ///< of the fitness
};

/// Ranks from 1; ties get their mean rank.
std::vector<double> mid_ranks(std::span<const double> numbers) {
  std::vector<double> sorted(numbers.begin(), numbers.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> ranks;
  for (const double number : numbers) {
    const auto [first, end] = std::equal_range(sorted.begin(), sorted.end(), number);
    const auto lowest = first - sorted.begin() + 1, highest = end - sorted.begin();
    ranks.push_back(static_cast<double>(lowest + highest) / 2);
  }
  return ranks;
}

double mean(std::span<const double> numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0) / static_cast<double>(numbers.size());
}

/// The sum of the squared deviations from the mean.
double squares(std::span<const double> numbers) {
  const double centre = mean(numbers);
  double sum = 0;
  for (const double number : numbers) sum += (number - centre) * (number - centre);
  return sum;
}

/// Pearson's correlation; 0 if either side is constant.
double correlation(std::span<const double> a, std::span<const double> b) {
  const double mean_a = mean(a), mean_b = mean(b);
  double products = 0;
  for (std::size_t i = 0; i < a.size(); ++i) products += (a[i] - mean_a) * (b[i] - mean_b);
  const double scale = std::sqrt(squares(a) * squares(b));
  return scale > 0 ? products / scale : 0;
}

/// The quintile of each number; ties go to the quintile of their middle.
std::vector<double> quantile_bins(std::span<const double> numbers) {
  constexpr double kBins = 5;
  std::vector<double> bins;
  for (const double rank : mid_ranks(numbers)) {
    bins.push_back(std::floor((rank - 0.5) * kBins / static_cast<double>(numbers.size())));
  }
  return bins;
}

/// Whether values are grouped by quantiles instead of one by one.
bool is_binned(const Gene& gene, std::span<const double> values) {
  constexpr std::size_t kMostValues = 6;  // with more, groups by value would be small
  const std::set<double> distinct(values.begin(), values.end());
  return !gene.is_category() && (gene.logarithmic || distinct.size() > kMostValues);
}

/// The groups in ascending order of value.
std::vector<Group> grouped(const Gene& gene, std::span<const double> values,
                           std::span<const double> ranks) {
  const bool binned = is_binned(gene, values);
  const std::vector<double> bins = quantile_bins(values);
  std::map<double, Group> by_key;
  for (std::size_t i = 0; i < values.size(); ++i) {
    Group& group = by_key[binned ? bins[i] : values[i]];
    group.values.push_back(values[i]);
    group.ranks.push_back(ranks[i]);
  }
  std::vector<Group> groups;
  groups.reserve(by_key.size());
  for (const auto& [key, group] : by_key) groups.push_back(group);
  return groups;
}

double epsilon_squared(std::span<const Group> groups, std::span<const double> ranks) {
  const std::size_t n = ranks.size(), k = groups.size();
  const double total = squares(ranks);
  if (k < 2 || n <= k || total == 0) return 0;
  double within = 0;
  for (const Group& group : groups) within += squares(group.ranks);
  const double unexplained =
      (within / static_cast<double>(n - k)) / (total / static_cast<double>(n - 1));
  return std::max(0.0, 1 - unexplained);
}

std::string range_text(const Gene& gene, const Group& group) {
  const auto text = [&](double value) { return gene.text(value, 3); };
  const auto [low, high] = std::minmax_element(group.values.begin(), group.values.end());
  const std::string from = text(*low), to = text(*high);
  return from == to ? from : fmt::format("{} to {}", from, to);
}

/// The group with the lowest mean rank; of several, the one with the lowest values.
const Group& best_of(std::span<const Group> groups) {
  return *std::min_element(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
    return mean(a.ranks) < mean(b.ranks);
  });
}

GeneImportance importance_of(const Gene& gene, std::span<const Genome> genomes,
                             std::span<const double> ranks) {
  constexpr std::size_t kFewest = 8;
  if (genomes.size() < kFewest) {
    return {.gene = gene.name, .importance = 0, .trend = 0, .best = ""};
  }
  std::vector<double> values;
  for (const Genome& genome : genomes) values.push_back(genome[gene]);
  const std::vector<Group> groups = grouped(gene, values, ranks);
  return {.gene = gene.name,
          .importance = epsilon_squared(groups, ranks),
          .trend = gene.is_category() ? 0 : correlation(mid_ranks(values), ranks),
          .best = range_text(gene, best_of(groups))};
}

}  // namespace

std::vector<const Gene*> shown_genes(std::span<const Organism> organisms) {
  std::vector<const Gene*> genes;
  for (const Gene& gene : genes_of(organisms)) {
    const auto shows = [&](const Organism& o) { return is_shown(gene, o.genome); };
    if (!gene.is_optional || std::ranges::any_of(organisms, shows)) genes.push_back(&gene);
  }
  return genes;
}

std::vector<GeneImportance> gene_importance(std::span<const Organism> organisms) {
  std::vector<Genome> genomes;
  std::vector<double> fitness;
  for (const Organism& o : organisms) {
    if (!o.evaluation || o.evaluation->failed()) continue;
    genomes.push_back(o.genome);
    fitness.push_back(o.evaluation->fitness);
  }
  const std::vector<double> ranks = mid_ranks(fitness);
  std::vector<GeneImportance> genes;
  for (const Gene& gene : genes_of(organisms)) {
    const auto same = [&](const Genome& genome) { return genome[gene] == genomes.front()[gene]; };
    if (gene.is_optional && std::ranges::all_of(genomes, same)) continue;  // nobody varies it
    genes.push_back(importance_of(gene, genomes, ranks));
  }
  std::stable_sort(
      genes.begin(), genes.end(),
      [](const GeneImportance& a, const GeneImportance& b) { return a.importance > b.importance; });
  return genes;
}

std::vector<CategoryEffect> category_effects(std::span<const Organism> organisms) {
  std::vector<CategoryEffect> effects;
  for (const Gene& gene : genes_of(organisms)) {
    for (std::size_t category = 0; category < gene.categories.size(); ++category) {
      std::vector<double> with, without;
      for (const Organism& o : organisms) {
        const bool has = o.genome[gene] == static_cast<double>(category);
        (has ? with : without).push_back(o.evaluation->fitness);
      }
      if (with.size() < 2 || without.size() < 2) continue;
      const Estimate a = estimate_of(with), b = estimate_of(without);
      effects.push_back({.gene = gene.name,
                         .category = gene.categories[category],
                         .count = with.size(),
                         .difference = a.mean - b.mean,
                         .within = difference_within(a, b)});
    }
  }
  return effects;
}

namespace {

/// The group of each organism by a gene's value, or its range of values.
std::vector<double> group_numbers(const Gene& gene, std::span<const Organism> organisms) {
  std::vector<double> values;
  for (const Organism& o : organisms) values.push_back(o.genome[gene]);
  return is_binned(gene, values) ? quantile_bins(values) : values;
}

double importance_of_groups(std::span<const std::pair<double, double>> keys,
                            std::span<const double> ranks) {
  std::map<std::pair<double, double>, Group> by_key;
  for (std::size_t i = 0; i < keys.size(); ++i) by_key[keys[i]].ranks.push_back(ranks[i]);
  std::vector<Group> groups;
  for (const auto& [key, group] : by_key) groups.push_back(group);
  return epsilon_squared(groups, ranks);
}

}  // namespace

std::vector<PairEffect> gene_pairs(std::span<const Organism> organisms) {
  constexpr std::size_t kFewest = 30, kMost = 3;
  constexpr double kLeast = 0.05;
  if (organisms.size() < kFewest) return {};
  std::vector<double> fitness;
  for (const Organism& o : organisms) fitness.push_back(o.evaluation->fitness);
  const std::vector<double> ranks = mid_ranks(fitness);
  const auto importance = [&](const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<std::pair<double, double>> keys;
    for (std::size_t i = 0; i < a.size(); ++i) keys.emplace_back(a[i], b[i]);
    return importance_of_groups(keys, ranks);
  };
  struct Grouping {
    const Gene* gene;
    std::vector<double> numbers;
    double alone;  // its importance
  };
  std::vector<Grouping> groupings;
  for (const Gene& gene : genes_of(organisms)) {
    std::vector<double> numbers = group_numbers(gene, organisms);
    if (std::ranges::count(numbers, numbers[0]) == std::ssize(numbers)) continue;  // all are alike
    const double alone = importance(numbers, numbers);
    groupings.push_back({&gene, std::move(numbers), alone});
  }
  std::vector<PairEffect> pairs;
  for (auto a = groupings.begin(); a != groupings.end(); ++a) {
    for (auto b = std::next(a); b != groupings.end(); ++b) {
      const double share = importance(a->numbers, b->numbers) - a->alone - b->alone;
      if (share < kLeast) continue;
      pairs.push_back({a->gene->name, b->gene->name, share});
    }
  }
  std::ranges::stable_sort(pairs, std::ranges::greater(), &PairEffect::share);
  pairs.resize(std::min(pairs.size(), kMost));
  return pairs;
}

double rank_correlation(std::span<const double> a, std::span<const double> b) {
  return correlation(mid_ranks(a), mid_ranks(b));
}

}  // namespace microgpt::analysis
