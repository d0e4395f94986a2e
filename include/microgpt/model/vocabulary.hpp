#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "microgpt/core/enum_names.hpp"
#include "microgpt/model/token.hpp"

namespace microgpt::model {

/// What a token stands for.
enum class TokenKind {
  characters,  ///< a character (Unicode code point)
  bytes,       ///< a byte of a file that need not be text
  bpe          ///< one or more bytes of a text that often stand together (byte-pair encoding)
};

constexpr auto enum_names(TokenKind) {
  return enum_table<TokenKind>("tokens", {{TokenKind::characters, "characters"},
                                          {TokenKind::bytes, "bytes"},
                                          {TokenKind::bpe, "bpe"}});
}

/// How a dataset is cut into tokens.
struct Tokenizer {
  TokenKind kind = TokenKind::characters;
  std::uint32_t size = 0;  ///< of bpe: tokens at most, the delimiter not counted

  bool operator==(const Tokenizer&) const = default;
};

/// "characters", "bytes" or "bpe:512".
std::string to_text(const Tokenizer& tokenizer);
/// The reverse. Throws Error with the rule.
Tokenizer parse_tokenizer(std::string_view text);

/// The most bytes of a token.
inline constexpr std::size_t kLongestToken = 256;

/// Two neighbouring tokens that become one.
using Merge = std::pair<Token, Token>;

/// The tokens of a dataset and their texts. One more token, the delimiter, precedes and follows
/// each document.
class Vocabulary {
 public:
  /// Of no characters.
  Vocabulary() = default;
  /// Of characters; their tokens are their indices. Throws Error unless they are sorted and
  /// distinct.
  explicit Vocabulary(std::u32string characters);
  /// Of bytes, with their indices as tokens, and of what merges make of them: the n-th merge makes
  /// token bytes.size() + n. Throws Error unless the bytes are sorted and distinct, and each merge
  /// joins tokens that are there before it, to one of at most kLongestToken bytes.
  Vocabulary(TokenKind kind, std::string_view bytes, std::vector<Merge> merges);

  TokenKind kind() const { return kind_; }
  std::size_t size() const { return texts_.size() + 1; }
  Token delimiter() const { return static_cast<Token>(texts_.size()); }
  /// The text of a token; of bytes and bpe it may be a part of a character.
  const std::string& text(Token token) const { return texts_[token]; }
  /// Of characters only: all of them.
  const std::u32string& characters() const { return characters_; }
  /// Of bytes and bpe only.
  std::size_t byte_count() const { return texts_.size() - merges_.size(); }
  std::string bytes() const;
  const std::vector<Merge>& merges() const { return merges_; }

  /// The tokens of a text. Pairs are joined in the order of the merges, equal ones from the left.
  /// Throws Error naming a character or byte that it does not know.
  std::vector<Token> encode(std::string_view text) const;
  /// Appends them.
  void encode(std::string_view text, std::vector<Token>& tokens) const;
  /// The text of tokens; delimiters are omitted. Of bytes and bpe it may be invalid UTF-8.
  std::string decode(std::span<const Token> tokens) const;

  bool operator==(const Vocabulary& other) const {
    return kind_ == other.kind_ && texts_ == other.texts_ && merges_ == other.merges_;
  }

 private:
  static constexpr Token kUnknown = 0xFFFFFFFF;
  static constexpr std::array<Token, 256> none() {
    std::array<Token, 256> table{};
    table.fill(kUnknown);
    return table;
  }
  Token token_of(char32_t character) const;

  TokenKind kind_ = TokenKind::characters;
  /// Of each byte; of characters, of those in ASCII.
  std::array<Token, 256> by_byte_ = none();
  std::u32string characters_;       // sorted
  std::vector<std::string> texts_;  // by token
  std::vector<Merge> merges_;
  std::vector<std::pair<Merge, Token>> joined_;  // the merges sorted, and what they make
};

/// What losses are per: "character", or "byte".
std::string_view unit_of(TokenKind kind);
/// So many of them a text has.
std::size_t length_of(std::string_view text, TokenKind kind);

/// Collects the characters of texts.
class CharacterSet {
 public:
  /// Throws Error if the text is not valid UTF-8.
  void add(std::string_view text);
  Vocabulary vocabulary() const;

 private:
  std::vector<bool> has_ = std::vector<bool>(0x110000);  // by code point
};

/// A vocabulary as texts by name, as the metadata of a weight file have it; docs/weights.md says
/// how.
using Metadata = std::map<std::string, std::string>;
void put_vocabulary(Metadata& metadata, const Vocabulary& vocabulary);
/// The reverse. Throws Error naming the entry and the rule.
Vocabulary read_vocabulary(const Metadata& metadata);

/// How tokens are described: "26 characters", "97 bytes", "512 tokens (97 bytes and 415 merges)".
std::string summary_of(const Vocabulary& vocabulary);

/// Throws Error naming the first token in which a file's vocabulary differs from the dataset's.
void require_same_vocabulary(const Vocabulary& file, const Vocabulary& dataset);

}  // namespace microgpt::model
