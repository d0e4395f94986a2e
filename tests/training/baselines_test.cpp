#include "microgpt/training/baselines.hpp"
#include "microgpt/core/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "support/corpus.hpp"
#include "support/numbers.hpp"

namespace microgpt::test {

using namespace training;
namespace {

TEST(UniformLoss, is_the_logarithm_of_the_vocabulary) {
  EXPECT_TRUE(close(uniform_loss(letters()), std::log(27.0), 1e-15));
  EXPECT_TRUE(close(uniform_loss(Vocabulary(U"ab")), std::log(3.0), 1e-15));
}

// Training on "ab" and "b", with . as the delimiter: the pairs are .a ab b. .b b. , so . and b come
// first twice, a once; the vocabulary has 3 tokens.
TEST(BigramLoss, equals_an_example_worked_out_by_hand) {
  Dataset dataset;
  dataset.vocabulary = Vocabulary(U"ab");
  dataset.training.add("ab", dataset.vocabulary);
  dataset.training.add("b", dataset.vocabulary);
  Documents documents;
  documents.add("ab", dataset.vocabulary);  // P(a|.) = 2/5, P(b|a) = 2/4, P(.|b) = 3/5
  documents.add("aa", dataset.vocabulary);  // P(a|.) = 2/5, P(a|a) = 1/4, P(.|a) = 1/4
  const double expected = -(std::log(2 / 5.0) + std::log(2 / 4.0) + std::log(3 / 5.0) +
                            std::log(2 / 5.0) + std::log(1 / 4.0) + std::log(1 / 4.0)) /
                          6;
  EXPECT_TRUE(close(bigram_loss(dataset, documents), expected, 1e-15));
}

TEST(BigramLoss, without_training_is_the_uniform_loss) {
  Dataset dataset;
  dataset.vocabulary = letters();
  EXPECT_TRUE(close(bigram_loss(dataset, some_names()), std::log(27.0), 1e-14));
}

/// Modified Kneser-Ney smoothing by its definition, with maps of strings of tokens.
class PlainNgrams {
 public:
  using Text = std::vector<Token>;

  PlainNgrams(const Documents& training, Token delimiter, std::size_t vocabulary, std::size_t order)
      : delimiter_(delimiter), vocabulary_(vocabulary), counts_(order + 1) {
    for (std::size_t k = 1; k <= order; ++k) {
      std::map<Text, std::set<Token>> before;
      for (std::size_t d = 0; d < training.size(); ++d) {
        for (std::size_t t = 1; t < training[d].size(); ++t) {
          const Text gram = text(training[d], t, k);
          counts_[k][gram] += 1;
          before[gram].insert(text(training[d], t, k + 1).front());
        }
      }
      for (auto& [gram, count] : counts_[k]) {
        const bool begins = k > 1 && gram.front() == delimiter;
        if (k < order && !begins) count = static_cast<double>(before[gram].size());
      }
    }
  }

  double probability(std::span<const Token> document, std::size_t t, std::size_t k) const {
    if (k == 0) return 1 / static_cast<double>(vocabulary_);
    const Text gram = text(document, t, k);
    double total = 0, left = 0, own = 0;
    for (const auto& [other, count] : counts_[k]) {
      if (!std::equal(other.begin(), other.end() - 1, gram.begin())) continue;
      total += count;
      left += discount(k, count);
      if (other == gram) own = count - discount(k, count);
    }
    const double lower = probability(document, t, k - 1);
    return total == 0 ? lower : (own + left * lower) / total;
  }

  double loss(const Documents& documents) const {
    double sum = 0;
    for (std::size_t d = 0; d < documents.size(); ++d) {
      for (std::size_t t = 1; t < documents[d].size(); ++t) {
        sum -= std::log(probability(documents[d], t, counts_.size() - 1));
      }
    }
    return sum / static_cast<double>(documents.prediction_count());
  }

 private:
  Text text(std::span<const Token> document, std::size_t t, std::size_t k) const {
    Text gram;
    for (std::size_t back = k; back-- > 0;) {
      gram.push_back(t >= back ? document[t - back] : delimiter_);
    }
    return gram;
  }

  double discount(std::size_t k, double count) const {
    const auto with = [&](double n) {
      return static_cast<double>(
          std::ranges::count_if(counts_[k], [&](const auto& each) { return each.second == n; }));
    };
    const double y = with(1) / (with(1) + 2 * with(2)), i = std::min(count, 3.0);
    const double found = i - (i + 1) * y * with(i + 1) / with(i);
    return found > 0 && found < i ? found : 0.5;
  }

  Token delimiter_;
  std::size_t vocabulary_;
  std::vector<std::map<Text, double>> counts_;  // by order
};

/// Names of letters that depend on the two before them.
Documents random_documents(const Vocabulary& vocabulary, std::size_t count, Rng& rng) {
  Documents documents;
  for (std::size_t i = 0; i < count; ++i) {
    std::string name;
    std::size_t a = 0, b = 0;
    for (std::size_t length = 1 + rng.below(7); name.size() < length;) {
      const std::size_t c = rng.below(4) == 0 ? rng.below(6) : (a + 2 * b + 1) % 6;
      name.push_back(static_cast<char>('a' + c));
      a = b, b = c;
    }
    documents.add(name, vocabulary);
  }
  return documents;
}

TEST(NgramBaseline, is_modified_kneser_ney_smoothing_of_the_best_order) {
  const Vocabulary vocabulary(U"abcdef");
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Rng rng = rng_of(seed);
    Dataset dataset;
    dataset.vocabulary = vocabulary;
    dataset.training = random_documents(vocabulary, 60, rng);
    dataset.validation = random_documents(vocabulary, 15, rng);
    dataset.test = random_documents(vocabulary, 15, rng);
    const NgramBaseline found = ngram_baseline(dataset);
    double lowest = 100;
    std::size_t best = 0;
    for (std::size_t order = 1; order <= best + 2 || order == 1; ++order) {
      const PlainNgrams model(dataset.training, vocabulary.delimiter(), vocabulary.size(), order);
      const double loss = model.loss(dataset.validation);
      if (loss < lowest) lowest = loss, best = order;
    }
    EXPECT_EQ(found.order, best);
    EXPECT_NEAR(found.validation, lowest, 1e-12);
    const PlainNgrams model(dataset.training, vocabulary.delimiter(), vocabulary.size(), best);
    EXPECT_NEAR(found.test, model.loss(dataset.test), 1e-12);
    EXPECT_LT(found.validation, bigram_loss(dataset, dataset.validation));
  }
}

TEST(NgramBaseline, needs_no_more_than_64_bits) {
  std::u32string characters;
  for (char32_t c = 0x4e00; c < 0x4e00 + 5000; ++c) characters.push_back(c);
  Dataset dataset;
  dataset.vocabulary = Vocabulary(characters);
  for (Documents* part : {&dataset.training, &dataset.validation, &dataset.test}) {
    part->add(encode_utf8(characters.substr(0, 50)), dataset.vocabulary);
  }
  const NgramBaseline found = ngram_baseline(dataset);
  EXPECT_LE(found.order, 5U);
  EXPECT_GT(found.order, 1U);
  EXPECT_LT(found.test, 2);
}

TEST(NgramBaseline, counts_as_much_as_it_is_told_to) {
  Dataset dataset =
      split({"aab",  "aba",  "abb", "bab", "bba", "baa", "aaab", "abab", "bbbb", "aaaa",
             "abba", "baab", "b",   "a",   "ab",  "ba",  "bb",   "aa",   "bbb",  "aaa"},
            1);
  const NgramBaseline all = ngram_baseline(dataset), few = ngram_baseline(dataset, 5);
  EXPECT_NE(all.test, few.test);
  dataset.training = Documents();
  EXPECT_DOUBLE_EQ(ngram_baseline(dataset).test, uniform_loss(dataset.vocabulary));
}

// Whatever a text is cut into, counting does its best with it, in the same unit.
TEST(Baselines, of_byte_pairs_are_those_of_their_characters) {
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < 60; ++i) {
    Rng rng = rng_of(i);
    std::string name;
    for (std::size_t length = 1 + i % 7; length > 0; --length) {
      name += std::vector<std::string>{"a", "b", "\u00E9", "n ", "\u4E00"}[rng.below(5)];
    }
    names.push_back(name);
  }
  for (const DocumentKind kind : {DocumentKind::lines, DocumentKind::stream}) {
    const Corpus corpus = corpus_of(names, kind);
    const Baselines expected = baselines_of(training::split(corpus, 1));
    const Baselines found = baselines_of(training::split(corpus, 1, {TokenKind::bpe, 20}));
    EXPECT_EQ(found.uniform, expected.uniform);
    EXPECT_EQ(found.bigram_validation, expected.bigram_validation);
    EXPECT_EQ(found.bigram_test, expected.bigram_test);
    EXPECT_EQ(found.ngram, expected.ngram);
    EXPECT_GT(found.bigram_test, 0);
  }
}

}  // namespace
}  // namespace microgpt::test
