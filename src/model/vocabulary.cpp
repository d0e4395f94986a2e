#include "microgpt/model/vocabulary.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <queue>

#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::model {

std::string to_text(const Tokenizer& tokenizer) {
  if (tokenizer.kind != TokenKind::bpe) return std::string(name(tokenizer.kind));
  return fmt::format("bpe:{}", tokenizer.size);
}

Tokenizer parse_tokenizer(std::string_view text) {
  constexpr std::uint32_t kLeast = 2, kMost = 32'768;
  for (const TokenKind kind : {TokenKind::characters, TokenKind::bytes}) {
    if (text == name(kind)) return {kind, 0};
  }
  Tokenizer bpe = {TokenKind::bpe, 0};
  constexpr std::string_view kPrefix = "bpe:";
  const char* const begin = text.data() + std::min(text.size(), kPrefix.size());
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(begin, end, bpe.size);
  const bool is_bpe = text.starts_with(kPrefix) && problem == std::errc() && rest == end;
  require(is_bpe && bpe.size >= kLeast && bpe.size <= kMost,
          "({}) must be characters, bytes, or bpe:N with N from {} to {}", text, kLeast,
          with_commas(kMost));
  return bpe;
}

Vocabulary::Vocabulary(std::u32string characters) : characters_(std::move(characters)) {
  require(std::ranges::is_sorted(characters_, std::less_equal()),
          "the characters of a vocabulary must be sorted and distinct");
  for (const char32_t character : characters_) {
    if (character < 0x80) by_byte_[character] = static_cast<Token>(texts_.size());
    texts_.push_back(encode_utf8(std::u32string_view(&character, 1)));
  }
}

Vocabulary::Vocabulary(TokenKind kind, std::string_view bytes, std::vector<Merge> merges)
    : kind_(kind), merges_(std::move(merges)) {
  for (const char byte : bytes) {
    const std::string text(1, byte);
    require(texts_.empty() || texts_.back() < text,
            "the bytes of a vocabulary must be sorted and distinct");
    by_byte_[static_cast<unsigned char>(byte)] = static_cast<Token>(texts_.size());
    texts_.push_back(text);
  }
  for (const auto& [left, right] : merges_) {
    require(left < texts_.size() && right < texts_.size(),
            "merge {} joins tokens {} and {}, but must join two of the {} before it",
            texts_.size() - bytes.size() + 1, left, right, texts_.size());
    require(texts_[left].size() + texts_[right].size() <= kLongestToken,
            "merge {} makes a token of more than {} bytes", texts_.size() - bytes.size() + 1,
            kLongestToken);
    joined_.push_back({{left, right}, static_cast<Token>(texts_.size())});
    texts_.push_back(texts_[left] + texts_[right]);
  }
  std::ranges::sort(joined_);
}

namespace {

/// Joins the pairs of one sequence.
class Joining {
 public:
  using Joined = std::vector<std::pair<Merge, Token>>;

  Joining(std::span<Token> tokens, const Joined& joined) : tokens_(tokens), joined_(joined) {
    for (std::uint32_t i = 0; i < tokens.size(); ++i) {
      before_.push_back(i - 1);  // wraps around at the beginning
      after_.push_back(i + 1);
    }
    for (std::uint32_t i = 0; i < tokens.size(); ++i) note(i);
  }

  /// Joins all pairs; returns how many tokens are left.
  std::size_t run() {
    while (!open_.empty()) {
      const auto [made, left] = open_.top();
      open_.pop();
      if (made_at(left) == made) join(left, made);
    }
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < tokens_.size(); i = after_[i]) tokens_[count++] = tokens_[i];
    return count;
  }

 private:
  static constexpr Token kGone = std::numeric_limits<Token>::max();
  /// What a pair becomes, and where its left token stands. Merges make tokens in their order.
  using Open = std::pair<Token, std::uint32_t>;

  std::optional<Token> made_at(std::uint32_t left) const {
    if (left >= tokens_.size() || after_[left] >= tokens_.size()) return std::nullopt;
    const Merge pair = {tokens_[left], tokens_[after_[left]]};
    const auto found = std::ranges::lower_bound(joined_, pair, {}, &Joined::value_type::first);
    if (found == joined_.end() || found->first != pair) return std::nullopt;
    return found->second;
  }
  void note(std::uint32_t left) {
    if (const std::optional<Token> made = made_at(left)) open_.push({*made, left});
  }
  void join(std::uint32_t left, Token made) {
    const std::uint32_t right = after_[left];
    tokens_[left] = made;
    tokens_[right] = kGone;
    after_[left] = after_[right];
    if (after_[left] < tokens_.size()) before_[after_[left]] = left;
    note(before_[left]);
    note(left);
  }

  std::span<Token> tokens_;
  const Joined& joined_;
  std::vector<std::uint32_t> before_, after_;  // of the tokens that are left
  std::priority_queue<Open, std::vector<Open>, std::greater<>> open_;
};

}  // namespace

Token Vocabulary::token_of(char32_t character) const {
  if (character < 0x80 && by_byte_[character] != kUnknown) return by_byte_[character];
  const auto found = std::ranges::lower_bound(characters_, character);
  require(found != characters_.end() && *found == character,
          "character U+{:04X} is not in the vocabulary", static_cast<std::uint32_t>(character));
  return static_cast<Token>(found - characters_.begin());
}

std::vector<Token> Vocabulary::encode(std::string_view text) const {
  std::vector<Token> tokens;
  encode(text, tokens);
  return tokens;
}

void Vocabulary::encode(std::string_view text, std::vector<Token>& tokens) const {
  if (kind_ == TokenKind::characters) {
    while (!text.empty()) tokens.push_back(token_of(next_character(text)));
    return;
  }
  const std::size_t begin = tokens.size();
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    require(by_byte_[byte] != kUnknown, "byte 0x{:02X} is not in the vocabulary", byte);
    tokens.push_back(by_byte_[byte]);
  }
  if (merges_.empty()) return;
  tokens.resize(begin + Joining(std::span(tokens).subspan(begin), joined_).run());
}

std::string Vocabulary::decode(std::span<const Token> tokens) const {
  std::string text;
  for (const Token token : tokens) {
    if (token < texts_.size()) text += texts_[token];
  }
  return text;
}

std::string Vocabulary::bytes() const {
  std::string bytes;
  for (std::size_t i = 0; i < byte_count(); ++i) bytes += texts_[i];
  return bytes;
}

std::string_view unit_of(TokenKind kind) { return kind == TokenKind::bytes ? "byte" : "character"; }

std::size_t length_of(std::string_view text, TokenKind kind) {
  return kind == TokenKind::bytes ? text.size() : character_count(text);
}

void CharacterSet::add(std::string_view text) {
  while (!text.empty()) has_[next_character(text)] = true;
}

Vocabulary CharacterSet::vocabulary() const {
  std::u32string characters;
  for (char32_t c = 0; c < has_.size(); ++c) {
    if (has_[c]) characters.push_back(c);
  }
  return Vocabulary(characters);
}

std::string summary_of(const Vocabulary& vocabulary) {
  const std::size_t merges = vocabulary.merges().size();
  if (vocabulary.kind() == TokenKind::characters) {
    return fmt::format("{} characters", vocabulary.size() - 1);
  }
  if (vocabulary.kind() == TokenKind::bytes)
    return fmt::format("{} bytes", vocabulary.byte_count());
  return fmt::format("{} tokens ({} bytes and {} merges)", with_commas(vocabulary.size() - 1),
                     vocabulary.byte_count(), with_commas(merges));
}

void require_same_vocabulary(const Vocabulary& file, const Vocabulary& dataset) {
  require(file.kind() == dataset.kind(), "its tokens are {}, but those of the dataset {}",
          name(file.kind()), name(dataset.kind()));
  require(file.size() == dataset.size(), "the vocabulary has {}, but that of the dataset has {}",
          summary_of(file), summary_of(dataset));
  for (Token token = 0; token < file.delimiter(); ++token) {
    require(file.text(token) == dataset.text(token),
            "token {} of the vocabulary is {:?}, but in the dataset it is {:?}", token,
            file.text(token), dataset.text(token));
  }
  require(file == dataset, "the merges of the vocabulary are not those of the dataset");
}

}  // namespace microgpt::model
