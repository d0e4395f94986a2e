#include "microgpt/genome/genome_json.hpp"

#include <gtest/gtest.h>

#include "microgpt/core/error.hpp"
#include "microgpt/core/random.hpp"

namespace microgpt::test {

using namespace genome;
namespace {

GenomeFile random_file(std::uint64_t seed) {
  Rng rng(seed, Stream::breeding, 0);
  GenomeFile file;
  SearchSpace space;
  space.batch = {1, 32};
  file.genome = random_genome(space, rng);
  file.loss = rng.uniform(2, 3);
  file.generation = static_cast<std::uint32_t>(rng.below(100));
  file.evolved = rng.below(2) == 0;
  file.seed = rng.next();
  file.precision = rng.below(2) == 0 ? "f64" : "f32";
  file.dataset = "0123abc";
  file.version = "1.2.3";
  if (rng.below(2) == 0) {
    file.replicates = 5;
    file.standard_error = rng.uniform();
    file.test_loss = rng.uniform(2, 3);
    file.test_standard_error = rng.uniform();
  }
  return file;
}

// Older programs know no batches, and theirs are of one.
TEST(GenomeJson, an_optional_gene_is_there_only_if_it_differs) {
  GenomeFile file;
  EXPECT_EQ(to_json(file).find("batch"), std::string::npos);
  EXPECT_EQ(to_json(SearchSpace{}).find("batch"), std::string::npos);
  file.genome.batch = 8;
  EXPECT_NE(to_json(file).find("\"batch\": 8"), std::string::npos);
  EXPECT_EQ(parse_genome("a.json", to_json(GenomeFile{})).genome.batch, 1U);
}

TEST(GenomeJson, what_is_saved_is_loaded_to_the_last_bit) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    const GenomeFile saved = random_file(seed);
    const GenomeFile loaded = parse_genome("a.json", to_json(saved));
    EXPECT_EQ(loaded.genome, saved.genome);
    EXPECT_EQ(loaded.loss, saved.loss);
    EXPECT_EQ(loaded.generation, saved.generation);
    EXPECT_EQ(loaded.evolved, saved.evolved);
    EXPECT_EQ(loaded.seed, saved.seed);
    EXPECT_EQ(loaded.precision, saved.precision);
    EXPECT_EQ(loaded.dataset, saved.dataset);
    EXPECT_EQ(loaded.version, saved.version);
    EXPECT_EQ(loaded.replicates, saved.replicates);
    EXPECT_EQ(loaded.standard_error, saved.standard_error);
    EXPECT_EQ(loaded.test_loss, saved.test_loss);
    EXPECT_EQ(loaded.test_standard_error, saved.test_standard_error);
  }
}

TEST(GenomeJson, the_flat_keys_come_in_the_documented_order) {
  const std::string text = to_json(GenomeFile{});
  std::size_t last = 0;
  for (const char* key : {"n_emb", "n_ctx", "n_layer", "n_head", "n_ff_exp", "steps", "lr", "loss",
                          "generation", "evolved", "seed", "precision", "dataset", "version"}) {
    const std::size_t at = text.find(std::string("\"") + key + "\":");
    ASSERT_NE(at, std::string::npos) << key;
    EXPECT_GT(at, last) << key;
    last = at;
  }
}

TEST(GenomeJson, every_prefix_and_every_changed_byte_is_refused_or_valid) {
  const std::string text = to_json(random_file(1));
  for (std::size_t i = 0; i < text.size() - 2; ++i) {
    EXPECT_THROW(parse_genome("a.json", text.substr(0, i)), Error) << i;
  }
  Rng rng(7, Stream::breeding, 0);
  for (int trial = 0; trial < 3000; ++trial) {
    std::string changed = text;
    changed[rng.below(changed.size())] = static_cast<char>(rng.below(256));
    try {
      validate(parse_genome("a.json", changed).genome);
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).rfind("a.json: ", 0), 0U) << error.what();
    }
  }
}

TEST(GenomeJson, deep_nesting_does_not_exhaust_the_stack) {
  constexpr std::size_t kDeep = 1'000'000;
  const std::string open(kDeep, '['), close(kDeep, ']');
  EXPECT_THROW(parse_genome("a.json", open), Error);
  EXPECT_THROW(parse_genome("a.json", open + close), Error);
  EXPECT_THROW(parse_genome("a.json", "{\"n_emb\": " + open + close + "}"), Error);
  EXPECT_THROW(parse_space("a.json", "{\"n_emb\": [1, " + open + close + "]}", {}), Error);
}

TEST(GenomeJson, nothing_may_follow_the_object) {
  const std::string text = to_json(GenomeFile{});
  EXPECT_NO_THROW(parse_genome("a.json", text));
  EXPECT_THROW(parse_genome("a.json", text + "x"), Error);
  EXPECT_THROW(parse_genome("a.json", text + std::string("\0x", 2)), Error);
}

TEST(GenomeJson, a_space_survives_the_round_trip) {
  SearchSpace batches;
  batches.batch = {1, 16};
  for (const SearchSpace& space : {SearchSpace{}, aesthetic_space(), batches}) {
    EXPECT_EQ(parse_space("s.json", to_json(space), SearchSpace{}), space);
  }
}

TEST(GenomeJson, a_space_keeps_what_the_file_leaves_out) {
  const SearchSpace space = parse_space("s.json", R"({"n_emb": [64, 128]})", SearchSpace{});
  EXPECT_EQ(space.n_emb, (std::vector<std::uint32_t>{64, 128}));
  EXPECT_EQ(space.n_layer, SearchSpace{}.n_layer);
}

}  // namespace
}  // namespace microgpt::test
