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
  /// Of texts that stand at these places among tokens, in such an order. `length`: see length().
  Documents(TokenArray tokens, std::vector<Extent> places, Token delimiter, bool they_end,
            std::size_t length);

  std::size_t size() const { return places_.size(); }
  /// The tokens of a document, delimiters included.
  std::vector<Token> operator[](std::size_t i) const {
    std::vector<Token> document(size_of(i));
    copy(i, 0, document);
    return document;
  }
  /// How many these are.
  std::size_t size_of(std::size_t i) const { return 1 + places_[i].length + (they_end_ ? 1 : 0); }
  /// `out` becomes those from number `begin` on, as many as it has room for. They must be there.
  void copy(std::size_t i, std::size_t begin, std::span<Token> out) const;
  /// Those of all documents, one after another.
  std::vector<Token> all() const;
  /// All documents of a list end, or none does.
  void add(std::string_view text, const Vocabulary& vocabulary, bool ends = true);
  /// Makes room for so many in all.
  void reserve(std::size_t tokens, std::size_t documents) {
    tokens_.reserve(tokens);
    places_.reserve(documents);
  }
  /// The same documents in a random order.
  Documents shuffled(Rng& rng) const;
  /// The number of tokens to predict: all but the first of each document.
  std::size_t prediction_count() const { return predictions_; }
  /// Characters (bytes, if these are the tokens) and ends of documents: what losses are per. As
  /// many as there are predictions, unless a token can be several.
  std::size_t length() const { return length_; }

  /// The same documents in the same order, wherever their tokens stand.
  bool operator==(const Documents& other) const;

  // The representation: delimiters are not stored, and there may be tokens of no document.
  const TokenArray& tokens() const& { return tokens_; }
  TokenArray tokens() && { return std::move(tokens_); }
  const std::vector<Extent>& places() const { return places_; }
  Token delimiter() const { return delimiter_; }
  bool they_end() const { return they_end_; }

 private:
  TokenArray tokens_;
  std::vector<Extent> places_;  // in tokens
  Token delimiter_ = 0;
  bool they_end_ = true;
  std::size_t length_ = 0, predictions_ = 0;
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
/// With at most 256 tokens the corpus becomes the training part where it stands, in its own memory.
Dataset split(Corpus corpus, std::uint64_t seed, const Tokenizer& tokenizer = {},
              const Vocabulary* given = nullptr);

/// Reads and splits a file. Throws Error as the functions above, read_file() and read_corpus() do.
Dataset load_dataset(const std::filesystem::path& path, std::uint64_t seed,
                     std::optional<DocumentKind> kind = std::nullopt,
                     const Tokenizer& tokenizer = {}, const Vocabulary* given = nullptr);

}  // namespace microgpt::training
