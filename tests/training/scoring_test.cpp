#include "microgpt/training/scoring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "../support/corpus.hpp"
#include "../support/gpts.hpp"

namespace microgpt::test {

using namespace training;
namespace {

/// How many tokens the t-th one of a document is predicted from, counting from 1: all before it in
/// the first window; later the window moves on by a stride.
std::size_t context_of(std::size_t t, std::size_t predictions, std::size_t n_ctx) {
  if (t <= n_ctx) return t;
  const bool slides = predictions <= 32;
  const std::size_t stride = slides ? 1 : std::max<std::size_t>(1, n_ctx / 2);
  const std::size_t end = std::min(predictions, n_ctx + (t - n_ctx + stride - 1) / stride * stride);
  return n_ctx - (end - t);
}

/// The mean over all predictions, each from its own forward pass over the tokens before it.
double naive_held_out_loss(Gpt<double>& gpt, const Documents& documents) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::vector<Token> document = documents[i];
    for (std::size_t t = 1; t < document.size(); ++t, ++count) {
      const std::size_t context = context_of(t, document.size() - 1, gpt.config().n_ctx);
      const auto logits = logits_of(gpt, std::span(document).subspan(t - context, context));
      const std::size_t last = logits.size() - gpt.config().n_vocab;
      double exponentials = 0;
      for (std::size_t c = last; c < logits.size(); ++c) exponentials += std::exp(logits[c]);
      sum += std::log(exponentials) - logits[last + document[t]];
    }
  }
  return sum / static_cast<double>(count);
}

std::string random_text(Rng& rng, std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text.push_back(static_cast<char>('a' + rng.below(26)));
  return text;
}

TEST(HeldOutLoss, equals_the_naive_mean_over_single_predictions) {
  for (const std::size_t context : {1U, 2U, 5U, 8U, 16U, 24U}) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      SCOPED_TRACE(fmt::format("context {}, seed {}", context, seed));
      SomeGpt<double> some({.n_ctx = context, .n_layer = 1 + seed % 2}, seed);
      Rng rng = rng_of(seed);
      Documents documents;  // shorter than the context, as long, and longer
      for (int i = 0; i < 30; ++i)
        documents.add(random_text(rng, 1 + rng.below(i % 3 == 0 ? 120 : 20)), letters());
      EXPECT_TRUE(close(held_out_loss(some.gpt, documents),
                        naive_held_out_loss(some.gpt, documents), 1e-12));
    }
  }
}

// Documents share the rows of common prefixes; the order of the losses is unchanged.
TEST(HeldOutLoss, of_documents_that_begin_alike_has_the_bits_of_each_alone) {
  for (const std::size_t context : {1U, 3U, 8U}) {
    SCOPED_TRACE(fmt::format("context {}", context));
    SomeGpt<double> some({.n_ctx = context}, context);
    Rng rng = rng_of(context);
    Documents documents;
    double sum = 0;
    for (int i = 0; i < 200; ++i) {
      std::string text;
      for (std::size_t n = 1 + rng.below(12); n > 0; --n) {
        text.push_back(static_cast<char>('a' + rng.below(2)));
      }
      documents.add(text, letters());
    }
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const std::vector<Token> document = documents[i];
      for (std::size_t t = 1; t < document.size(); ++t) {
        const std::size_t seen = std::min(t, context);
        const typename Tape<double>::Scope scope(some.tape);
        TokenBatch batch;
        batch.add(std::span(document).subspan(t - seen, seen));
        const auto losses =
            cross_entropy(some.gpt.forward(batch), std::span(document).subspan(t - seen + 1, seen));
        sum += losses.data().back();
      }
    }
    EXPECT_EQ(held_out_loss(some.gpt, documents),
              sum / static_cast<double>(documents.prediction_count()));
  }
}

TEST(HeldOutLoss, slides_the_context_over_a_long_document) {
  Rng rng = rng_of(1);
  Documents documents;
  documents.add(random_text(rng, 500), letters());
  for (const std::size_t context : {1U, 7U, 16U}) {
    SomeGpt<double> some({.n_ctx = context}, context);
    EXPECT_TRUE(
        close(held_out_loss(some.gpt, documents), naive_held_out_loss(some.gpt, documents), 1e-12));
  }
}

// Every document counts as many times as it has predictions, whichever others share its pass.
TEST(HeldOutLoss, is_the_mean_over_documents_weighted_by_their_predictions) {
  SomeGpt<double> some({.n_ctx = 6}, 1);
  const Documents names = some_names();
  double sum = 0, predictions = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::vector<Token> name = names[i];
    std::string text;
    for (const Token token : std::span(name).subspan(1, name.size() - 2))
      text.push_back(static_cast<char>('a' + token));
    Documents alone;
    alone.add(text, letters());
    ASSERT_TRUE(std::ranges::equal(alone[0], name));
    const double count = static_cast<double>(alone.prediction_count());
    sum += held_out_loss(some.gpt, alone) * count;
    predictions += count;
  }
  EXPECT_EQ(predictions, static_cast<double>(names.prediction_count()));
  EXPECT_TRUE(close(held_out_loss(some.gpt, names), sum / predictions, 1e-13));
}

// Two vocabularies are compared by the characters that they predict, not by their tokens.
TEST(HeldOutLoss, is_of_a_character_where_tokens_are_several) {
  const Vocabulary pairs(TokenKind::bpe, "ab\xA9\xC3", {{0, 1}, {3, 2}, {4, 5}});
  Documents documents;
  documents.add("ab\u00E9ab", pairs);  // two tokens and an end, of five characters and an end
  ASSERT_EQ(documents.prediction_count(), 3U);
  SomeGpt<double> some({.n_vocab = pairs.size()}, 1);
  const std::vector<double> losses = token_losses(some.gpt, documents);
  EXPECT_DOUBLE_EQ(held_out_loss(some.gpt, documents), (losses[0] + losses[1] + losses[2]) / 6);
}

TEST(HeldOutLoss, is_the_training_loss_for_a_document_within_the_context) {
  SomeGpt<double> some({}, 1);
  const Documents documents = documents_of({"carimo"});
  EXPECT_TRUE(close(held_out_loss(some.gpt, documents),
                    loss_of<double>(some.gpt, documents[0]).data(), 1e-14));
}

TEST(HeldOutLoss, records_nothing_and_leaves_the_tape_as_it_was) {
  SomeGpt<double> some({}, 1);
  const std::size_t values = some.tape.value_count();
  held_out_loss(some.gpt, some_names());
  EXPECT_EQ(some.tape.value_count(), values);
  EXPECT_EQ(some.tape.record_count(), 0U);
}

TEST(HeldOutLoss, every_instruction_set_gives_the_same_bits) {
  const auto loss = [](Simd simd) {
    Tape<double> tape(simd);
    Gpt<double> gpt(tape, {});
    Rng rng = rng_of(1);
    gpt.initialise(rng);
    return held_out_loss(gpt, some_names());
  };
  for (const Simd simd : supported_simd())
    EXPECT_EQ(loss(simd), loss(Simd::portable)) << name(simd);
}

TEST(HeldOutLoss, of_a_model_without_a_preference_is_the_uniform_loss) {
  SomeGpt<double> some({}, 1, 0);
  EXPECT_TRUE(close(held_out_loss(some.gpt, some_names()), std::log(27.0), 1e-14));
}

}  // namespace
}  // namespace microgpt::test
