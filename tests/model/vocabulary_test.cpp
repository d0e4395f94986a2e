#include "microgpt/model/vocabulary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "../support/errors.hpp"
#include "../support/numbers.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::test {

using namespace model;
namespace {

TEST(Tokenizer, has_a_name_that_says_it_all) {
  for (const Tokenizer& tokenizer :
       {Tokenizer{}, {TokenKind::bytes}, {TokenKind::bpe, 2}, {TokenKind::bpe, 32'768}}) {
    EXPECT_EQ(parse_tokenizer(to_text(tokenizer)), tokenizer);
  }
  EXPECT_EQ(to_text({TokenKind::bpe, 512}), "bpe:512");
  for (const char* text : {"", "bpe", "bpe:", "bpe:1", "bpe:32769", "bpe:9x", "bpe:-3", "words",
                           "bytes ", "bpe:99999999999"}) {
    const std::string error = error_of([&] { parse_tokenizer(text); });
    EXPECT_TRUE(contains(error, fmt::format("({})", text))) << text;
    EXPECT_TRUE(contains(error, "bpe:N with N from 2 to 32,768"));
  }
}

TEST(Vocabulary, of_characters_numbers_them_and_ends_with_the_delimiter) {
  const Vocabulary vocabulary(U"-abz\u00EB\U0001F600");
  EXPECT_EQ(vocabulary.size(), 7U);
  EXPECT_EQ(vocabulary.delimiter(), 6U);
  EXPECT_EQ(vocabulary.encode("z\u00EB\U0001F600-"), (std::vector<Token>{3, 4, 5, 0}));
  EXPECT_EQ(vocabulary.text(4), "\u00EB");
  EXPECT_EQ(vocabulary.decode(std::vector<Token>{6, 3, 4, 6}), "z\u00EB");
  EXPECT_EQ(length_of("z\u00EB", vocabulary.kind()), 2U);
  EXPECT_EQ(Vocabulary().size(), 1U) << "the delimiter is always there";
}

TEST(CharacterSet, has_each_character_once_in_order) {
  CharacterSet characters;
  characters.add("b\u00EBa");
  characters.add(
      "\U0010FFFF"
      "ab");
  EXPECT_EQ(characters.vocabulary(), Vocabulary(U"ab\u00EB\U0010FFFF"));
  EXPECT_THROW(characters.add("a\xFF"), Error);
}

TEST(Vocabulary, says_what_it_does_not_know) {
  const Vocabulary letters(U"ab\u00EB");
  for (const auto& [text, code] : {std::pair{"a\u00EC", "U+00EC"}, {"c", "U+0063"}}) {
    EXPECT_TRUE(contains(error_of([&, text = text] { letters.encode(text); }), code)) << text;
  }
  const Vocabulary bytes(TokenKind::bytes, "ab\xFF", {});
  EXPECT_TRUE(contains(error_of([&] { bytes.encode("a\xFE"); }), "byte 0xFE"));
  EXPECT_EQ(bytes.encode("\xFF"
                         "a"),
            (std::vector<Token>{2, 0}));
  EXPECT_EQ(length_of("\u00EB", bytes.kind()), 2U) << "its unit is the byte";
}

TEST(Vocabulary, must_be_consistent) {
  EXPECT_THROW(Vocabulary(U"ba"), Error);
  EXPECT_THROW(Vocabulary(U"aa"), Error);
  EXPECT_THROW(Vocabulary(TokenKind::bytes, "ba", {}), Error);
  EXPECT_THROW(Vocabulary(TokenKind::bpe, "ab", {{0, 2}}), Error) << "a merge of its own result";
  EXPECT_NO_THROW(Vocabulary(TokenKind::bpe, "ab", {{0, 1}, {2, 2}}));
  std::vector<Merge> doubling = {{0, 0}};  // to 2, 4, … 256 bytes
  for (Token token = 1; token < 8; ++token) doubling.push_back({token, token});
  EXPECT_NO_THROW(Vocabulary(TokenKind::bpe, "a", doubling));
  doubling.push_back({8, 8});
  EXPECT_TRUE(contains(error_of([&] { Vocabulary(TokenKind::bpe, "a", doubling); }),
                       "merge 9 makes a token of more than 256 bytes"));
}

TEST(Vocabulary, of_a_file_must_be_that_of_the_dataset) {
  const Vocabulary one(TokenKind::bpe, "abc", {{0, 1}, {1, 2}, {3, 2}});
  const Vocabulary other(TokenKind::bpe, "abc", {{0, 1}, {1, 2}, {0, 4}});  // "abc" otherwise
  EXPECT_NO_THROW(require_same_vocabulary(one, one));
  EXPECT_TRUE(contains(error_of([&] { require_same_vocabulary(one, other); }), "merges"));
  EXPECT_TRUE(contains(error_of([&] { require_same_vocabulary(one, Vocabulary(U"abc")); }),
                       "its tokens are bpe, but those of the dataset characters"));
}

/// The merges one after another, each over the whole text.
std::vector<Token> plainly_joined(std::vector<Token> tokens, const Vocabulary& vocabulary) {
  auto made = static_cast<Token>(vocabulary.byte_count());
  for (const auto& [left, right] : vocabulary.merges()) {
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      if (tokens[i] != left || tokens[i + 1] != right) continue;
      tokens[i] = made;
      tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
    ++made;
  }
  return tokens;
}

TEST(Vocabulary, joins_pairs_in_the_order_of_their_merges) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const std::size_t letters = 1 + rng.below(4);
    std::set<Merge> distinct;
    std::vector<Merge> merges;
    for (std::size_t i = 0; i < rng.below(12); ++i) {
      const std::size_t tokens = letters + merges.size();
      const Merge merge = {static_cast<Token>(rng.below(tokens)),
                           static_cast<Token>(rng.below(tokens))};
      if (distinct.insert(merge).second) merges.push_back(merge);
    }
    const Vocabulary vocabulary(TokenKind::bpe, std::string_view("abcd").substr(0, letters),
                                merges);
    std::string text;
    std::vector<Token> bytes;
    for (std::size_t length = rng.below(40); length > 0; --length) {
      bytes.push_back(static_cast<Token>(rng.below(letters)));
      text += "abcd"[bytes.back()];
    }
    const std::vector<Token> tokens = vocabulary.encode(text);
    EXPECT_EQ(tokens, plainly_joined(bytes, vocabulary));
    EXPECT_EQ(vocabulary.decode(tokens), text);
  }
}

TEST(Vocabulary, decoding_gives_back_the_encoded_text) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    std::u32string text;
    while (text.size() < 1 + seed % 12) {
      const auto point = static_cast<char32_t>(0x21 + (rng.below(0x10FFDF) >> rng.below(21)));
      if (point < 0xD800 || point > 0xDFFF) text.push_back(point);
    }
    std::u32string characters = text;
    std::ranges::sort(characters);
    characters.erase(std::unique(characters.begin(), characters.end()), characters.end());
    const Vocabulary vocabulary(characters);
    const std::vector<Token> tokens = vocabulary.encode(encode_utf8(text));
    EXPECT_EQ(vocabulary.decode(tokens), encode_utf8(text));
    EXPECT_EQ(tokens.size(), text.size());
    EXPECT_EQ(length_of(encode_utf8(text), vocabulary.kind()), text.size());
  }
}

}  // namespace
}  // namespace microgpt::test
