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

void Documents::add(std::string_view text, const Vocabulary& vocabulary, bool ends) {
  std::vector<Token> tokens = {vocabulary.delimiter()};
  vocabulary.encode(text, tokens);
  if (ends) tokens.push_back(vocabulary.delimiter());
  tokens_.append(tokens);
  require(tokens_.size() <= std::numeric_limits<std::uint32_t>::max(),
          "a part of a dataset has at most 2^32 - 1 tokens");
  ends_.push_back(static_cast<std::uint32_t>(tokens_.size()));
  length_ += length_of(text, vocabulary.kind()) + (ends ? 1 : 0);
}

Documents Documents::shuffled(Rng& rng) const {
  std::vector<std::size_t> order(size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(order, rng);
  Documents copy;
  copy.length_ = length_;
  copy.tokens_.reserve(tokens_.size());
  copy.ends_.reserve(ends_.size());
  for (const std::size_t i : order) {
    copy.tokens_.append((*this)[i]);
    copy.ends_.push_back(static_cast<std::uint32_t>(copy.tokens_.size()));
  }
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

Parts parts_of(const Corpus& corpus, std::uint64_t seed, TokenKind tokens) {
  std::vector<Extent> documents = corpus.documents;
  Rng rng(seed, Stream::split, 0);
  shuffle(documents, rng);
  HeldOut test(corpus, tokens), validation(corpus, tokens);
  if (test.most() == 0) fail_for_few(corpus);
  std::vector<Extent> training;
  for (const Extent& document : documents) {
    if (test.has_room()) {
      test.add(document);
    } else if (test.contains(document)) {
      continue;
    } else if (validation.has_room()) {
      validation.add(document);
    } else if (!validation.contains(document)) {
      training.push_back(document);
    }
  }
  if (training.empty()) fail_for_few(corpus);
  return {std::move(training), std::move(validation.documents), std::move(test.documents)};
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

Vocabulary byte_pairs_of(const Corpus& corpus, const std::vector<Extent>& training,
                         std::size_t size) {
  const Vocabulary bytes = bytes_of(corpus);
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

Vocabulary vocabulary_of(const Corpus& corpus, const std::vector<Extent>& training,
                         const Tokenizer& tokenizer) {
  switch (tokenizer.kind) {
    case TokenKind::characters:
      return characters_of(corpus);
    case TokenKind::bytes:
      return bytes_of(corpus);
    case TokenKind::bpe:
      return byte_pairs_of(corpus, training, tokenizer.size);
  }
  return {};
}

}  // namespace

Dataset split(const Corpus& corpus, std::uint64_t seed, const Tokenizer& tokenizer,
              const Vocabulary* given) {
  const Parts parts = parts_of(corpus, seed, tokenizer.kind);
  Dataset dataset;
  dataset.kind = corpus.kind;
  dataset.tokenizer = tokenizer;
  dataset.split_seed = seed;
  dataset.changes = corpus.changes;
  dataset.vocabulary = given ? *given : vocabulary_of(corpus, parts.training, tokenizer);
  const auto encoded = [&](const std::vector<Extent>& extents) {
    std::size_t bytes = 0;
    for (const Extent& extent : extents) bytes += extent.length + 2;
    Documents part;
    if (tokenizer.kind != TokenKind::bpe) part.reserve(bytes, extents.size());
    for (const Extent& extent : extents) {
      part.add(corpus[extent], dataset.vocabulary, corpus.kind != DocumentKind::stream);
    }
    return part;
  };
  dataset.training = encoded(parts.training);
  dataset.validation = encoded(parts.validation);
  dataset.test = encoded(parts.test);
  return dataset;
}

Dataset load_dataset(const std::filesystem::path& path, std::uint64_t seed,
                     std::optional<DocumentKind> kind, const Tokenizer& tokenizer,
                     const Vocabulary* given) {
  std::string bytes = read_file(path);
  const std::string checksum = sha256(bytes);
  const bool is_text = tokenizer.kind != TokenKind::bytes;
  const Corpus corpus = read_corpus(path, std::move(bytes), kind, is_text);
  try {
    Dataset dataset = split(corpus, seed, tokenizer, given);
    dataset.checksum = checksum;
    return dataset;
  } catch (const Error& error) {
    fail("{}: {}", path.string(), error.what());
  }
}

}  // namespace microgpt::training
