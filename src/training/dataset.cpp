#include "microgpt/training/dataset.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <set>
#include <unordered_set>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/training/byte_pairs.hpp"

namespace microgpt::training {

Documents::Documents(TokenArray tokens, std::vector<Extent> places, Token delimiter, bool they_end,
                     std::size_t length)
    : tokens_(std::move(tokens)),
      places_(std::move(places)),
      delimiter_(delimiter),
      they_end_(they_end),
      length_(length) {
  for (std::size_t i = 0; i < size(); ++i) predictions_ += size_of(i) - 1;
}

void Documents::copy(std::size_t i, std::size_t begin, std::span<Token> out) const {
  if (out.empty()) return;
  if (begin == 0) {
    out[0] = delimiter_;
    return copy(i, 1, out.subspan(1));
  }
  const auto [place, length] = places_[i];
  const std::size_t count = std::min(out.size(), length - (begin - 1));
  tokens_.copy(place + begin - 1, out.first(count));
  if (count < out.size()) out[count] = delimiter_;
}

std::vector<Token> Documents::all() const {
  std::vector<Token> tokens(predictions_ + size());
  std::span<Token> rest = tokens;
  for (std::size_t i = 0; i < size(); ++i) {
    copy(i, 0, rest.first(size_of(i)));
    rest = rest.subspan(size_of(i));
  }
  return tokens;
}

void Documents::add(std::string_view text, const Vocabulary& vocabulary, bool ends) {
  require(places_.empty() || (ends == they_end_ && delimiter_ == vocabulary.delimiter()),
          "all documents of a list end alike");
  delimiter_ = vocabulary.delimiter(), they_end_ = ends;
  const std::vector<Token> tokens = vocabulary.encode(text);
  const std::size_t begin = tokens_.size();
  tokens_.append(tokens);
  require(tokens_.size() <= std::numeric_limits<std::uint32_t>::max(),
          "a part of a dataset has at most 2^32 - 1 tokens");
  places_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(tokens.size())});
  predictions_ += size_of(size() - 1) - 1;
  length_ += length_of(text, vocabulary.kind()) + (ends ? 1 : 0);
}

bool Documents::operator==(const Documents& other) const {
  return delimiter_ == other.delimiter_ && they_end_ == other.they_end_ &&
         length_ == other.length_ && all() == other.all();
}

Documents Documents::shuffled(Rng& rng) const {
  Documents copy = *this;
  shuffle(copy.places_, rng);
  return copy;
}

namespace {

[[noreturn]] void fail_for_few(const Corpus& corpus) {
  std::set<std::string_view> distinct;
  for (const Extent& document : corpus.documents) distinct.insert(corpus[document]);
  fail(
      "{} documents ({} distinct) are too few: a tenth is held out for validation and a tenth for "
      "test, and at least one of each, and one other to learn from, must be there{}",
      corpus.documents.size(), distinct.size(),
      corpus.kind == DocumentKind::stream ? "" : "; or take the text as --documents stream");
}

/// The documents of each part.
struct Parts {
  std::vector<Extent> training, validation, test;
};

/// Documents that are held out.
class HeldOut {
 public:
  HeldOut(const Corpus& corpus, TokenKind tokens) : corpus_(corpus), tokens_(tokens) {}

  bool has_room() const { return documents.size() < most() && length_ < kHeldOutLength; }
  bool contains(const Extent& document) const { return texts_.contains(corpus_[document]); }
  void add(const Extent& document) {
    const std::string_view text = corpus_[document];
    texts_.insert(text);
    documents.push_back(document);
    length_ += length_of(text, tokens_);
    if (corpus_.kind != DocumentKind::stream) ++length_;  // it ends
  }
  std::size_t most() const { return std::min(corpus_.documents.size() / 10, kHeldOutDocuments); }

  std::vector<Extent> documents;

 private:
  const Corpus& corpus_;
  TokenKind tokens_;
  std::unordered_set<std::string_view> texts_;
  std::size_t length_ = 0;
};

/// Takes the documents of a corpus.
Parts parts_of(Corpus& corpus, std::uint64_t seed, TokenKind tokens) {
  std::vector<Extent>& documents = corpus.documents;
  Rng rng(seed, Stream::split, 0);
  shuffle(documents, rng);
  HeldOut test(corpus, tokens), validation(corpus, tokens);
  if (test.most() == 0) fail_for_few(corpus);
  const auto is_for_training = [&](const Extent& document) {
    if (test.has_room()) {
      test.add(document);
      return false;
    }
    if (test.contains(document)) return false;
    if (validation.has_room()) {
      validation.add(document);
      return false;
    }
    return !validation.contains(document);
  };
  auto end = documents.begin();  // of those for training, which stay
  for (const Extent& document : documents) {
    if (is_for_training(document)) *end++ = document;
  }
  if (end == documents.begin()) fail_for_few(corpus);
  documents.erase(end, documents.end());
  return {std::move(documents), std::move(validation.documents), std::move(test.documents)};
}

Vocabulary characters_of(const Corpus& corpus) {
  CharacterSet characters;
  for (const Extent& document : corpus.documents) characters.add(corpus[document]);
  return characters.vocabulary();
}

Vocabulary bytes_of(const Corpus& corpus) {
  std::array<bool, 256> occurs{};
  for (const Extent& document : corpus.documents) {
    for (const char byte : corpus[document]) occurs[static_cast<unsigned char>(byte)] = true;
  }
  std::string bytes;
  for (std::size_t byte = 0; byte < occurs.size(); ++byte) {
    if (occurs[byte]) bytes.push_back(static_cast<char>(byte));
  }
  return Vocabulary(TokenKind::bytes, bytes, {});
}

/// Merges are learnt from so many bytes at most: more would hardly change them.
constexpr std::size_t kBytesForMerges = 1'000'000;

/// A vocabulary of bytes, and of what is merged so that it has `size` tokens.
Vocabulary with_merges(const Vocabulary& bytes, const Corpus& corpus,
                       const std::vector<Extent>& training, std::size_t size) {
  const std::size_t count = bytes.size() - 1;
  require(count <= size,
          "--tokens (bpe:{}): the text has {} different bytes, each of which is a token", size,
          count);
  std::vector<std::vector<Token>> sequences;
  std::size_t length = 0;
  for (const Extent& document : training) {
    const std::string_view text = corpus[document].substr(0, kBytesForMerges - length);
    length += text.size();
    sequences.push_back(bytes.encode(text));
    if (length == kBytesForMerges) break;
  }
  return Vocabulary(TokenKind::bpe, bytes.bytes(), learn_merges(bytes, sequences, size - count));
}

Documents encoded(const Corpus& corpus, const std::vector<Extent>& documents,
                  const Vocabulary& vocabulary) {
  Documents part;
  std::size_t bytes = 0;
  for (const Extent& document : documents) bytes += document.length;
  part.reserve(bytes, documents.size());
  for (const Extent& document : documents) {
    part.add(corpus[document], vocabulary, corpus.kind != DocumentKind::stream);
  }
  return part;
}

/// The same where each token fits into a byte: no text has more tokens than bytes, so they take its
/// place.
Documents encoded_in_place(Corpus corpus, std::vector<Extent> documents,
                           const Vocabulary& vocabulary) {
  const bool they_end = corpus.kind != DocumentKind::stream;
  std::size_t length = 0;
  std::vector<Token> tokens;
  for (Extent& document : documents) {
    length += length_of(corpus[document], vocabulary.kind()) + (they_end ? 1 : 0);
    tokens.clear();
    vocabulary.encode(corpus[document], tokens);
    document.length = static_cast<std::uint32_t>(tokens.size());
    std::ranges::transform(tokens, corpus.text.begin() + document.begin,
                           [](Token token) { return static_cast<char>(token); });
  }
  return {TokenArray::of(std::move(corpus.text)), std::move(documents), vocabulary.delimiter(),
          they_end, length};
}

}  // namespace

Dataset split(Corpus corpus, std::uint64_t seed, const Tokenizer& tokenizer,
              const Vocabulary* given) {
  Dataset dataset;
  dataset.kind = corpus.kind;
  dataset.tokenizer = tokenizer;
  dataset.split_seed = seed;
  dataset.changes = corpus.changes;
  Vocabulary& vocabulary = dataset.vocabulary;
  vocabulary = given                                     ? *given
               : tokenizer.kind == TokenKind::characters ? characters_of(corpus)
                                                         : bytes_of(corpus);
  Parts parts = parts_of(corpus, seed, tokenizer.kind);
  if (!given && tokenizer.kind == TokenKind::bpe) {
    vocabulary = with_merges(vocabulary, corpus, parts.training, tokenizer.size);
  }
  dataset.validation = encoded(corpus, parts.validation, vocabulary);
  dataset.test = encoded(corpus, parts.test, vocabulary);
  const bool fits = vocabulary.delimiter() <= 256;  // which is not stored
  dataset.training =
      fits ? encoded_in_place(std::move(corpus), std::move(parts.training), vocabulary)
           : encoded(corpus, parts.training, vocabulary);
  return dataset;
}

Dataset load_dataset(const std::filesystem::path& path, std::uint64_t seed,
                     std::optional<DocumentKind> kind, const Tokenizer& tokenizer,
                     const Vocabulary* given) {
  Sha256 checksum;
  CorpusReader reader(path, kind, tokenizer.kind != TokenKind::bytes);
  read_pieces(
      path, [&](std::size_t size) { reader.reserve(size); },
      [&](std::string_view piece) {
        checksum.add(piece);
        reader.add(piece);
      });
  Corpus corpus = reader.finish();
  try {
    Dataset dataset = split(std::move(corpus), seed, tokenizer, given);
    dataset.checksum = checksum.digits();
    return dataset;
  } catch (const Error& error) {
    fail("{}: {}", path.string(), error.what());
  }
}

}  // namespace microgpt::training
