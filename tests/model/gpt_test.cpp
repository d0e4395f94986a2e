#include "microgpt/model/gpt.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "../support/errors.hpp"
#include "../support/gpts.hpp"

namespace microgpt::test {

using namespace model;
namespace {

std::vector<GptConfig> some_configs() {
  return {{},
          {.n_vocab = 27, .n_emb = 24, .n_ctx = 8, .n_layer = 2, .n_head = 2, .n_ff_exp = 1},
          {.n_vocab = 5, .n_emb = 9, .n_ctx = 20, .n_layer = 3, .n_head = 3, .n_ff_exp = 2},
          {.n_vocab = 2, .n_emb = 1, .n_ctx = 3, .n_layer = 1, .n_head = 1, .n_ff_exp = 1},
          {.n_vocab = 40, .n_emb = 32, .n_ctx = 12, .n_layer = 1, .n_head = 1, .n_ff_exp = 5},
          {.n_ctx = 9,
           .n_layer = 2,
           .activation = Activation::swiglu,
           .position = Position::rotary,
           .qk_norm = true,
           .tie = true,
           .lookback = 3},
          {.n_emb = 18,
           .n_head = 6,
           .activation = Activation::gelu,
           .position = Position::both,
           .lookback = 1},
          {.n_vocab = 3, .n_ctx = 7, .ngram = 5, .ngram_rows = 40}};
}

std::string describe(const GptConfig& c) {
  return fmt::format("vocab {} emb {} ctx {} layers {} heads {} ff {}", c.n_vocab, c.n_emb, c.n_ctx,
                     c.n_layer, c.n_head, c.n_ff_exp);
}

template <class Real>
class GptOf : public ::testing::Test {};
using Precisions = ::testing::Types<double, float>;
TYPED_TEST_SUITE(GptOf, Precisions);

TEST(GptConfig, the_primordial_organism_has_4192_weights) {
  EXPECT_EQ(parameter_count(GptConfig{}), 4192U);
}

TEST(Gpt, parameter_count_is_the_sum_over_its_parameters) {
  for (const GptConfig& config : some_configs()) {
    SCOPED_TRACE(describe(config));
    Tape<double> tape;
    const Gpt<double> gpt(tape, config);
    std::size_t count = 0;
    std::set<std::string> names;
    for (const NamedBlock<double>& parameter : gpt.parameters()) {
      count += parameter.block.size();
      names.insert(parameter.name);
    }
    EXPECT_EQ(parameter_count(config), count);
    EXPECT_EQ(names.size(), gpt.parameters().size()) << "two parameters of one name";
  }
}

TEST(Gpt, weights_and_gradients_hold_every_parameter_and_otherwise_zeros) {
  for (const GptConfig& config : some_configs()) {
    SCOPED_TRACE(describe(config));
    SomeGpt<double> some(config, 1);
    Gpt<double>& gpt = some.gpt;
    std::multiset<double> parameters, weights(gpt.weights().begin(), gpt.weights().end());
    for (const NamedBlock<double>& parameter : gpt.parameters()) {
      if (parameter.name == "ngram") continue;
      parameters.insert(parameter.block.data().begin(), parameter.block.data().end());
      EXPECT_GE(parameter.block.data().data(), gpt.weights().data());
      EXPECT_LE(parameter.block.data().data() + parameter.block.size(),
                gpt.weights().data() + gpt.weights().size());
    }
    weights.erase(0);
    EXPECT_EQ(weights, parameters);
    EXPECT_EQ(gpt.gradients().size(), gpt.weights().size());
  }
}

TEST(Gpt, knows_which_rows_of_the_table_of_ngrams_have_gradients) {
  SomeGpt<double> some(
      {.n_vocab = 5, .n_emb = 4, .n_ctx = 9, .n_head = 1, .ngram = 3, .ngram_rows = 50}, 1);
  Gpt<double>& gpt = some.gpt;
  Rng rng = rng_of(1);
  for (int step = 0; step < 5; ++step) {
    {
      const Tape<double>::Scope scope(gpt.tape());
      gpt.tape().backward(loss_of<double>(gpt, random_tokens(rng, 10, 5)));
    }
    std::set<std::uint32_t> expected;
    for (std::uint32_t row = 0; row < 50; ++row) {
      const auto gradients = gpt.ngram_table()->grad().subspan(row * 4, 4);
      if (std::ranges::any_of(gradients, [](double g) { return g != 0; })) expected.insert(row);
    }
    const std::span<const std::uint32_t> read = gpt.ngrams_read();
    EXPECT_EQ(std::set<std::uint32_t>(read.begin(), read.end()), expected);
    EXPECT_EQ(read.size(), expected.size()) << "a row is there twice";
    EXPECT_GT(read.size(), 5U);
    EXPECT_LT(read.size(), 19U);
    gpt.reset_gradients();
    EXPECT_TRUE(gpt.ngrams_read().empty());
    for (const double gradient : all_gradients(gpt)) ASSERT_EQ(gradient, 0);
  }
  const Tape<double>::Inference inference(gpt.tape());
  logits_of<double>(gpt, random_tokens(rng, 9, 5));
  EXPECT_TRUE(gpt.ngrams_read().empty());
}

TEST(Gpt, does_not_read_the_ngrams_that_it_drops) {
  SomeGpt<double> some({.n_ctx = 9, .ngram = 3, .ngram_rows = 1000}, 1);
  Rng rng = rng_of(1);
  const std::vector<Token> document = random_tokens(rng, 10, 27);
  Dropout dropout = {.ngram_rate = 0.5};
  TokenBatch batch;
  batch.add(std::span(document).first(9));
  const Block<double> logits = some.gpt.forward(batch, nullptr, &dropout);
  some.tape.backward(mean(cross_entropy(logits, std::span(document).subspan(1, 9))));
  EXPECT_GT(some.gpt.ngrams_read().size(), 2U);
  EXPECT_LT(some.gpt.ngrams_read().size(), 16U);
  for (const std::uint32_t row : some.gpt.ngrams_read()) {
    const auto gradients = some.gpt.ngram_table()->grad().subspan(row * 16, 16);
    EXPECT_TRUE(std::ranges::any_of(gradients, [](double g) { return g != 0; })) << row;
  }
}

TEST(Gpt, the_table_of_ngrams_is_newborn_with_zeros_and_changes_no_other_weight) {
  const auto newborn = [](const GptConfig& config) {
    Tape<double> tape;
    Gpt<double> gpt(tape, config);
    Rng rng(1, Stream::weights, 0);
    gpt.initialise(rng, Init::scaled);
    if (config.has_ngrams()) {
      for (const double weight : gpt.ngram_table()->data()) EXPECT_EQ(weight, 0);
    }
    return copy(gpt.weights());
  };
  EXPECT_TRUE(same_bits(newborn({.ngram = 3, .ngram_rows = 10}), newborn({})));
}

TEST(Gpt, initial_weights_lie_within_a_tenth_and_depend_on_the_stream_alone) {
  const auto weights = [](std::uint64_t seed) {
    Tape<double> tape;
    Gpt<double> gpt(tape, {});
    Rng rng(seed, Stream::weights, 0);
    gpt.initialise(rng);
    return copy(gpt.weights());
  };
  const std::vector<double> first = weights(1);
  EXPECT_TRUE(same_bits(weights(1), first));
  EXPECT_FALSE(same_bits(weights(2), first));
  const auto [least, most] = std::minmax_element(first.begin(), first.end());
  EXPECT_GE(*least, -0.1);
  EXPECT_LT(*least, -0.09);
  EXPECT_LT(*most, 0.1);
  EXPECT_GT(*most, 0.09);
}

TEST(Gpt, sizes_that_are_impossible_throw) {
  Tape<double> tape;
  const auto message = [&](const GptConfig& config) {
    return error_of([&] { Gpt<double>(tape, config); });
  };
  EXPECT_TRUE(contains(message({.n_emb = 18, .n_head = 4}), "n_emb (18)"));
  EXPECT_TRUE(contains(message({.n_vocab = 0}), "positive"));
  EXPECT_TRUE(contains(message({.n_emb = 0}), "positive"));
  EXPECT_TRUE(contains(message({.n_ctx = 0}), "positive"));
  EXPECT_TRUE(contains(message({.n_layer = 0}), "positive"));
  EXPECT_TRUE(contains(message({.n_head = 0}), "positive"));
  EXPECT_TRUE(contains(message({.n_ff_exp = 0}), "positive"));
  EXPECT_EQ(tape.value_count(), 0U);
  EXPECT_NO_THROW(validate(GptConfig{}));
}

TEST(Gpt, tokens_and_positions_that_it_does_not_have_throw) {
  SomeGpt<double> some({.n_vocab = 5, .n_ctx = 3}, 1);
  EXPECT_TRUE(contains(error_of([&] {
                         logits_of(some.gpt, std::vector<Token>{0, 5});
                       }),
                       "token 5"));
  EXPECT_TRUE(contains(error_of([&] {
                         logits_of(some.gpt, std::vector<Token>{0, 1, 2, 3});
                       }),
                       "position 3"));
}

TYPED_TEST(GptOf, a_changed_token_leaves_earlier_logits_bit_for_bit) {
  for (const GptConfig& config : some_configs()) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      SCOPED_TRACE(fmt::format("{}, seed {}", describe(config), seed));
      SomeGpt<TypeParam> some(config, seed);
      Rng rng = rng_of(seed);
      std::vector<Token> tokens = random_tokens(rng, config.n_ctx, config.n_vocab);
      const std::vector<TypeParam> before = logits_of(some.gpt, tokens);
      const std::size_t changed = rng.below(config.n_ctx);
      tokens[changed] = static_cast<Token>((tokens[changed] + 1) % config.n_vocab);
      const std::vector<TypeParam> after = logits_of(some.gpt, tokens);
      const auto earlier = [&](const std::vector<TypeParam>& logits) {
        const auto end = logits.begin() + static_cast<std::ptrdiff_t>(changed * config.n_vocab);
        return std::vector<TypeParam>(logits.begin(), end);
      };
      EXPECT_TRUE(same_bits(earlier(after), earlier(before)));
      EXPECT_FALSE(same_bits(after, before));
    }
  }
}

TYPED_TEST(GptOf, a_cache_gives_the_same_bits_as_the_whole_sequence_at_once) {
  for (const GptConfig& config : some_configs()) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      SCOPED_TRACE(fmt::format("{}, seed {}", describe(config), seed));
      SomeGpt<TypeParam> some(config, seed);
      Rng rng = rng_of(seed);
      const std::vector<Token> tokens = random_tokens(rng, config.n_ctx, config.n_vocab);
      const std::vector<TypeParam> whole = logits_of(some.gpt, tokens);

      const typename Tape<TypeParam>::Scope scope(some.tape);
      const typename Tape<TypeParam>::Inference inference(some.tape);
      KvCache<TypeParam> cache(config);
      std::vector<std::uint32_t> before;
      std::vector<TypeParam> in_pieces;
      TokenBatch batch;
      while (cache.rows() < tokens.size()) {
        const std::size_t read = cache.rows(), left = tokens.size() - read;
        // One token at a time, as in speech; then also several at once.
        const std::size_t piece = seed == 0 ? 1 : 1 + rng.below(left);
        batch.clear();
        batch.add_after(before, std::span(tokens).subspan(read, piece), read);
        const Block<TypeParam> logits = some.gpt.forward(batch, &cache);
        in_pieces.insert(in_pieces.end(), logits.data().begin(), logits.data().end());
        EXPECT_EQ(cache.rows(), read + piece);
        while (before.size() < cache.rows()) before.push_back(std::uint32_t(before.size()));
      }
      EXPECT_TRUE(same_bits(in_pieces, whole));
    }
  }
}

TYPED_TEST(GptOf, a_batch_gives_each_sequence_the_same_bits_as_alone) {
  for (const GptConfig& config : some_configs()) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      SCOPED_TRACE(fmt::format("{}, seed {}", describe(config), seed));
      SomeGpt<TypeParam> some(config, seed);
      Rng rng = rng_of(seed);
      TokenBatch batch;
      std::vector<TypeParam> alone;
      for (int i = 0; i < 6; ++i) {
        const auto tokens = random_tokens(rng, 1 + rng.below(config.n_ctx), config.n_vocab);
        batch.add(tokens);
        const std::vector<TypeParam> logits = logits_of(some.gpt, tokens);
        alone.insert(alone.end(), logits.begin(), logits.end());
      }
      EXPECT_TRUE(same_bits(copy(some.gpt.forward(batch).data()), alone));
    }
  }
}

TYPED_TEST(GptOf, sequences_that_share_rows_get_the_same_bits_as_alone) {
  for (const GptConfig& config : some_configs()) {
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      SCOPED_TRACE(fmt::format("{}, seed {}", describe(config), seed));
      SomeGpt<TypeParam> some(config, seed);
      Rng rng = rng_of(seed);
      TokenBatch batch;
      std::vector<std::vector<std::uint32_t>> rows;
      std::vector<std::vector<TypeParam>> alone;
      for (int i = 0; i < 12; ++i) {  // of two tokens: many begin alike, some are the same
        const auto tokens = random_tokens(rng, 1 + rng.below(config.n_ctx), 2);
        const std::span<const std::uint32_t> of_sequence = batch.add_shared(tokens);
        rows.emplace_back(of_sequence.begin(), of_sequence.end());
        alone.push_back(logits_of(some.gpt, tokens));
      }
      const Block<TypeParam> logits = some.gpt.forward(batch);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_TRUE(same_bits(copy(gather<TypeParam>(logits, rows[i]).data()), alone[i]));
      }
    }
  }
}

TYPED_TEST(GptOf, every_instruction_set_gives_the_same_logits_and_gradients) {
  const auto outcome = [](const GptConfig& config, Simd simd) {
    Tape<TypeParam> tape(simd);
    Gpt<TypeParam> gpt(tape, config);
    Rng rng = rng_of(1);
    gpt.initialise(rng);
    const std::vector<Token> document = random_tokens(rng, 12, config.n_vocab);
    tape.backward(loss_of<TypeParam>(gpt, document));
    return std::pair(logits_of<TypeParam>(gpt, std::span(document).first(3)), all_gradients(gpt));
  };
  for (const GptConfig& config : some_configs()) {
    if (config.n_ctx < 3) continue;
    SCOPED_TRACE(describe(config));
    const auto [logits, gradients] = outcome(config, Simd::portable);
    for (const Simd simd : supported_simd()) {
      SCOPED_TRACE(name(simd));
      EXPECT_TRUE(same_bits(outcome(config, simd).first, logits));
      EXPECT_TRUE(same_bits(outcome(config, simd).second, gradients));
    }
  }
}

TYPED_TEST(GptOf, a_cache_holds_the_rows_of_several_sequences) {
  for (const GptConfig& config : some_configs()) {
    SCOPED_TRACE(describe(config));
    SomeGpt<TypeParam> some(config, 1);
    if (config.n_ctx < 3) continue;
    const typename Tape<TypeParam>::Scope scope(some.tape);
    const typename Tape<TypeParam>::Inference inference(some.tape);
    KvCache<TypeParam> cache(config);
    const std::vector<Token> first = {0, 1, 0}, second = {0, 1, 1}, third = {0, 0};
    TokenBatch batch;
    batch.add_after({}, std::span(first).first(1), 0);  // row 0: they all begin with it
    some.gpt.forward(batch, &cache);
    batch.clear();
    const std::vector<std::uint32_t> common = {0};
    batch.add_after(common, std::span(third).subspan(1), 1);  // row 1
    batch.add_after(common, std::span(first).subspan(1), 1);  // rows 2 and 3
    batch.add_after(common, std::span(second).subspan(1), 1);
    const std::vector<TypeParam> logits = copy(some.gpt.forward(batch, &cache).data());
    EXPECT_EQ(cache.rows(), 6U);
    std::vector<TypeParam> alone;
    for (const auto& tokens : {third, first, second}) {
      const std::vector<TypeParam> whole = logits_of(some.gpt, tokens);
      alone.insert(alone.end(), whole.begin() + std::ptrdiff_t(config.n_vocab), whole.end());
    }
    EXPECT_TRUE(same_bits(logits, alone));
  }
}

TEST(Gpt, scaled_initial_weights_depend_on_the_number_of_inputs_and_branches_begin_at_zero) {
  Tape<double> tape;
  Gpt<double> gpt(tape, {.n_emb = 64, .n_layer = 2, .activation = Activation::swiglu});
  Rng rng = rng_of(1);
  gpt.initialise(rng, Init::scaled);
  for (const NamedBlock<double>& parameter : gpt.parameters()) {
    SCOPED_TRACE(parameter.name);
    double squares = 0, largest = 0;
    for (const double weight : parameter.block.data()) {
      squares += weight * weight;
      largest = std::max(largest, std::abs(weight));
    }
    const bool is_branch = parameter.name.ends_with("wo") || parameter.name.ends_with("fc2");
    const double deviation = std::sqrt(squares / static_cast<double>(parameter.block.size()));
    EXPECT_NEAR(deviation, is_branch ? 0 : 1.0 / 8, 0.01);
    EXPECT_LE(largest, std::sqrt(3.0) / 8);
  }
}

TEST(Gpt, a_cache_has_no_gradients) {
  SomeGpt<double> some({}, 1);
  TokenBatch batch;
  batch.add_after({}, std::vector<Token>{1}, 0);
  KvCache<double> cache({});
  EXPECT_TRUE(contains(error_of([&] { some.gpt.forward(batch, &cache); }), "no gradients"));
}

TEST(TokenBatch, packs_sequences_with_their_positions) {
  TokenBatch batch;
  batch.add(std::vector<Token>{7, 8, 9});
  batch.add(std::vector<Token>{5, 6});
  EXPECT_EQ(batch.tokens, (std::vector<Token>{7, 8, 9, 5, 6}));
  EXPECT_EQ(batch.positions, (std::vector<std::uint32_t>{0, 1, 2, 0, 1}));
  ASSERT_EQ(batch.sequences.size(), 2U);
  EXPECT_EQ(batch.sequences[1].queries, 2U);
  batch.clear();
  EXPECT_TRUE(batch.tokens.empty() && batch.positions.empty() && batch.sequences.empty());
}

TEST(TokenBatch, computes_what_neighbours_begin_with_once) {
  using Rows = std::vector<std::uint32_t>;
  TokenBatch batch;
  const auto rows_of = [&](std::vector<Token> sequence) {
    const std::span<const std::uint32_t> rows = batch.add_shared(sequence);
    return Rows(rows.begin(), rows.end());
  };
  EXPECT_EQ(rows_of({7, 8, 9}), (Rows{0, 1, 2}));
  EXPECT_EQ(rows_of({7, 8, 9}), (Rows{0, 1, 2}));
  EXPECT_EQ(rows_of({7, 8}), (Rows{0, 1}));
  EXPECT_EQ(rows_of({7, 8, 5, 9}), (Rows{0, 1, 3, 4}));
  EXPECT_EQ(rows_of({6}), (Rows{5}));
  EXPECT_EQ(rows_of({7, 8}), (Rows{6, 7}));  // only with the last one
  EXPECT_EQ(batch.tokens, (std::vector<Token>{7, 8, 9, 5, 9, 6, 7, 8}));
  EXPECT_EQ(batch.positions, (Rows{0, 1, 2, 2, 3, 0, 0, 1}));
  EXPECT_EQ(batch.key_rows, (Rows{0, 1, 2, 0, 1, 3, 4, 5, 6, 7}));
  batch.clear();
  EXPECT_TRUE(batch.key_rows.empty());
  EXPECT_EQ(rows_of({7}), (Rows{0}));
}

TEST(Gpt, records_grow_with_layers_and_not_with_positions_or_channels) {
  const auto records = [](const GptConfig& config, std::size_t tokens) {
    SomeGpt<double> some(config, 1);
    Rng rng = rng_of(1);
    loss_of<double>(some.gpt, random_tokens(rng, tokens, config.n_vocab));
    return some.tape.record_count();
  };
  EXPECT_EQ(records({}, 3), 17U);
  EXPECT_EQ(records({}, 16), 17U);
  EXPECT_EQ(records({.n_emb = 64, .n_ff_exp = 2}, 9), 17U);
  EXPECT_EQ(records({.n_layer = 3}, 9), 17U + 2 * 12U);
}

}  // namespace
}  // namespace microgpt::test
