#include "microgpt/genome/genome.hpp"

#include <gtest/gtest.h>

#include "microgpt/core/error.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::test {

using namespace genome;
namespace {

TEST(GenomeOf, is_the_inverse_of_gpt_config_for_the_genes_of_the_network) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Rng rng(seed, Stream::breeding, 0);
    Genome genome = random_genome({}, rng);
    genome["lr"] = GptGenome().lr;
    genome["steps"] = GptGenome().steps;
    EXPECT_EQ(genome_of(gpt_config(genome, 27)), genome) << seed;
  }
}

TEST(GenomeOf, sizes_that_no_genome_has_throw) {
  EXPECT_THROW(genome_of({.n_layer = 65}), Error);
  EXPECT_THROW(genome_of({.n_ctx = 0}), Error);
  // Would be 16 in 32 bits.
  EXPECT_THROW(genome_of({.n_ctx = (std::size_t{1} << 32) + 16}), Error);
}

}  // namespace
}  // namespace microgpt::test
