#include "microgpt/evolution/creature.hpp"
#include "microgpt/core/text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "../support/corpus.hpp"
#include "../support/errors.hpp"
#include "microgpt/model/weights.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

const GptGenome kSmall = {
    .n_emb = 8, .n_head = 2, .n_ctx = 8, .n_ff_exp = 1, .lr = 0.02, .steps = 50};

/// Documents of one to four letters out of three.
Dataset letters_of(std::u32string_view letters) {
  std::vector<std::string> documents;
  for (std::uint64_t i = 0; i < 60; ++i) {
    Rng rng(i, Stream::breeding, 0);
    std::string document;
    for (std::size_t length = 1 + i % 4; length > 0; --length) {
      document += encode_utf8(letters.substr(rng.below(letters.size()), 1));
    }
    documents.push_back(document);
  }
  return split(documents, 1);
}

TEST(CreatureWeights, who_starts_from_the_same_weights_ends_with_the_same) {
  const Dataset data = letters_of(U"abß");
  for (const Precision precision : {Precision::f64, Precision::f32}) {
    Creature one(kSmall, data, precision, 1), other(kSmall, data, precision, 1);
    const std::string initial = to_bytes(one.weights());
    other.train();
    Creature again(kSmall, data, precision, 1);
    again.set_weights(other.weights());
    EXPECT_NE(to_bytes(again.weights()), initial);
    EXPECT_EQ(again.speak(5, 0.5), other.speak(5, 0.5));
    EXPECT_EQ(again.loss(data.validation), other.loss(data.validation));

    again.set_weights(parse_weights("w", initial));
    EXPECT_EQ(to_bytes(again.weights()), initial);
    again.train();
    EXPECT_EQ(to_bytes(again.weights()), to_bytes(other.weights()));
  }
}

TEST(CreatureWeights, come_with_vocabulary_seed_and_sizes) {
  const Dataset data = letters_of(U"abß");
  const WeightFile file = Creature(kSmall, data, Precision::f32, 7).weights();
  EXPECT_EQ(file.vocabulary, Vocabulary(U"abß"));
  EXPECT_EQ(file.seed, 7U);
  EXPECT_EQ(file.type, NumberType::f32);
  EXPECT_EQ(file.config.n_vocab, 4U);
  EXPECT_EQ(file.config.n_head, 2U);
}

TEST(CreatureWeights, of_another_vocabulary_are_refused) {
  const Dataset data = letters_of(U"abß"), more = letters_of(U"abcß"), other = letters_of(U"abc");
  const WeightFile file = Creature(kSmall, data, Precision::f64, 1).weights();
  const auto message = [&](const Dataset& dataset) {
    Creature creature(kSmall, dataset, Precision::f64, 1);
    return error_of([&] { creature.set_weights(file); });
  };
  EXPECT_EQ(message(more),
            "the vocabulary has 3 characters, but that of the dataset has 4 characters");
  EXPECT_EQ(message(other), "token 2 of the vocabulary is \"ß\", but in the dataset it is \"c\"");
}

// A worker keeps its memory from one organism to the next, and nothing else of it.
TEST(Creature, is_the_same_whoever_lived_before_it) {
  const Dataset data = letters_of(U"abß");
  const auto weights = [&](const Genome& genome, Precision precision) {
    Creature creature(genome, data, precision, 1);
    creature.train();
    return to_bytes(creature.weights());
  };
  GptGenome large = kSmall;
  large.n_emb = 32, large.n_layer = 3, large.n_ctx = 4;
  for (const Precision precision : {Precision::f64, Precision::f32}) {
    const std::string first = weights(kSmall, precision);
    const std::string of_large = weights(large, precision);
    EXPECT_EQ(weights(kSmall, precision), first);
    EXPECT_EQ(weights(large, precision), of_large);
    Creature half_trained(large, data, precision, 2);
    half_trained.step();
    EXPECT_EQ(weights(kSmall, precision), first);  // beside a living one
  }
}

TEST(Creature, replicates_have_initial_weights_and_an_order_of_documents_of_their_own) {
  const Dataset data = letters_of(U"abß");
  Creature search(kSmall, data, Precision::f64, 1), first(kSmall, data, Precision::f64, 1, 1);
  const WeightFile initial = search.weights();
  EXPECT_NE(to_bytes(first.weights()), to_bytes(initial));
  first.set_weights(initial);  // what is left is the order
  search.train();
  first.train();
  EXPECT_NE(to_bytes(first.weights()), to_bytes(search.weights()));
}

}  // namespace
}  // namespace microgpt::test
