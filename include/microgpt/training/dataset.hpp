#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/model/vocabulary.hpp"
#include "microgpt/training/corpus.hpp"
#include "microgpt/training/token_array.hpp"

namespace microgpt::training {

/// A list of token sequences, each of the form delimiter, text, delimiter; the stretches of a
/// stream go on, so they have no delimiter at their end.
class Documents {
 public:
  Documents() = default;
  /// Each token is a character.
  Documents(const std::vector<Token>& tokens, const std::vector<std::uint32_t>& ends)
      : Documents(TokenArray(tokens), ends, tokens.size() - ends.size()) {}
  Documents(TokenArray tokens, std::vector<std::uint32_t> ends, std::size_t length)
      : tokens_(std::move(tokens)), ends_(std::move(ends)), length_(length) {}

  std::size_t size() const { return ends_.size(); }
  /// The tokens of a document, delimiters included.
  std::vector<Token> operator[](std::size_t i) const {
    std::vector<Token> document(size_of(i));
    copy(i, 0, document);
    return document;
  }
  /// How many these are.
  std::size_t size_of(std::size_t i) const { return ends_[i] - begin_of(i); }
  /// `out` becomes those from number `begin` on, as many as it has room for. They must be there.
  void copy(std::size_t i, std::size_t begin, std::span<Token> out) const {
    tokens_.copy(begin_of(i) + begin, out);
  }
  void add(std::string_view text, const Vocabulary& vocabulary, bool ends = true);
  /// Makes room for so many in all.
  void reserve(std::size_t tokens, std::size_t documents) {
    tokens_.reserve(tokens);
    ends_.reserve(documents);
  }
  /// The same documents in a random order.
  Documents shuffled(Rng& rng) const;
  /// The number of tokens to predict: all but the first of each document.
  std::size_t prediction_count() const { return tokens_.size() - ends_.size(); }
  /// Characters (bytes, if these are the tokens) and ends of documents: what losses are per. As
  /// many as there are predictions, unless a token can be several.
  std::size_t length() const { return length_; }

  bool operator==(const Documents&) const = default;

  // The representation: all tokens, and the index at which each document ends.
  const TokenArray& tokens() const { return tokens_; }
  const std::vector<std::uint32_t>& ends() const { return ends_; }

 private:
  std::size_t begin_of(std::size_t i) const { return i == 0 ? 0 : ends_[i - 1]; }

  TokenArray tokens_;
  std::vector<std::uint32_t> ends_;
  std::size_t length_ = 0;
};

/// A dataset in three parts: training, validation (for fitness) and test (for the final scores
/// only). A held-out document occurs in no other part, even if the file repeats it.
struct Dataset {
  Vocabulary vocabulary;
  Documents training, validation, test;
  DocumentKind kind = DocumentKind::lines;
  Tokenizer tokenizer;
  std::uint64_t split_seed = 1;  ///< decides which documents are held out
  TextChanges changes;           ///< when the file was read
  std::string checksum;          ///< SHA-256 of the file
};

/// Held-out parts have so many documents, and so great a length, at most: more would make scores
/// more exact than the choice of an organism needs, and scoring dearer than training.
inline constexpr std::size_t kHeldOutDocuments = 1000, kHeldOutLength = 65'536;

/// Shuffles the documents with the seed and holds out 1,000 for validation and 1,000 for test, or a
/// tenth each if there are fewer than 10,000, and no further ones once these have 65,536 characters
/// (bytes, if these are the tokens). The vocabulary knows all characters, or bytes, of the corpus;
/// pairs of them are merged as the training part suggests; or it is a `given` one, of the kind of
/// the tokenizer. Throws Error if a part would be empty, or a given vocabulary does not know it.
Dataset split(const Corpus& corpus, std::uint64_t seed, const Tokenizer& tokenizer = {},
              const Vocabulary* given = nullptr);

/// Reads and splits a file. Throws Error as the functions above, read_file() and read_corpus() do.
Dataset load_dataset(const std::filesystem::path& path, std::uint64_t seed,
                     std::optional<DocumentKind> kind = std::nullopt,
                     const Tokenizer& tokenizer = {}, const Vocabulary* given = nullptr);

}  // namespace microgpt::training
