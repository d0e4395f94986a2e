#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/model/gpt.hpp"
#include "microgpt/training/corpus.hpp"

namespace microgpt::training {

/// The distinct characters (Unicode code points) of a dataset, sorted; a character's token is its
/// index. One more token, the delimiter, precedes and follows each document.
class Vocabulary {
 public:
  Vocabulary() = default;
  explicit Vocabulary(std::u32string characters) : characters_(std::move(characters)) {}

  std::size_t size() const { return characters_.size() + 1; }
  Token delimiter() const { return static_cast<Token>(characters_.size()); }
  const std::u32string& characters() const { return characters_; }

  bool knows(char32_t character) const;
  /// The token of a character. Throws Error if it is not in the vocabulary.
  Token encode(char32_t character) const;
  /// The text of a token sequence, in UTF-8; delimiters are omitted.
  std::string decode(std::span<const Token> tokens) const;

 private:
  std::u32string characters_;
};

/// A list of token sequences, each of the form delimiter, characters, delimiter; the stretches of a
/// stream go on, so they have no delimiter at their end.
class Documents {
 public:
  Documents() = default;
  Documents(std::vector<Token> tokens, std::vector<std::uint32_t> ends)
      : tokens_(std::move(tokens)), ends_(std::move(ends)) {}

  std::size_t size() const { return ends_.size(); }
  std::span<const Token> operator[](std::size_t i) const {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::span(tokens_).subspan(begin, ends_[i] - begin);
  }
  void add(std::u32string_view text, const Vocabulary& vocabulary, bool ends = true);
  /// Makes room for so many tokens in all.
  void reserve(std::size_t tokens) { tokens_.reserve(tokens); }
  /// The same documents in a random order.
  Documents shuffled(Rng& rng) const;
  /// The number of tokens to predict: all but the first of each document.
  std::size_t prediction_count() const { return tokens_.size() - ends_.size(); }

  bool operator==(const Documents&) const = default;

  // The representation: all tokens, and the index at which each document ends.
  const std::vector<Token>& tokens() const { return tokens_; }
  const std::vector<std::uint32_t>& ends() const { return ends_; }

 private:
  std::vector<Token> tokens_;
  std::vector<std::uint32_t> ends_;
};

/// A dataset in three parts: training, validation (for fitness) and test (for the final scores
/// only). A held-out document occurs in no other part, even if the file repeats it.
struct Dataset {
  Vocabulary vocabulary;
  Documents training, validation, test;
  DocumentKind kind = DocumentKind::lines;
  std::uint64_t split_seed = 1;  ///< decides which documents are held out
  TextChanges changes;           ///< when the file was read
  std::string checksum;          ///< SHA-256 of the file
};

/// Held-out parts have so many documents, and so many tokens, at most: more would make scores more
/// exact than the choice of an organism needs, and scoring dearer than training.
inline constexpr std::size_t kHeldOutDocuments = 1000, kHeldOutTokens = 65'536;

/// Shuffles the documents with the seed and holds out 1,000 for validation and 1,000 for test, or a
/// tenth each if there are fewer than 10,000, and no further ones once these have 65,536 tokens.
/// Throws Error if a part would be empty.
Dataset split(std::vector<std::u32string> documents, std::uint64_t seed,
              DocumentKind kind = DocumentKind::lines);

/// Reads and splits a file. Throws Error as the functions above, read_file() and read_corpus() do.
Dataset load_dataset(const std::filesystem::path& path, std::uint64_t seed,
                     std::optional<DocumentKind> kind = std::nullopt);

}  // namespace microgpt::training
