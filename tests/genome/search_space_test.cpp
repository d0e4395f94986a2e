#include "microgpt/genome/search_space.hpp"

#include <gtest/gtest.h>

#include <set>

#include "microgpt/core/error.hpp"

namespace microgpt::test {

using namespace genome;
namespace {

TEST(SearchSpace, random_genomes_are_valid_and_in_the_space) {
  SearchSpace odd;
  odd.n_emb = {9, 10, 12};
  odd.n_head = {2, 3, 5};
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
  std::set<std::uint32_t> n_emb, steps;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Rng rng(seed, Stream::breeding, 0);
    const Genome genome = random_genome({}, rng);
    n_emb.insert(genome.n_emb);
    steps.insert(genome.steps);
  }
  EXPECT_EQ(n_emb.size(), SearchSpace{}.n_emb.size());
  EXPECT_EQ(steps.size(), SearchSpace{}.steps_draw.size());
}

TEST(SearchSpace, a_rule_that_is_broken_is_named) {
  const auto broken = [](auto change) {
    SearchSpace space;
    change(space);
    EXPECT_THROW(validate(space), Error);
  };
  broken([](SearchSpace& s) { s.n_emb.clear(); });
  broken([](SearchSpace& s) { s.n_emb = {16, 8}; });
  broken([](SearchSpace& s) { s.n_emb = {8, 8}; });
  broken([](SearchSpace& s) { s.n_emb = {0, 8}; });
  broken([](SearchSpace& s) { s.n_emb = {8, 9}, s.n_head = {2, 4}; });
  broken([](SearchSpace& s) { s.n_emb = {1024}, s.n_layer = {64}; });
  broken([](SearchSpace& s) { s.lr_min = 0; });
  broken([](SearchSpace& s) { s.lr_min = 1, s.lr_max = 0.5; });
  broken([](SearchSpace& s) { s.lr_max = 11; });
  broken([](SearchSpace& s) { s.lr_factor_min = 0.5; });
  broken([](SearchSpace& s) { s.steps_min = 0; });
  broken([](SearchSpace& s) { s.steps_min = 3000; });
  broken([](SearchSpace& s) { s.steps_draw = {50}; });
  broken([](SearchSpace& s) { s.steps_draw.clear(); });
  broken([](SearchSpace& s) { s.steps_moves = {0}; });
}

}  // namespace
}  // namespace microgpt::test
