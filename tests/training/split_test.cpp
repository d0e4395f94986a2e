#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "../support/corpus.hpp"
#include "../support/errors.hpp"
#include "../support/numbers.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::test {

using namespace training;
namespace {

using Texts = std::vector<std::string>;

/// `count` different documents.
Texts numbered(std::size_t count) {
  Texts texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(std::to_string(i));
  return texts;
}

std::multiset<std::string> texts_of(const Documents& documents, const Vocabulary& vocabulary) {
  std::multiset<std::string> texts;
  for (std::size_t i = 0; i < documents.size(); ++i) texts.insert(vocabulary.decode(documents[i]));
  return texts;
}

struct Sizes {
  std::size_t documents, training, validation, test;
};

TEST(Split, holds_out_a_tenth_or_a_thousand_for_validation_and_for_test) {
  for (const Sizes& sizes : {Sizes{10, 8, 1, 1},
                             {19, 17, 1, 1},
                             {20, 16, 2, 2},
                             {9999, 8001, 999, 999},
                             {10'000, 8000, 1000, 1000},
                             {12'345, 10'345, 1000, 1000}}) {
    SCOPED_TRACE(fmt::format("{} documents", sizes.documents));
    const Dataset dataset = split(numbered(sizes.documents), 1);
    EXPECT_EQ(dataset.training.size(), sizes.training);
    EXPECT_EQ(dataset.validation.size(), sizes.validation);
    EXPECT_EQ(dataset.test.size(), sizes.test);
  }
}

TEST(Split, of_too_few_documents_throws_with_their_number) {
  EXPECT_TRUE(contains(error_of([] { split(Texts(), 1); }), "0 documents"));
  EXPECT_TRUE(contains(error_of([] { split(numbered(9), 1); }), "9 documents"));
  EXPECT_TRUE(contains(error_of([] { split(Texts(50, "anna"), 1); }), "50 documents"))
      << "all of them are the same";
}

TEST(Split, no_held_out_document_is_in_another_part_even_if_the_file_repeats_it) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const std::size_t different = 100 + rng.below(100);
    Texts documents = numbered(different);
    for (std::size_t i = rng.below(200); i > 0; --i) {
      documents.push_back(documents[rng.below(different)]);
    }
    const Dataset dataset = split(documents, seed);
    const auto training = texts_of(dataset.training, dataset.vocabulary);
    const auto validation = texts_of(dataset.validation, dataset.vocabulary);
    const auto test = texts_of(dataset.test, dataset.vocabulary);
    EXPECT_EQ(test.size(), documents.size() / 10);
    EXPECT_EQ(validation.size(), documents.size() / 10);
    for (const std::string& text : validation) EXPECT_FALSE(test.contains(text)) << text;
    for (const std::string& text : training) {
      EXPECT_FALSE(test.contains(text) || validation.contains(text)) << text;
    }
    // Nothing else is lost: all other documents are in the training part, repetitions included.
    std::multiset<std::string> rest;
    for (const std::string& document : documents) rest.insert(document);
    for (const auto& held_out : {test, validation}) {
      for (const std::string& text : held_out) rest.erase(text);
    }
    EXPECT_EQ(training, rest);
  }
}

TEST(Split, depends_on_the_seed_alone) {
  const Texts documents = numbered(200);
  const Dataset first = split(documents, 7), again = split(documents, 7),
                other = split(documents, 8);
  EXPECT_EQ(first.training, again.training);
  EXPECT_EQ(first.validation, again.validation);
  EXPECT_EQ(first.test, again.test);
  EXPECT_NE(first.training, other.training);
  EXPECT_NE(first.validation, other.validation);
  EXPECT_NE(first.test, other.test);
}

TEST(Split, shuffles_so_that_every_part_comes_from_the_whole_file) {
  const Dataset dataset = split(numbered(1000), 1);
  const auto late_half = [&](const Documents& part) {
    std::size_t late = 0;
    for (const std::string& text : texts_of(part, dataset.vocabulary)) {
      if (std::stoul(text) >= 500) ++late;
    }
    return static_cast<double>(late) / static_cast<double>(part.size());
  };
  EXPECT_NEAR(late_half(dataset.training), 0.5, 0.1);
  EXPECT_NEAR(late_half(dataset.validation), 0.5, 0.25);
  EXPECT_NEAR(late_half(dataset.test), 0.5, 0.25);
}

// A vocabulary of the training part alone could not spell every held-out document.
TEST(Split, the_vocabulary_knows_the_characters_of_all_parts) {
  Texts documents = numbered(10);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(split(documents, seed).vocabulary.characters(), U"0123456789") << "seed " << seed;
  }
}

}  // namespace
}  // namespace microgpt::test
