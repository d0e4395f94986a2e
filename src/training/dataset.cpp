#include "microgpt/training/dataset.hpp"

#include <malloc.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <unordered_set>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::training {

bool Vocabulary::knows(char32_t character) const {
  return std::ranges::binary_search(characters_, character);
}

Token Vocabulary::encode(char32_t character) const {
  const auto found = std::lower_bound(characters_.begin(), characters_.end(), character);
  require(found != characters_.end() && *found == character,
          "character U+{:04X} is not in the vocabulary", static_cast<std::uint32_t>(character));
  return static_cast<Token>(found - characters_.begin());
}

std::string Vocabulary::decode(std::span<const Token> tokens) const {
  std::u32string text;
  for (const Token token : tokens) {
    if (token < characters_.size()) text.push_back(characters_[token]);
  }
  return encode_utf8(text);
}

void Documents::add(std::u32string_view text, const Vocabulary& vocabulary, bool ends) {
  tokens_.push_back(vocabulary.delimiter());
  for (const char32_t character : text) tokens_.push_back(vocabulary.encode(character));
  if (ends) tokens_.push_back(vocabulary.delimiter());
  ends_.push_back(static_cast<std::uint32_t>(tokens_.size()));
}

Documents Documents::shuffled(Rng& rng) const {
  std::vector<std::size_t> order(size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(order, rng);
  Documents copy;
  copy.tokens_.reserve(tokens_.size());
  copy.ends_.reserve(ends_.size());
  for (const std::size_t i : order) {
    const std::span<const Token> document = (*this)[i];
    copy.tokens_.insert(copy.tokens_.end(), document.begin(), document.end());
    copy.ends_.push_back(static_cast<std::uint32_t>(copy.tokens_.size()));
  }
  return copy;
}

namespace {

Vocabulary vocabulary_of(const std::vector<std::u32string>& documents) {
  std::vector<bool> occurs(0x110000);
  for (const std::u32string& document : documents) {
    for (const char32_t character : document) occurs[character] = true;
  }
  std::u32string characters;
  for (char32_t c = 0; c < occurs.size(); ++c) {
    if (occurs[c]) characters.push_back(c);
  }
  return Vocabulary(characters);
}

[[noreturn]] void fail_for_few(const std::vector<std::u32string>& documents, DocumentKind kind) {
  fail(
      "{} documents ({} distinct) are too few: a tenth is held out for validation and a tenth for "
      "test, and at least one of each, and one other to learn from, must be there{}",
      documents.size(), std::set(documents.begin(), documents.end()).size(),
      kind == DocumentKind::stream ? "" : "; or take the text as --documents stream");
}

}  // namespace

Dataset split(std::vector<std::u32string> documents, std::uint64_t seed, DocumentKind kind) {
  Rng rng(seed, Stream::split, 0);
  shuffle(documents, rng);
  const std::size_t held_out = std::min(documents.size() / 10, kHeldOutDocuments);
  if (held_out == 0) fail_for_few(documents, kind);
  const auto has_room = [&](const Documents& part) {
    return part.size() < held_out && part.prediction_count() < kHeldOutTokens;
  };

  Dataset dataset;
  dataset.kind = kind;
  dataset.split_seed = seed;
  dataset.vocabulary = vocabulary_of(documents);
  const auto add = [&](Documents& part, const std::u32string& document) {
    part.add(document, dataset.vocabulary, kind != DocumentKind::stream);
  };
  std::size_t tokens = 0;
  for (const std::u32string& document : documents) tokens += document.size() + 2;
  dataset.training.reserve(tokens);
  std::unordered_set<std::u32string> test, validation;
  for (std::u32string& document : documents) {
    if (has_room(dataset.test)) {
      test.insert(document);
      add(dataset.test, document);
    } else if (test.contains(document)) {
      continue;
    } else if (has_room(dataset.validation)) {
      validation.insert(document);
      add(dataset.validation, document);
    } else if (!validation.contains(document)) {
      add(dataset.training, document);
      document = {};  // large texts need the memory
    }
  }
  // Without validation there is no training either, so that all documents are still there.
  if (dataset.training.size() == 0) fail_for_few(documents, kind);
  return dataset;
}

Dataset load_dataset(const std::filesystem::path& path, std::uint64_t seed,
                     std::optional<DocumentKind> kind) {
  std::string bytes = read_file(path);
  Corpus corpus = read_corpus(path, bytes, kind);
  const std::string checksum = sha256(bytes);
  bytes = {};
  try {
    Dataset dataset = split(std::move(corpus.documents), seed, corpus.kind);
    dataset.changes = corpus.changes;
    dataset.checksum = checksum;
#ifdef __GLIBC__
    malloc_trim(0);  // returns the memory of the many small texts, which matters on a full node
#endif
    return dataset;
  } catch (const Error& error) {
    fail("{}: {}", path.string(), error.what());
  }
}

}  // namespace microgpt::training
