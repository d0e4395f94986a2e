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

void Documents::add(std::u32string_view text, const Vocabulary& vocabulary) {
  tokens_.push_back(vocabulary.delimiter());
  for (const char32_t character : text) tokens_.push_back(vocabulary.encode(character));
  tokens_.push_back(vocabulary.delimiter());
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

/// The document on one line; empty if there is none.
std::u32string parse_line(std::string_view line) {
  std::u32string document = decode_utf8(trim(line));
  for (const char32_t character : document) {
    require(character >= 0x20 && (character < 0x7F || character > 0x9F),
            "control character U+{:04X}", static_cast<std::uint32_t>(character));
  }
  return document;
}

Vocabulary vocabulary_of(const std::vector<std::u32string>& documents) {
  std::set<char32_t> characters;
  for (const std::u32string& document : documents) {
    characters.insert(document.begin(), document.end());
  }
  return Vocabulary(std::u32string(characters.begin(), characters.end()));
}

constexpr std::size_t kHeldOut = 1000, kLargeDataset = 10'000;

}  // namespace

std::vector<std::u32string> read_documents(const std::filesystem::path& path,
                                           std::string_view bytes) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  std::vector<std::u32string> documents;
  for (std::size_t line = 1; !bytes.empty(); ++line) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    try {
      std::u32string document = parse_line(bytes.substr(0, end));
      if (!document.empty()) documents.push_back(std::move(document));
    } catch (const Error& error) {
      fail("{}: line {}: {}; a dataset is UTF-8 text, one document a line", path.string(), line,
           error.what());
    }
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  require(!documents.empty(), "{}: empty; a dataset has one document a line", path.string());
  return documents;
}

Dataset split(std::vector<std::u32string> documents, std::uint64_t seed) {
  Rng rng(seed, Stream::split, 0);
  shuffle(documents, rng);
  const std::size_t held_out = documents.size() < kLargeDataset ? documents.size() / 10 : kHeldOut;

  Dataset dataset;
  dataset.vocabulary = vocabulary_of(documents);
  std::unordered_set<std::u32string> test, validation;
  for (const std::u32string& document : documents) {
    if (dataset.test.size() < held_out) {
      test.insert(document);
      dataset.test.add(document, dataset.vocabulary);
    } else if (test.contains(document)) {
      continue;
    } else if (dataset.validation.size() < held_out) {
      validation.insert(document);
      dataset.validation.add(document, dataset.vocabulary);
    } else if (!validation.contains(document)) {
      dataset.training.add(document, dataset.vocabulary);
    }
  }
  if (held_out == 0 || dataset.validation.size() == 0 || dataset.training.size() == 0) {
    fail(
        "{} documents ({} distinct) are too few: a tenth is held out for validation and a tenth "
        "for test, and at least one of each, and one other to learn from, must be there",
        documents.size(), std::set(documents.begin(), documents.end()).size());
  }
  return dataset;
}

Dataset load_dataset(const std::filesystem::path& path, std::uint64_t seed) {
  const std::string bytes = read_file(path);
  std::vector<std::u32string> documents = read_documents(path, bytes);
  try {
    Dataset dataset = split(std::move(documents), seed);
    dataset.checksum = sha256(bytes);
#ifdef __GLIBC__
    malloc_trim(0);  // returns the memory of the many small texts, which matters on a full node
#endif
    return dataset;
  } catch (const Error& error) {
    fail("{}: {}", path.string(), error.what());
  }
}

}  // namespace microgpt::training
