#include "microgpt/training/byte_pairs.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "../support/numbers.hpp"

namespace microgpt::test {

using namespace training;
namespace {

constexpr std::string_view kBytes = "\n abc";  // sorted

bool is_space(char c) { return c == ' ' || c == '\n'; }

/// Counts all pairs anew before each merge.
std::vector<Merge> plain_merges(std::vector<std::vector<Token>> sequences, std::size_t count) {
  std::vector<std::string> texts;
  for (const char byte : kBytes) texts.emplace_back(1, byte);
  std::vector<Merge> merges;
  while (merges.size() < count) {
    std::map<Merge, int> counts;
    for (const std::vector<Token>& sequence : sequences) {
      for (std::size_t i = 1; i < sequence.size(); ++i) {
        const std::string &left = texts[sequence[i - 1]], &right = texts[sequence[i]];
        if (!is_space(left.back()) && is_space(right.front())) continue;
        ++counts[{sequence[i - 1], sequence[i]}];
      }
    }
    Merge best;
    int most = 1;
    for (const auto& [pair, times] : counts) {
      if (times > most) best = pair, most = times;
    }
    if (most == 1) break;
    for (std::vector<Token>& sequence : sequences) {
      for (std::size_t i = 0; i + 1 < sequence.size(); ++i) {
        if (sequence[i] != best.first || sequence[i + 1] != best.second) continue;
        sequence[i] = static_cast<Token>(texts.size());
        sequence.erase(sequence.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
    merges.push_back(best);
    texts.push_back(texts[best.first] + texts[best.second]);
  }
  return merges;
}

TEST(LearnMerges, finds_those_of_counting_anew_each_time) {
  const Vocabulary bytes(TokenKind::bytes, kBytes, {});
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const std::size_t letters = 2 + rng.below(4);
    std::vector<std::vector<Token>> sequences(1 + rng.below(5));
    for (std::vector<Token>& sequence : sequences) {
      for (std::size_t length = rng.below(60); length > 0; --length) {
        sequence.push_back(static_cast<Token>(rng.below(letters)));
      }
    }
    EXPECT_EQ(learn_merges(bytes, sequences, 20), plain_merges(sequences, 20));
  }
}

TEST(LearnMerges, joins_what_is_frequent_and_no_two_words) {
  const Vocabulary bytes(TokenKind::bytes, kBytes, {});
  const std::vector<Merge> merges =
      learn_merges(bytes, {bytes.encode("ab ab ab ab"), bytes.encode("c"), bytes.encode("c")}, 10);
  const Vocabulary pairs(TokenKind::bpe, kBytes, merges);
  std::vector<std::string> made;
  for (Token token = static_cast<Token>(kBytes.size()); token < pairs.delimiter(); ++token) {
    made.push_back(pairs.text(token));
  }
  EXPECT_EQ(made, (std::vector<std::string>{"ab", " ab"}));
}

TEST(LearnMerges, make_no_token_that_is_too_long) {
  const Vocabulary bytes(TokenKind::bytes, "a", {});
  const std::vector<Merge> merges = learn_merges(bytes, {std::vector<Token>(10'000)}, 100);
  const Vocabulary pairs(TokenKind::bpe, "a", merges);
  std::size_t longest = 0;
  for (Token token = 0; token < pairs.delimiter(); ++token) {
    longest = std::max(longest, pairs.text(token).size());
  }
  EXPECT_EQ(longest, kLongestToken);
}

TEST(LearnMerges, of_nothing_are_none) {
  const Vocabulary bytes(TokenKind::bytes, kBytes, {});
  EXPECT_TRUE(learn_merges(bytes, {}, 10).empty());
  EXPECT_TRUE(learn_merges(bytes, {{0, 1, 2, 3}}, 10).empty()) << "no pair occurs twice";
}

}  // namespace
}  // namespace microgpt::test
