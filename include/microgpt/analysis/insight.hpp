#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/evolution/organism.hpp"
#include "microgpt/genome/genome.hpp"

namespace microgpt::analysis {

/// The genes to be shown of some organisms: optional ones only if one differs from the primordial.
std::vector<const Gene*> shown_genes(std::span<const Organism> organisms);

/// How much of the variation in fitness a gene explains by itself.
struct GeneImportance {
  std::string gene;
  double importance;  ///< share of the variance of the fitness ranks, from 0 to 1
  double trend;       ///< from -1 to 1; negative: larger values are better (fitness is minimised)
  std::string best;   ///< the value or range with the lowest mean rank: "16", "0.004 to 0.011"
};

/// The importance of every gene, the largest first. Fitnesses are replaced by their ranks (ties by
/// their mean rank). Failed organisms are ignored. `organisms` should not contain elites: they are
/// copies and would count twice.
///
/// The organisms are grouped by the gene's value; lr, and a gene with more than six values, by up
/// to five quantile bins. The importance is epsilon-squared (Kelley, "An unbiased correlation ratio
/// measure", 1935) of the ranks: of n organisms in k groups,
///
///   1 - (squares within the groups / (n - k)) / (squares in total / (n - 1)),  at least 0,
///
/// where squares are sums of squared deviations from the mean of the group, or of all. With the
/// statistic H of Kruskal and Wallis ("Use of ranks in one-criterion variance analysis", 1952) it
/// equals (H - k + 1) / (n - k). The trend is Spearman's rank correlation of value and fitness
/// ("The proof and measurement of association between two things", 1904). A gene whose optimum is
/// in the middle has importance but no trend.
///
/// Importance and trend are 0 if all values or all fitnesses are equal. With fewer than eight
/// organisms they are 0 too, and best is empty.
std::vector<GeneImportance> gene_importance(std::span<const Organism> organisms);

/// How the organisms with one category of a gene differ from all others.
struct CategoryEffect {
  std::string gene, category;
  std::size_t count;  ///< organisms with it
  double difference;  ///< of the mean fitness; negative: they are better
  double within;      ///< half the width of its 95 % confidence interval
};

/// Of every category that at least two organisms have, and two have not; the organisms are
/// successes. It is a difference between organisms that evolution chose, not the effect of the
/// category alone.
std::vector<CategoryEffect> category_effects(std::span<const Organism> organisms);

/// Two genes that explain more together than each by itself.
struct PairEffect {
  std::string first, second;
  double share;  ///< of the variance of the fitness ranks: importance of both minus those of each
};

/// The pairs with the largest shares, at most three, each at least 0.05; importances are those of
/// gene_importance().
std::vector<PairEffect> gene_pairs(std::span<const Organism> organisms);

/// Spearman's rank correlation of two samples of equal length; 0 if one of them is constant.
double rank_correlation(std::span<const double> a, std::span<const double> b);

}  // namespace microgpt::analysis
