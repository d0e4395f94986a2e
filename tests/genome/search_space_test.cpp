#include "microgpt/genome/search_space.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

#include "microgpt/core/error.hpp"

namespace microgpt::test {

using namespace genome;
namespace {

TEST(SearchSpace, random_genomes_are_valid_and_in_the_space) {
  SearchSpace odd;
  odd["n_emb"] = ListDomain{{9, 10, 12}};
  odd["n_head"] = ListDomain{{2, 3, 5}};
  odd["schedule"] = ListDomain{{0, 2}};
  odd["warmup"] = LinearDomain{0, 0.3};
  for (const SearchSpace& space : {SearchSpace{}, aesthetic_space(), odd}) {
    validate(space);
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
      SCOPED_TRACE(seed);
      Rng rng(seed, Stream::breeding, 0);
      const Genome genome = random_genome(space, rng);
      EXPECT_NO_THROW(validate(genome));
      EXPECT_TRUE(contains(space, genome));
    }
  }
}

TEST(SearchSpace, every_value_of_a_list_is_drawn) {
  std::set<double> n_emb, steps;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Rng rng(seed, Stream::breeding, 0);
    const Genome genome = random_genome({}, rng);
    n_emb.insert(genome["n_emb"]);
    steps.insert(genome["steps"]);
  }
  EXPECT_EQ(n_emb, (std::set<double>{8, 12, 16, 20, 24, 32}));
  EXPECT_EQ(steps, (std::set<double>{200, 300, 500, 750, 1000, 1500}));
}

TEST(SearchSpace, a_rule_that_is_broken_is_named) {
  const auto broken = [](std::string_view gene, const Domain& domain) {
    SearchSpace space;
    space[gene] = domain;
    EXPECT_THROW(validate(space), Error) << gene;
  };
  broken("n_emb", ListDomain{{}});
  broken("n_emb", ListDomain{{16, 8}});
  broken("n_emb", ListDomain{{8, 8}});
  broken("n_emb", ListDomain{{0, 8}});
  broken("n_head", ListDomain{{3}});
  broken("lr", LogDomain{0, 0.5});
  broken("lr", LogDomain{1, 0.5});
  broken("lr", LogDomain{1, 11});
  broken("lr", LogDomain{0.1, 0.5, 0.5, 0});
  broken("steps", RangeDomain{0, 100, {50}});
  broken("steps", RangeDomain{3000, 2000, {}});
  broken("steps", RangeDomain{100, 2000, {50}});
  broken("steps", RangeDomain{100, 2000, {}});
  broken("steps", RangeDomain{100, 2000, {200}, {0}});
  broken("dropout", LinearDomain{0, 1});
  broken("activation", ListDomain{{4}});
  SearchSpace huge;
  huge["n_emb"] = ListDomain{{1024}}, huge["n_layer"] = ListDomain{{64}};
  EXPECT_THROW(validate(huge), Error);
  SearchSpace tables;  // of up to 65 million weights, which the limit of a genome keeps out
  tables["n_emb"] = ListDomain{{16, 64}};
  tables["ngram"] = ListDomain{{5}}, tables["ngram_rows"] = ListDomain{{1024, 1 << 20}};
  EXPECT_NO_THROW(validate(tables));
}

TEST(SearchSpace, names_the_genes_of_a_genome_that_it_limits) {
  SearchSpace space;  // n_emb from 8 to 32, n_layer from 1 to 4, steps to 2,000
  space["lookback"] = ListDomain{{0, 1, 2}};
  space["activation"] = ListDomain{{0, 1}};
  using Edges = std::vector<std::string>;
  EXPECT_EQ(at_edges(GptGenome{.n_emb = 16, .n_head = 2, .n_ctx = 16, .n_ff_exp = 2, .steps = 500},
                     space),
            Edges{});
  EXPECT_EQ(
      at_edges(
          GptGenome{
              .n_emb = 32, .n_head = 2, .n_layer = 1, .n_ctx = 16, .n_ff_exp = 2, .steps = 2000},
          space),
      (Edges{"n_emb 32", "steps 2000"}));  // there are no fewer than one layer
  EXPECT_EQ(
      at_edges(
          GptGenome{
              .n_emb = 8, .n_head = 2, .n_ctx = 16, .n_ff_exp = 2, .steps = 500, .lookback = 2},
          space),
      (Edges{"n_emb 8", "lookback 2"}));
  space["ngram"] = ListDomain{{1, 3, 5}};
  space["ngram_rows"] = ListDomain{{512, 1024, 4096}};
  GptGenome genome = {.n_emb = 16, .n_head = 2, .n_ctx = 16, .n_ff_exp = 2, .steps = 500};
  genome.ngram_rows = 4096;
  EXPECT_EQ(at_edges(genome, space), Edges{});
  genome.ngram = 3;
  EXPECT_EQ(at_edges(genome, space), Edges{"ngram_rows 4096"});
}

TEST(SearchSpace, genomes_that_mean_the_same_become_equal) {
  SearchSpace space;
  space["n_ctx"] = ListDomain{{1, 8}};
  space["n_emb"] = ListDomain{{4, 8}};
  space["qk_norm"] = space["init"] = ListDomain{{0, 1}};
  space["position"] = ListDomain{{0, 1, 2}};
  space["warmup"] = LinearDomain{0, 0.5};
  space["ngram"] = ListDomain{{1, 3}};
  space["ngram_rows"] = ListDomain{{1024, 4096}};
  space["ngram_dropout"] = LinearDomain{0, 0.5};
  const GptGenome plain = {.n_emb = 8, .n_ctx = 8, .steps = 200};
  const auto changed = [&](auto change) {
    GptGenome genome = plain;
    change(genome);
    return gpt_genome(canonical(genome, space));
  };
  EXPECT_EQ(canonical(plain, space), Genome(plain));
  EXPECT_EQ(changed([](GptGenome& g) { g.warmup = 0.0049; }), plain);  // less than a step
  EXPECT_NE(changed([](GptGenome& g) { g.warmup = 0.005; }), plain);
  EXPECT_NE(changed([](GptGenome& g) { g.position = Position::both; }), plain);
  EXPECT_NE(changed([](GptGenome& g) { g.qk_norm = true; }), plain);
  EXPECT_NE(changed([](GptGenome& g) { g.n_head = 2; }), plain);
  EXPECT_EQ(changed([](GptGenome& g) { g.ngram_rows = 4096, g.ngram_dropout = 0.3; }), plain);
  EXPECT_EQ(changed([](GptGenome& g) { g.ngram = 3, g.ngram_rows = 4096; }).ngram_rows, 4096U);
  // Heads of one channel have no pair to rotate.
  EXPECT_EQ(changed([](GptGenome& g) { g.n_emb = 4, g.position = Position::both; }).position,
            Position::learned);
  EXPECT_EQ(changed([](GptGenome& g) { g.n_emb = 4, g.position = Position::rotary; }).position,
            Position::rotary);
  // Attention to one token takes its value.
  const GptGenome one = changed([](GptGenome& g) { g.n_ctx = 1; });
  EXPECT_EQ(one.n_head, 1U);
  EXPECT_EQ(changed([](GptGenome& g) {
              g.n_ctx = 1, g.n_head = 2, g.qk_norm = true, g.position = Position::both;
            }),
            one);
  // Not where the space has no such value.
  space["qk_norm"] = ListDomain{{1}};
  EXPECT_EQ(changed([](GptGenome& g) { g.n_ctx = 1, g.qk_norm = true; }).qk_norm, true);
}

TEST(SearchSpace, what_is_canonical_stays_as_it_is) {
  SearchSpace space;
  space["n_ctx"] = ListDomain{{1, 8}};
  space["position"] = ListDomain{{0, 1, 2}};
  space["warmup"] = LinearDomain{0, 0.1};
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Rng rng(seed, Stream::breeding, 0);
    const Genome genome = canonical(random_genome(space, rng), space);
    EXPECT_TRUE(contains(space, genome));
    EXPECT_EQ(canonical(genome, space), genome);
  }
}

}  // namespace
}  // namespace microgpt::test
