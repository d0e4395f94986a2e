#include "microgpt/analysis/contrast.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "microgpt/analysis/insight.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/genome/genome.hpp"

namespace microgpt::analysis {

std::vector<Organism> successes(std::span<const Organism> history) {
  std::vector<Organism> found;
  std::ranges::copy_if(history, std::back_inserter(found), [](const Organism& organism) {
    return !is_copy(organism) && !organism.evaluation->failed();
  });
  std::ranges::sort(found, better);
  return found;
}

std::size_t group_size(std::size_t successes) {
  constexpr std::size_t kGroup = 10;
  return std::min(kGroup, successes / 2);
}

namespace {

/// The value that is averaged.
double scaled(const Gene& gene, const Genome& genome) {
  const double value = genome[gene];
  return gene.logarithmic ? std::log(value) : value;
}

double mean_of(std::span<const Organism> organisms, const Gene& gene) {
  double sum = 0;
  for (const Organism& o : organisms) sum += scaled(gene, o.genome);
  return sum / static_cast<double>(organisms.size());
}

double squares_around(std::span<const Organism> organisms, const Gene& gene, double centre) {
  double sum = 0;
  for (const Organism& o : organisms) {
    const double offset = scaled(gene, o.genome) - centre;
    sum += offset * offset;
  }
  return sum;
}

}  // namespace

std::vector<GeneContrast> contrast(std::span<const Organism> top,
                                   std::span<const Organism> bottom) {
  std::vector<GeneContrast> contrasts;
  const double count = static_cast<double>(top.size() + bottom.size());
  for (const Gene& gene : genes_of(top)) {
    if (gene.is_category()) continue;
    const double of_top = mean_of(top, gene), of_bottom = mean_of(bottom, gene);
    const double centre = (of_top * static_cast<double>(top.size()) +
                           of_bottom * static_cast<double>(bottom.size())) /
                          count;
    const double deviation = std::sqrt(
        (squares_around(top, gene, centre) + squares_around(bottom, gene, centre)) / count);
    const bool varies = deviation > 1e-9 * std::abs(centre);  // but for rounding
    if (gene.is_optional && !varies) continue;
    contrasts.push_back({.gene = gene.name,
                         .top = gene.logarithmic ? std::exp(of_top) : of_top,
                         .bottom = gene.logarithmic ? std::exp(of_bottom) : of_bottom,
                         .separation = varies ? (of_top - of_bottom) / deviation : 0});
  }
  std::stable_sort(contrasts.begin(), contrasts.end(),
                   [](const GeneContrast& a, const GeneContrast& b) {
                     return std::abs(a.separation) > std::abs(b.separation);
                   });
  return contrasts;
}

std::string mean_text(double mean) {
  constexpr double kLarge = 10'000;
  return mean < kLarge ? fmt::format("{:.4g}", mean)
                       : with_commas(static_cast<std::size_t>(std::llround(mean)));
}

std::vector<std::string> insights(std::span<const Organism> history) {
  constexpr double kClear = 0.8, kSlight = 0.4;  // Cohen's conventions: a large, a small effect
  const std::vector<Organism> ranking = successes(history);
  const std::size_t group = group_size(ranking.size());
  if (group == 0) return {};
  const std::span all(ranking);
  std::vector<std::string> sentences;
  for (const GeneContrast& c : contrast(all.first(group), all.last(group))) {
    const double size = std::abs(c.separation);
    if (size < kSlight) continue;
    const Gene& gene = genes_of(all)[c.gene];
    sentences.push_back(fmt::format(
        "The best organisms have {}{} ({} against {}).", size < kClear ? "slightly " : "",
        c.separation > 0 ? gene.more : gene.less, mean_text(c.top), mean_text(c.bottom)));
  }
  if (sentences.empty()) sentences = {"No gene separates the best from the worst clearly."};
  return sentences;
}

}  // namespace microgpt::analysis
