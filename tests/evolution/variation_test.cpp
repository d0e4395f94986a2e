#include "microgpt/evolution/variation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

namespace microgpt::test {

using namespace evolution;
namespace {

std::size_t differences(const Genome& a, const Genome& b) {
  return static_cast<std::size_t>(
      std::ranges::count_if(gpt_genes(), [&](const Gene& gene) { return a[gene] != b[gene]; }));
}

SearchSpace odd_space() {  // where not every n_head divides every n_emb
  SearchSpace space;
  space["n_emb"] = ListDomain{{8, 9, 10, 12, 15}};
  space["n_head"] = ListDomain{{1, 2, 3, 4, 5}};
  return space;
}

SearchSpace space_with_batches() {
  SearchSpace space;
  space["batch"] = ListDomain{{1, 4, 16}};
  return space;
}

/// With every kind of domain.
SearchSpace space_of_all_kinds() {
  SearchSpace space = space_with_batches();
  space["activation"] = ListDomain{{0, 2, 3}};
  space["init"] = ListDomain{{0, 1}};
  space["dropout"] = LinearDomain{0, 0.5};
  space["weight_decay"] = ListDomain{{0, 0.01, 0.1}, true};
  space["beta2"] = LogDomain{0.9, 0.999};
  return space;
}

TEST(Mutation, changes_as_many_genes_as_asked_each_to_another_value_in_the_space) {
  for (const SearchSpace& space :
       {SearchSpace{}, odd_space(), space_with_batches(), space_of_all_kinds()}) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
      SCOPED_TRACE(seed);
      Rng rng(seed, Stream::breeding, 1);
      const Genome genome = random_genome(space, rng);
      for (std::size_t count = 1; count <= 3; ++count) {
        const Genome mutant = mutate(genome, count, space, rng);
        EXPECT_EQ(differences(genome, mutant), count);
        EXPECT_TRUE(contains(space, mutant));
      }
    }
  }
}

// So a gene that is added does not change the searches there were.
TEST(Variation, draws_no_numbers_for_an_optional_gene_that_the_space_fixes) {
  SearchSpace other;
  other["batch"] = ListDomain{{7}};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng a(seed, Stream::breeding, 5), b(seed, Stream::breeding, 5);
    Genome mother = random_genome({}, a), mother_of_7 = random_genome(other, b);
    EXPECT_EQ(mother_of_7["batch"], 7U);
    const Genome father = random_genome({}, a);
    Genome father_of_7 = random_genome(other, b);
    const auto without = [](Genome genome) {
      genome["batch"] = 1;
      return genome;
    };
    EXPECT_EQ(without(mother_of_7), mother);
    const Genome child = crossover(mother, father, a),
                 child_of_7 = crossover(mother_of_7, father_of_7, b);
    EXPECT_EQ(without(child_of_7), child);
    EXPECT_EQ(without(mutate(child_of_7, other, b)), mutate(child, {}, a));
    EXPECT_EQ(without(nudge(child_of_7, 3, other, b)), nudge(child, 3, {}, a));
    EXPECT_EQ(a.next(), b.next());
  }
}

// Pinned: these are the numbers of the version that had no optional gene.
TEST(Variation, of_the_default_space_draws_the_numbers_it_always_did) {
  Rng rng(7, Stream::breeding, 8);
  const Genome mother = random_genome({}, rng), father = random_genome({}, rng);
  EXPECT_EQ(one_line(mother), "emb 32 head 2 layer 3 ctx 16 ff 3  lr 0.001721  steps 200  ");
  EXPECT_EQ(one_line(father), "emb  8 head 2 layer 4 ctx 12 ff 3  lr 0.0095    steps 750  ");
  EXPECT_EQ(one_line(crossover(mother, father, rng)),
            "emb 32 head 2 layer 3 ctx 12 ff 3  lr 0.001721  steps 750  ");
  EXPECT_EQ(one_line(mutate(mother, {}, rng)),
            "emb 16 head 2 layer 4 ctx 16 ff 3  lr 0.001721  steps 200  ");
  EXPECT_EQ(rng.next(), 15583903907416691838U);
}

TEST(Variation, finds_all_batches_of_a_space) {
  const SearchSpace space = space_with_batches();
  std::set<double> drawn, mutated, inherited;
  Rng rng(1, Stream::breeding, 6);
  for (int i = 0; i < 300; ++i) {
    const Genome a = random_genome(space, rng), b = random_genome(space, rng);
    drawn.insert(a["batch"]);
    if (a["batch"] == 1) mutated.insert(mutate(a, space, rng)["batch"]);
    if (a["batch"] == 1 && b["batch"] == 16) inherited.insert(crossover(a, b, rng)["batch"]);
  }
  EXPECT_EQ(drawn, (std::set<double>{1, 4, 16}));
  EXPECT_EQ(mutated, drawn);
  EXPECT_EQ(inherited, (std::set<double>{1, 16}));
}

TEST(Mutation, ends_where_the_learning_rate_has_two_values_only) {
  constexpr double kSubnormal = 5e-324;
  for (const auto& [low, high] : {std::pair(0.005, std::nextafter(0.005, 1)),
                                  {kSubnormal, 2 * kSubnormal},
                                  {std::nextafter(10.0, 0), 10.0}}) {
    for (const double factor : {0.0, 0.7}) {
      SearchSpace space;
      space["lr"] = LogDomain{low, high, factor, factor > 0 ? 2 - factor : 0};
      validate(space);
      Rng rng(1, Stream::breeding, 4);
      for (const double lr : {low, high}) {
        const GptGenome genome = {.lr = lr};
        const double other = lr == low ? high : low;
        EXPECT_EQ(mutate(genome, 7, space, rng)["lr"], other);
        EXPECT_EQ(nudge(genome, 7, space, rng)["lr"], other);
      }
    }
  }
}

TEST(Mutation, changes_one_to_three_genes_by_default) {
  std::set<std::size_t> seen;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Rng rng(seed, Stream::breeding, 2);
    const Genome genome = random_genome({}, rng);
    seen.insert(differences(genome, mutate(genome, SearchSpace{}, rng)));
  }
  EXPECT_EQ(seen, (std::set<std::size_t>{1, 2, 3}));
}

TEST(Mutation, every_gene_can_change) {
  Rng rng(1, Stream::breeding, 3);
  const Genome genome = random_genome({}, rng);
  Genome seen;
  std::array<int, 7> changed{};
  for (int i = 0; i < 400; ++i) {
    const Genome m = mutate(genome, 1, {}, rng);
    changed[0] += m["n_emb"] != genome["n_emb"];
    changed[1] += m["n_head"] != genome["n_head"];
    changed[2] += m["n_layer"] != genome["n_layer"];
    changed[3] += m["n_ctx"] != genome["n_ctx"];
    changed[4] += m["n_ff_exp"] != genome["n_ff_exp"];
    changed[5] += m["lr"] != genome["lr"];
    changed[6] += m["steps"] != genome["steps"];
  }
  for (const int count : changed) EXPECT_NEAR(count, 400 / 7, 30);
}

TEST(Mutation, steps_also_move_by_the_documented_amounts) {
  const GptGenome genome = {.steps = 1000};
  std::set<double> reached;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Rng rng(seed, Stream::breeding, 4);
    reached.insert(mutate(genome, 7, {}, rng)["steps"]);
  }
  EXPECT_EQ(reached, (std::set<double>{200, 300, 500, 750, 900, 1100, 1250, 1500}));
}

TEST(Mutation, of_what_cannot_change_changes_nothing) {
  SearchSpace point;
  for (const char* gene : {"n_head", "n_layer", "n_ff_exp"}) point[gene] = ListDomain{{1}};
  for (const char* gene : {"n_emb", "n_ctx"}) point[gene] = ListDomain{{8}};
  point["lr"] = LogDomain{0.01, 0.01};
  point["steps"] = RangeDomain{100, 100, {100}};
  Rng rng(1, Stream::breeding, 5);
  const Genome genome = random_genome(point, rng);
  EXPECT_EQ(mutate(genome, 3, point, rng), genome);
}

TEST(Mutation, of_the_aesthetic_engine_moves_locally) {
  const SearchSpace space = aesthetic_space();
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed, Stream::breeding, 6);
    const Genome genome = random_genome(space, rng);
    const Genome mutant = mutate(genome, 1, space, rng);
    EXPECT_EQ(differences(genome, mutant), 1U);
    EXPECT_LE(std::abs(static_cast<int>(genome["n_layer"]) - static_cast<int>(mutant["n_layer"])),
              1);
    const auto [least, most] = ends_of(space["lr"]);
    if (mutant["lr"] != genome["lr"] && mutant["lr"] > least && mutant["lr"] < most) {
      EXPECT_GE(mutant["lr"] / genome["lr"], 0.7);
      EXPECT_LE(mutant["lr"] / genome["lr"], 1.3);
    }
  }
}

TEST(Crossover, takes_each_gene_from_a_parent_and_stays_possible) {
  const SearchSpace space = odd_space();
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed, Stream::breeding, 7);
    const Genome a = random_genome(space, rng), b = random_genome(space, rng);
    const Genome child = crossover(a, b, rng);
    EXPECT_TRUE(child["n_emb"] == a["n_emb"] || child["n_emb"] == b["n_emb"]);
    EXPECT_TRUE(child["n_head"] == a["n_head"] || child["n_head"] == b["n_head"]);
    EXPECT_TRUE(child["n_layer"] == a["n_layer"] || child["n_layer"] == b["n_layer"]);
    EXPECT_TRUE(child["n_ctx"] == a["n_ctx"] || child["n_ctx"] == b["n_ctx"]);
    EXPECT_TRUE(child["n_ff_exp"] == a["n_ff_exp"] || child["n_ff_exp"] == b["n_ff_exp"]);
    EXPECT_TRUE(child["lr"] == a["lr"] || child["lr"] == b["lr"]);
    EXPECT_TRUE(child["steps"] == a["steps"] || child["steps"] == b["steps"]);
    EXPECT_TRUE(rules_hold(child));
  }
}

TEST(Crossover, takes_from_both_parents) {
  const GptGenome a = {.n_emb = 8, .n_head = 1, .n_layer = 1, .n_ctx = 8, .lr = 0.01, .steps = 100};
  const GptGenome b = {
      .n_emb = 16, .n_head = 2, .n_layer = 2, .n_ctx = 16, .lr = 0.02, .steps = 200};
  Rng rng(1, Stream::breeding, 8);
  std::size_t from_b = 0;
  for (int i = 0; i < 1000; ++i) from_b += crossover(a, b, rng)["n_layer"] == b.n_layer;
  EXPECT_NEAR(static_cast<double>(from_b), 500, 60);
}

}  // namespace
}  // namespace microgpt::test
