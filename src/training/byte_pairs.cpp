#include "microgpt/training/byte_pairs.hpp"

#include <cstdint>
#include <limits>
#include <queue>
#include <unordered_map>

namespace microgpt::training {

namespace {

/// What matters of a token's text.
struct Shape {
  bool begins_with_space, ends_with_space;
  std::size_t length;
};

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

class Learner {
 public:
  Learner(const Vocabulary& bytes, const std::vector<std::vector<Token>>& sequences) {
    for (Token token = 0; token < bytes.delimiter(); ++token) {
      const bool space = is_space(bytes.text(token).front());
      shapes_.push_back({space, space, 1});
    }
    for (const std::vector<Token>& sequence : sequences) {
      tokens_.insert(tokens_.end(), sequence.begin(), sequence.end());
      tokens_.push_back(kBorder);
    }
    for (std::size_t i = 1; i < tokens_.size(); ++i) change(tokens_[i - 1], tokens_[i], 1);
    for (const auto& [pair, count] : counts_) candidates_.push({count, pair});
  }

  std::vector<Merge> run(std::size_t count) {
    std::vector<Merge> merges;
    while (merges.size() < count) {
      const std::uint64_t pair = most_frequent();
      if (counts_[pair] < 2) break;
      const Merge merge = {static_cast<Token>(pair >> 32), static_cast<Token>(pair)};
      merges.push_back(merge);
      join(merge);
    }
    return merges;
  }

 private:
  static constexpr Token kBorder = std::numeric_limits<Token>::max();  // between sequences

  /// How often a pair occurs, or did when it was noted; of equal ones the smallest is on top.
  struct Candidate {
    std::int64_t count;
    std::uint64_t pair;
    bool operator<(const Candidate& other) const {
      return count != other.count ? count < other.count : pair > other.pair;
    }
  };

  bool may_join(Token left, Token right) const {
    if (left == kBorder || right == kBorder) return false;
    const Shape &a = shapes_[left], &b = shapes_[right];
    return (a.ends_with_space || !b.begins_with_space) && a.length + b.length <= kLongestToken;
  }

  void change(Token left, Token right, std::int64_t by) {
    if (may_join(left, right)) counts_[std::uint64_t{left} << 32 | right] += by;
  }

  /// Counts change without their candidates, so one on top may have to be noted anew.
  std::uint64_t most_frequent() {
    while (!candidates_.empty()) {
      const Candidate top = candidates_.top();
      const std::int64_t count = counts_[top.pair];
      if (count == top.count) return top.pair;
      candidates_.pop();
      if (count > 0) candidates_.push({count, top.pair});
    }
    return 0;
  }

  void join(const Merge& merge) {
    const auto made = static_cast<Token>(shapes_.size());
    const Shape a = shapes_[merge.first], b = shapes_[merge.second];
    shapes_.push_back({a.begins_with_space, b.ends_with_space, a.length + b.length});
    std::size_t end = 0;        // of the tokens that are done
    Token before = kBorder;     // what stood before this one
    bool before_joins = false;  // and whether it was joined
    for (std::size_t i = 0; i < tokens_.size();) {
      const Token token = tokens_[i];
      const bool joins = token == merge.first && tokens_[i + 1] == merge.second;
      if (i > 0 && (joins || before_joins)) {
        change(before, token, -1);
        add(tokens_[end - 1], joins ? made : token);
      }
      if (joins) change(merge.first, merge.second, -1);
      before = joins ? merge.second : token;
      before_joins = joins;
      tokens_[end++] = joins ? made : token;
      i += joins ? 2 : 1;
    }
    tokens_.resize(end);
  }

  void add(Token left, Token right) {
    if (!may_join(left, right)) return;
    const std::uint64_t pair = std::uint64_t{left} << 32 | right;
    candidates_.push({++counts_[pair], pair});
  }

  std::vector<Shape> shapes_;  // by token
  std::vector<Token> tokens_;  // of all sequences
  std::unordered_map<std::uint64_t, std::int64_t> counts_;
  std::priority_queue<Candidate> candidates_;
};

}  // namespace

std::vector<Merge> learn_merges(const Vocabulary& bytes,
                                const std::vector<std::vector<Token>>& sequences,
                                std::size_t count) {
  return Learner(bytes, sequences).run(count);
}

}  // namespace microgpt::training
