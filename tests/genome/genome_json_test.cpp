#include "microgpt/genome/genome_json.hpp"

#include <gtest/gtest.h>

#include "../support/errors.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/random.hpp"

namespace microgpt::test {

using namespace genome;
namespace {

GenomeFile random_file(std::uint64_t seed) {
  Rng rng(seed, Stream::breeding, 0);
  GenomeFile file;
  SearchSpace space;
  space["batch"] = ListDomain{{1, 32}};
  space["activation"] = ListDomain{{0, 2}};
  space["dropout"] = LinearDomain{0, 0.5};
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
  file.genome["batch"] = 8;
  EXPECT_NE(to_json(file).find("\"batch\": 8"), std::string::npos);
  EXPECT_EQ(parse_genome("a.json", to_json(GenomeFile{})).genome["batch"], 1U);
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
  SearchSpace wide;
  wide["batch"] = ListDomain{{1, 16}};
  wide["activation"] = ListDomain{{1, 3}};
  wide["dropout"] = LinearDomain{0, 0.25};
  wide["n_ctx"] = RangeDomain{1, 100, {8, 9}, {1}};
  wide["qk_norm"] = ListDomain{{1}};
  wide.max_training_flops = 1e9, wide.max_parameters = 5000;
  for (const SearchSpace& space : {SearchSpace{}, aesthetic_space(), wide}) {
    EXPECT_EQ(parse_space("s.json", to_json(space), aesthetic_space()), space);
  }
}

SearchSpace space_of(const std::string& json) { return parse_space("s.json", json, {}); }

TEST(SpaceJson, what_the_file_leaves_out_is_primordial) {
  SearchSpace expected = SearchSpace::primordial();
  expected["n_emb"] = ListDomain{{64, 128}};
  EXPECT_EQ(space_of(R"({"n_emb": [64, 128]})"), expected);
  EXPECT_EQ(space_of("{}"), SearchSpace::primordial());
}

TEST(SpaceJson, has_a_form_for_each_kind_of_domain) {
  SearchSpace expected = SearchSpace::primordial();
  expected["n_ctx"] = ListDomain{{24}};
  expected["n_layer"] = ListDomain{{1, 2}, true};
  expected["activation"] = ListDomain{{0, 2}};
  expected["init"] = ListDomain{{1}};
  expected["lr"] = LogDomain{0.001, 0.01, 0.5, 2};
  expected["beta2"] = LogDomain{0.9, 0.999};
  expected["dropout"] = LinearDomain{0, 0.3};
  expected["steps"] = RangeDomain{10, 90, {20, 30}, {5}};
  expected.max_training_flops = 1e11;
  expected.max_parameters = 5000;
  EXPECT_EQ(space_of(R"({"n_ctx": 24, "n_layer": {"list": [1, 2], "neighbours": true},
                         "activation": ["gelu", "relu"], "init": "scaled",
                         "lr": {"log": [0.001, 0.01], "factors": [0.5, 2]},
                         "beta2": {"log": [0.9, 0.999]}, "dropout": {"linear": [0, 0.3]},
                         "steps": {"range": [10, 90], "draw": [20, 30], "moves": [5]},
                         "max_training_flops": 1e11, "max_parameters": 5000})"),
            expected);
}

// Files of earlier versions left out what was to stay as in the space of the program.
TEST(SpaceJson, of_earlier_versions_means_what_it_did) {
  SearchSpace expected = aesthetic_space();
  expected["n_layer"] = ListDomain{{1, 2, 3, 4}};
  expected["lr"] = LogDomain{0.002, 0.015};
  expected["steps"] = RangeDomain{20, 60, {20, 40}, {20}};
  EXPECT_EQ(parse_space("s.json",
                        R"({"lr_min": 0.002, "lr_factor_min": 0, "lr_factor_max": 0,
                            "steps_min": 20, "steps_max": 60, "steps_draw": [20, 40],
                            "steps_moves": [20], "n_layer_neighbours": false})",
                        aesthetic_space()),
            expected);
}

TEST(SpaceJson, what_is_wrong_is_named) {
  const std::pair<const char*, const char*> kWrong[] = {
      {R"({"n_emb": []})", "n_emb must have at least one value"},
      {R"({"n_emb": [8, 8]})", "n_emb must be rising: 8 follows 8"},
      {R"({"n_emb": [8.5]})", "n_emb (8.5) must be a whole number"},
      {R"({"n_emb": [0]})", "n_emb (0) must be a whole number from 1 to 1024"},
      {R"({"activation": ["relu", "silu"]})",
       "activation (silu) must be relu, relu2, gelu or swiglu"},
      {R"({"activation": 1})", "activation (1) must be relu"},
      {R"({"activation": {"log": [1, 2]}})", "activation has no logarithmic range"},
      {R"({"n_emb": {"linear": [8, 16]}})", "n_emb has no linear range"},
      {R"({"n_emb": {"range": [8, 16], "draw": [8]}})", "n_emb must be a list"},
      {R"({"lr": {"log": [0, 1]}})", "lr (0) must be above 0"},
      {R"({"lr": {"log": [0.1, 0.01]}})", "lr must rise: 0.01 follows 0.1"},
      {R"({"lr": {"log": [0.1]}})", "lr's log must have two numbers, not 1"},
      {R"({"lr": {"log": [0.1, 0.2], "draw": [1]}})", "lr: unknown key \"draw\" beside log"},
      {R"({"lr": {}})", "lr must have one of the keys list, range, log or linear"},
      {R"({"dropout": {"log": [0, 0.5]}})", "dropout (0): a logarithmic range must be above 0"},
      {R"({"steps": {"range": [1, 9]}})", "steps's draw must be a list"},
      {R"({"steps": {"range": [1, 9], "draw": [10]}})", "steps's draw (10) must be from 1 to 9"},
      {R"({"lr_min": 0.1, "lr": 0.2})", "lr_min and lr: one of the two must go"},
      {R"({"steps_draw": 3})", "steps_draw (3) must be a list"},
      {R"({"lr_min": [0.1]})", "lr_min ([0.1]) must be a number"},
      {R"({"max_parameters": "many"})", "max_parameters (\"many\") must be a number"},
      {R"({"speed": 1})", "unknown key \"speed\""}};
  for (const auto& [json, message] : kWrong) {
    EXPECT_TRUE(contains(error_of([&] { space_of(json); }), message))
        << error_of([&] { space_of(json); });
  }
}

}  // namespace
}  // namespace microgpt::test
