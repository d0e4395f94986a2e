#include "microgpt/training/text_statistics.hpp"

#include <gtest/gtest.h>

#include <map>
#include <span>

#include "microgpt/core/text.hpp"
#include "support/corpus.hpp"
#include "support/numbers.hpp"

namespace microgpt::test {

using namespace training;
namespace {

/// Counted in a map, token by token.
double plain_unique_ngrams(const Documents& documents, Token delimiter, std::size_t order) {
  std::map<std::vector<Token>, std::size_t> counts;
  double all = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    std::vector<Token> padded(order - 1, delimiter);
    for (const Token token : documents[i]) padded.push_back(token);
    for (auto end = padded.begin() + static_cast<std::ptrdiff_t>(order); end != padded.end();
         ++all) {
      ++end;
      ++counts[{end - static_cast<std::ptrdiff_t>(order), end}];
    }
  }
  double unique = 0;
  for (const auto& [gram, count] : counts) unique += count == 1;
  return unique / all;
}

TEST(TextStatistics, count_what_there_is_to_learn_from) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng = rng_of(seed);
    std::vector<std::string> texts(50);
    for (std::string& text : texts) {
      for (std::size_t length = 1 + rng.below(12); text.size() < length;) {
        text += static_cast<char>('a' + rng.below(3));
      }
    }
    const Dataset dataset = split(texts, seed);
    const TextStatistics found = statistics_of(dataset);
    EXPECT_EQ(found.tokens, dataset.training.prediction_count());
    EXPECT_EQ(found.documents, dataset.training.size());
    EXPECT_DOUBLE_EQ(found.unique_ngrams,
                     plain_unique_ngrams(dataset.training, dataset.vocabulary.delimiter(), 5));
  }
}

TEST(TextStatistics, know_what_is_repeated_from_what_is_new) {
  std::vector<std::string> same, other;
  Rng rng = rng_of(1);
  for (int i = 0; i < 60; ++i) {
    same.push_back(fmt::format("the beginning is the same, the end is {}", i));
    std::string& text = other.emplace_back();
    while (text.size() < 12) text += static_cast<char>('a' + rng.below(26));
  }
  EXPECT_LT(statistics_of(split(same, 1)).unique_ngrams, 0.05);
  EXPECT_GT(statistics_of(split(other, 1)).unique_ngrams, 0.8);
}

// Five tokens of such a vocabulary would not fit into 64 bits.
TEST(TextStatistics, of_a_large_vocabulary_count_shorter_ngrams) {
  std::vector<std::string> texts;
  for (char32_t c = 0x4e00; c < 0x4e00 + 9000; c += 3) {
    const char32_t text[] = {c, c + 1, c + 2, U'a', U'b', U'c', U'd'};  // four at the end
    texts.push_back(encode_utf8(std::u32string_view(text, 7)));
  }
  const Dataset dataset = split(texts, 1);
  EXPECT_DOUBLE_EQ(statistics_of(dataset).unique_ngrams,
                   plain_unique_ngrams(dataset.training, dataset.vocabulary.delimiter(), 4));
}

}  // namespace
}  // namespace microgpt::test
