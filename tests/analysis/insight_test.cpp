#include "microgpt/analysis/insight.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "support/numbers.hpp"

namespace microgpt::test {

using namespace analysis;
namespace {

using Fitness = std::function<double(const Genome&)>;

void evaluate(Organism& organism, double fitness) {
  organism.evaluation.emplace();
  organism.evaluation->fitness = organism.evaluation->loss = fitness;
}

/// Genomes with independent random genes.
std::vector<Organism> population(std::size_t count, const Fitness& fitness) {
  constexpr std::array<std::uint32_t, 5> kSizes = {1, 2, 4, 8, 16};
  const std::span<const std::uint32_t> sizes(kSizes);
  Rng rng = test::rng_of(1);
  std::vector<Organism> organisms(count);
  for (std::size_t i = 0; i < count; ++i) {
    Genome& g = organisms[i].genome;
    g["n_head"] = pick(sizes, rng);
    g["n_emb"] = pick(sizes, rng);
    g["n_layer"] = pick(sizes, rng);
    g["n_ctx"] = pick(sizes, rng);
    g["n_ff_exp"] = pick(sizes, rng);
    g["lr"] = rng.log_uniform(0.001, 0.1);
    g["steps"] = static_cast<std::uint32_t>(100 + rng.below(1000));
    organisms[i].id = i;
    evaluate(organisms[i], fitness(g));
  }
  return organisms;
}

GeneImportance find(std::span<const GeneImportance> genes, std::string_view name) {
  const auto found = std::find_if(genes.begin(), genes.end(),
                                  [&](const GeneImportance& g) { return g.gene == name; });
  return found == genes.end() ? GeneImportance{} : *found;
}

/// Eight organisms with the fitnesses 1 to 8, of which only those named have two layers.
std::vector<Organism> eight(std::initializer_list<std::size_t> two_layers) {
  std::vector<Organism> organisms(8);
  for (std::size_t i = 0; i < 8; ++i) evaluate(organisms[i], static_cast<double>(i + 1));
  for (const std::size_t rank : two_layers) organisms[rank - 1].genome["n_layer"] = 2;
  return organisms;
}

void expect_same(const std::vector<GeneImportance>& a, const std::vector<GeneImportance>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].gene, b[i].gene);
    EXPECT_EQ(a[i].importance, b[i].importance);
    EXPECT_EQ(a[i].trend, b[i].trend);
    EXPECT_EQ(a[i].best, b[i].best);
  }
}

TEST(GeneImportance, agrees_with_a_calculation_by_hand) {
  // Ranks 1 2 3 5 against 4 6 7 8: squares 17.5 within, 42 in total; H = 7 * 24.5 / 42.
  const auto genes = gene_importance(eight({4, 6, 7, 8}));
  ASSERT_EQ(genes.size(), 7U);
  EXPECT_EQ(genes[0].gene, "n_layer");
  EXPECT_NEAR(genes[0].importance, 37.0 / 72, 1e-12);
  EXPECT_NEAR(genes[0].importance, (7 * 24.5 / 42 - 1) / 6, 1e-12);
  EXPECT_NEAR(genes[0].trend, 28 / std::sqrt(32.0 * 42), 1e-12);
  EXPECT_EQ(genes[0].best, "1");
}

TEST(GeneImportance, equal_fitnesses_share_the_mean_of_their_ranks) {
  std::vector<Organism> organisms = eight({5, 6, 7, 8});
  for (std::size_t i = 0; i < 8; ++i) evaluate(organisms[i], i < 4 ? 1 : 2);
  const GeneImportance layers = find(gene_importance(organisms), "n_layer");
  EXPECT_EQ(layers.importance, 1);
  EXPECT_NEAR(layers.trend, 1, 1e-12);
}

TEST(GeneImportance, only_the_gene_that_decides_is_important) {
  const std::vector<std::pair<std::string, Fitness>> cases = {
      {"n_emb", [](const Genome& g) { return -1.0 * g["n_emb"]; }},
      {"n_head", [](const Genome& g) { return -1.0 * g["n_head"]; }},
      {"n_layer", [](const Genome& g) { return -1.0 * g["n_layer"]; }},
      {"n_ctx", [](const Genome& g) { return -1.0 * g["n_ctx"]; }},
      {"n_ff_exp", [](const Genome& g) { return -1.0 * g["n_ff_exp"]; }},
      {"lr", [](const Genome& g) { return -g["lr"]; }},
      {"steps", [](const Genome& g) { return -1.0 * g["steps"]; }}};
  for (const auto& [name, fitness] : cases) {
    const auto genes = gene_importance(population(500, fitness));
    ASSERT_EQ(genes.size(), 7U);
    EXPECT_EQ(genes[0].gene, name);
    EXPECT_GT(genes[0].importance, 0.95) << name;
    EXPECT_LE(genes[0].importance, 1) << name;
    EXPECT_NEAR(genes[0].trend, -1, 1e-12) << name;
    for (std::size_t i = 1; i < genes.size(); ++i) {
      EXPECT_LT(genes[i].importance, 0.05) << genes[i].gene << " where " << name << " decides";
      EXPECT_GE(genes[i].importance, 0) << genes[i].gene << " where " << name << " decides";
      EXPECT_LT(std::abs(genes[i].trend), 0.15) << genes[i].gene << " where " << name << " decides";
    }
  }
}

TEST(GeneImportance, sorts_by_importance) {
  const auto genes = gene_importance(population(300, [](const Genome& g) {
    return 10.0 * std::log(g["lr"]) - g["n_layer"] + 0.3 * g["n_ctx"];
  }));
  EXPECT_EQ(genes[0].gene, "lr");
  EXPECT_EQ(genes[1].gene, "n_layer");
  EXPECT_TRUE(std::is_sorted(genes.begin(), genes.end(), [](const auto& a, const auto& b) {
    return a.importance > b.importance;
  }));
}

TEST(GeneImportance, depends_on_the_order_of_the_fitnesses_alone) {
  const auto fitness = [](const Genome& g) {
    return g["n_layer"] - 0.25 * g["n_emb"] + 40 * g["lr"];
  };
  const auto genes = gene_importance(population(200, fitness));
  expect_same(genes, gene_importance(population(
                         200, [&](const Genome& g) { return std::exp(fitness(g) / 4) - 100; })));
  expect_same(genes, gene_importance(population(
                         200, [&](const Genome& g) { return 1e6 * std::atan(fitness(g)); })));
}

TEST(GeneImportance, a_gene_that_is_best_in_the_middle_has_importance_but_no_trend) {
  std::vector<Organism> organisms(50);
  for (std::size_t i = 0; i < 50; ++i) {
    organisms[i].genome["n_layer"] = static_cast<std::uint32_t>(1 + i % 5);
    evaluate(organisms[i], std::abs(static_cast<double>(i % 5) - 2));
  }
  const auto genes = gene_importance(organisms);
  EXPECT_EQ(genes[0].gene, "n_layer");
  EXPECT_EQ(genes[0].importance, 1);
  EXPECT_NEAR(genes[0].trend, 0, 1e-12);
  EXPECT_EQ(genes[0].best, "3");
}

TEST(GeneImportance, ignores_organisms_that_failed_or_were_not_evaluated) {
  std::vector<Organism> organisms = population(100, [](const Genome& g) { return g["lr"]; });
  const auto genes = gene_importance(organisms);
  for (std::uint32_t i = 0; i < 50; ++i) {
    Organism failed;
    failed.genome["n_layer"] = 100 + i;
    failed.evaluation.emplace();
    failed.evaluation->failure = "it broke";
    organisms.insert(organisms.begin() + i, failed);
    organisms.emplace_back();
  }
  expect_same(genes, gene_importance(organisms));
}

TEST(GeneImportance, fewer_than_eight_organisms_say_nothing) {
  std::vector<Organism> organisms = eight({5, 6, 7, 8});
  EXPECT_GT(gene_importance(organisms)[0].importance, 0.5);
  organisms[3].evaluation->failure = "it broke";
  for (const std::size_t count : {std::size_t{8}, std::size_t{3}, std::size_t{0}}) {
    const auto genes = gene_importance(std::span(organisms).first(count));
    ASSERT_EQ(genes.size(), 7U);
    EXPECT_EQ(genes[0].gene, "n_emb");
    for (const GeneImportance& g : genes) {
      EXPECT_EQ(g.importance, 0) << g.gene;
      EXPECT_EQ(g.trend, 0) << g.gene;
      EXPECT_EQ(g.best, "") << g.gene;
    }
  }
}

TEST(GeneImportance, equal_values_and_equal_fitnesses_explain_nothing) {
  for (const GeneImportance& g : gene_importance(eight({}))) {
    EXPECT_EQ(g.importance, 0) << g.gene;
    EXPECT_EQ(g.trend, 0) << g.gene;
  }
  for (const GeneImportance& g : gene_importance(population(20, [](auto&) { return 3.0; }))) {
    EXPECT_EQ(g.importance, 0) << g.gene;
    EXPECT_EQ(g.trend, 0) << g.gene;
  }
}

TEST(GeneImportance, names_the_best_value_or_range) {
  std::vector<Organism> organisms(50);
  for (std::size_t i = 0; i < 50; ++i) {
    Genome& g = organisms[i].genome;
    g["n_emb"] = i < 10 ? 32 : 16;
    g["lr"] = 0.001 * static_cast<double>(i + 1);
    g["steps"] = static_cast<std::uint32_t>(1000 + 100 * i);
    evaluate(organisms[i], std::abs(static_cast<double>(i) - 14.5));
  }
  const auto genes = gene_importance(organisms);
  EXPECT_EQ(find(genes, "lr").best, "0.011 to 0.02");
  EXPECT_EQ(find(genes, "steps").best, "2000 to 2900");
  EXPECT_EQ(find(genes, "n_emb").best, "32");
  EXPECT_EQ(find(genes, "n_head").best, "4");
}

TEST(GeneImportance, six_values_are_six_groups_and_seven_values_are_binned) {
  for (const std::uint32_t values : {6U, 7U}) {
    std::vector<Organism> organisms(42);
    for (std::uint32_t i = 0; i < 42; ++i) {
      organisms[i].genome["steps"] = 100 * (1 + i % values);
      evaluate(organisms[i], i % values);
    }
    const double importance = find(gene_importance(organisms), "steps").importance;
    if (values == 6) {
      EXPECT_EQ(importance, 1);
    } else {  // some bin holds different values
      EXPECT_GT(importance, 0.9);
      EXPECT_LT(importance, 1);
    }
  }
}

TEST(GeneImportance, equal_values_are_never_in_different_bins) {
  std::vector<Organism> organisms(40);
  for (std::size_t i = 0; i < 40; ++i) {
    const bool common = i >= 10 && i < 30;
    organisms[i].genome["lr"] = common ? 0.01 : 0.0005 * static_cast<double>(i + 1);
    evaluate(organisms[i], common ? 1 : 2);
  }
  const GeneImportance lr = find(gene_importance(organisms), "lr");
  EXPECT_EQ(lr.best, "0.01");
  EXPECT_EQ(lr.importance, 1);
}

/// As population(), with random activations and initial weights.
std::vector<Organism> with_categories(const Fitness& fitness) {
  std::vector<Organism> organisms = population(400, fitness);
  Rng rng = test::rng_of(2);
  for (Organism& o : organisms) {
    o.genome["activation"] = static_cast<double>(rng.below(3));
    o.genome["init"] = static_cast<double>(rng.below(2));
    evaluate(o, fitness(o.genome));
  }
  return organisms;
}

TEST(CategoryEffects, are_differences_of_means_with_an_interval) {
  Rng rng = test::rng_of(3);
  const auto organisms = with_categories([&](const Genome& g) {
    return 2.5 - 0.3 * (gpt_genome(g).activation == Activation::gelu) + 0.2 * rng.uniform(-1, 1);
  });
  const std::vector<CategoryEffect> effects = category_effects(organisms);
  ASSERT_EQ(effects.size(), 5U);  // of activation three, of the initial weights two
  for (const CategoryEffect& e : effects) {
    SCOPED_TRACE(e.gene + " " + e.category);
    const double expected = e.gene == "init" ? 0 : e.category == "gelu" ? -0.3 : 0.15;
    EXPECT_NEAR(e.difference, expected, e.within * 1.5);
    EXPECT_GT(e.within, 0.005);
    EXPECT_LT(e.within, 0.05);
    EXPECT_GT(e.count, 80U);
  }
  EXPECT_TRUE(category_effects(population(30, [](const Genome& g) { return g["lr"]; })).empty());
}

TEST(CategoryEffects, have_the_interval_of_welch) {
  std::vector<Organism> organisms(7);
  const double fitness[] = {1, 2, 3, 2, 4, 6, 8};
  for (std::size_t i = 0; i < 7; ++i) {
    evaluate(organisms[i], fitness[i]);
    organisms[i].genome["tie"] = i < 3;
  }
  const std::vector<CategoryEffect> effects = category_effects(organisms);
  ASSERT_EQ(effects.size(), 2U);
  EXPECT_EQ(effects[0].category, "off");
  EXPECT_EQ(effects[0].difference, 3);
  const double variance = 1.0 / 3 + (20.0 / 3) / 4;
  const double freedom = variance * variance / ((1.0 / 9) / 2 + (5.0 / 3) * (5.0 / 3) / 3);
  EXPECT_NEAR(freedom, 4.0755, 1e-3);
  EXPECT_NEAR(effects[0].within, 2.7566 * std::sqrt(variance), 2e-3);
}

TEST(GenePairs, find_two_genes_that_matter_only_together) {
  Rng rng = test::rng_of(4);
  const auto organisms = with_categories([&](const Genome& g) {
    const bool alike = (g["n_layer"] > 2) == (gpt_genome(g).init == Init::scaled);
    return (alike ? 1 : 2) + rng.uniform(-0.3, 0.3) + 0.1 * (g["n_ctx"] == 16);
  });
  const std::vector<PairEffect> pairs = gene_pairs(organisms);
  ASSERT_FALSE(pairs.empty());
  EXPECT_EQ(pairs[0].first, "n_layer");
  EXPECT_EQ(pairs[0].second, "init");
  EXPECT_GT(pairs[0].share, 0.5);
  const auto additive = with_categories(
      [](const Genome& g) { return g["n_layer"] + (gpt_genome(g).init == Init::scaled); });
  EXPECT_TRUE(gene_pairs(additive).empty());
}

}  // namespace
}  // namespace microgpt::test
