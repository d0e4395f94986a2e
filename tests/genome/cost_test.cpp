#include "microgpt/genome/cost.hpp"
#include "../support/corpus.hpp"

#include <gtest/gtest.h>

#include "microgpt/training/windows.hpp"

namespace microgpt::test {

using namespace genome;
namespace {

// Counts the multiply-adds of a forward pass one loop at a time.
double counted_flops(const GptConfig& c, std::size_t positions) {
  double multiply_adds = 0;
  for (std::size_t t = 0; t < positions; ++t) {
    for (std::size_t layer = 0; layer < c.n_layer; ++layer) {
      for (int matrix = 0; matrix < 4; ++matrix) {
        multiply_adds += static_cast<double>(c.n_emb * c.n_emb);
      }
      multiply_adds += static_cast<double>(2 * c.n_emb * c.n_emb * c.n_ff_exp);
      for (std::size_t s = 0; s <= t; ++s) multiply_adds += static_cast<double>(2 * c.n_emb);
    }
    multiply_adds += static_cast<double>(c.n_emb * c.n_vocab);
  }
  return 2 * multiply_adds;
}

TEST(Cost, a_forward_pass_costs_what_its_loops_count) {
  for (const std::size_t positions : {1U, 7U, 16U}) {
    for (const std::size_t layers : {1U, 3U}) {
      const GptConfig config = {.n_emb = 12, .n_layer = layers, .n_ff_exp = 3};
      EXPECT_DOUBLE_EQ(forward_flops(config, positions), counted_flops(config, positions));
    }
  }
}

TEST(Cost, scoring_is_the_sum_of_its_windows) {
  const Vocabulary vocabulary(U"ab");
  Documents documents;
  for (const std::string text :
       {"a", "abab", "babababa", "babaabbababababbabababababababababababab"})
    documents.add(text, vocabulary);
  for (const std::size_t n_ctx : {1U, 3U, 5U, 16U}) {
    const GptConfig config = {.n_vocab = 3, .n_ctx = n_ctx};
    double expected = 0;
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const std::size_t predictions = documents[i].size() - 1;
      expected += forward_flops(config, std::min(n_ctx, predictions));
      const std::size_t stride = predictions > 32 ? std::max<std::size_t>(1, n_ctx / 2) : 1;
      for (std::size_t done = n_ctx; done < predictions; done += stride) {
        expected += forward_flops(config, n_ctx);
      }
    }
    EXPECT_DOUBLE_EQ(scoring_flops(config, documents), expected);
  }
}

TEST(Cost, a_training_is_the_sum_of_its_steps) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < 40; ++i) {
    names.push_back(std::string(1 + i % 12, 'a') + std::string(1, "abcdefgh"[i % 8]));
  }
  const Dataset dataset = split(names, 1);
  const CostModel cost(dataset);
  const auto n = static_cast<std::uint32_t>(dataset.training.size());
  for (const GptGenome& genome :
       {GptGenome{.n_ctx = 8, .steps = 3 * n}, GptGenome{.steps = 7},
        GptGenome{.n_ctx = 8, .steps = n}, GptGenome{.n_ctx = 2, .steps = 1},
        GptGenome{.steps = 3, .batch = 5}, GptGenome{.steps = n, .batch = 16}}) {
    const GptConfig config = gpt_config(genome, dataset.vocabulary.size());
    double expected = 0;
    for (std::size_t step = 0; step < genome.steps; ++step) {
      for (std::size_t i = 0; i < genome.batch; ++i) {  // the cost of an epoch has no order
        const std::size_t document = (step * genome.batch + i) % dataset.training.size();
        const std::size_t tokens = dataset.training[document].size() - 1;
        expected += 3 * forward_flops(config, std::min<std::size_t>(config.n_ctx, tokens));
      }
      expected += 10 * static_cast<double>(parameter_count(config));
    }
    // A token has two n-grams, each a row of the table of which some are dropped; the table itself
    // costs nothing.
    GptGenome with_ngrams = genome;
    with_ngrams.ngram = 3, with_ngrams.ngram_rows = 10'000;
    double rows = 0;
    for (std::size_t i = 0; i < std::size_t{genome.steps} * genome.batch; ++i) {
      const std::size_t tokens = dataset.training[i % dataset.training.size()].size() - 1;
      rows += 2 * static_cast<double>(std::min<std::size_t>(config.n_ctx, tokens));
    }
    EXPECT_DOUBLE_EQ(cost(with_ngrams).flops, expected + 200 * rows * genome.n_emb);
    with_ngrams.ngram_dropout = 0.75;
    EXPECT_DOUBLE_EQ(cost(with_ngrams).flops, expected + 50 * rows * genome.n_emb);
    EXPECT_EQ(cost(with_ngrams).parameters,
              static_cast<double>(parameter_count(config) + 10'000 * config.n_emb));
    EXPECT_DOUBLE_EQ(cost(genome).flops, expected);
    EXPECT_EQ(cost(genome).parameters, static_cast<double>(parameter_count(config)));
  }
}

// In random order: on average over many seeds.
TEST(Cost, a_training_on_long_documents_is_on_average_that_of_its_windows) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 60; ++i) {
    texts.push_back(std::string(1 + 37 * i % 300, "abcdefgh"[i % 8]) + "x");
  }
  const Dataset dataset = split(texts, 1);
  const CostModel cost(dataset);
  for (const std::uint32_t n_ctx : {2U, 16U, 64U}) {
    const GptGenome genome = {.n_ctx = n_ctx, .steps = 40, .batch = 4};
    const GptConfig config = gpt_config(genome, dataset.vocabulary.size());
    double sum = 0;
    constexpr std::uint64_t kSeeds = 200;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      training::WindowOrder order(dataset.training, n_ctx, seed, 0);
      for (int i = 0; i < 160; ++i) sum += 3 * forward_flops(config, order.next().length);
    }
    const double adam = 400 * static_cast<double>(parameter_count(config));
    const double expected = sum / kSeeds + adam;
    EXPECT_NEAR(cost(genome).flops / expected, 1, 0.01) << n_ctx;
  }
}

TEST(Cost, is_allowed_up_to_the_limits_of_a_space) {
  SearchSpace space;
  EXPECT_TRUE(is_allowed({.flops = 1e30, .parameters = 50e6}, space));
  EXPECT_FALSE(is_allowed({.flops = 1, .parameters = 50e6 + 1}, space));
  EXPECT_FALSE(is_allowed({.flops = INFINITY, .parameters = 1}, space));
  space.max_parameters = 5000, space.max_training_flops = 1e9;
  EXPECT_TRUE(is_allowed({.flops = 1e9, .parameters = 5000}, space));
  EXPECT_FALSE(is_allowed({.flops = 1e9, .parameters = 5001}, space));
  EXPECT_FALSE(is_allowed({.flops = 1.1e9, .parameters = 5000}, space));
}

}  // namespace
}  // namespace microgpt::test
