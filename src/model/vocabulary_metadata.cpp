#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "core/json.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/model/vocabulary.hpp"

namespace microgpt::model {

namespace {

Vocabulary read_tokens(const std::string& text) {
  const json::Value tokens = json::parse(text);
  require(tokens.is_object(), "must be an object");
  TokenKind kind{};
  std::vector<std::uint64_t> bytes, merges;
  json::read(tokens, "kind", kind);
  json::read(tokens, "bytes", bytes);
  json::read(tokens, "merges", merges);
  require(kind != TokenKind::characters, "\"kind\" (characters) must be bytes or bpe");
  require(std::ranges::all_of(bytes, [](std::uint64_t byte) { return byte < 256; }),
          "\"bytes\" must be below 256");
  require(merges.size() % 2 == 0 && (kind == TokenKind::bpe || merges.empty()),
          "\"merges\" must be pairs, of bpe only");
  std::vector<Merge> pairs;
  for (std::size_t i = 0; i < merges.size(); i += 2) {
    const std::uint64_t most = std::numeric_limits<Token>::max();
    pairs.push_back({static_cast<Token>(std::min(merges[i], most)),
                     static_cast<Token>(std::min(merges[i + 1], most))});
  }
  return Vocabulary(kind, std::string(bytes.begin(), bytes.end()), std::move(pairs));
}

std::string to_text(const Vocabulary& vocabulary) {
  std::vector<std::uint64_t> bytes, merges;
  for (const char byte : vocabulary.bytes()) bytes.push_back(static_cast<unsigned char>(byte));
  for (const auto& [left, right] : vocabulary.merges()) {
    merges.push_back(left), merges.push_back(right);
  }
  json::Writer writer;
  writer.begin_object();
  writer.put("kind", vocabulary.kind());
  writer.put("bytes", bytes), writer.put("merges", merges);
  writer.end_object();
  return writer.text();
}

}  // namespace

void put_vocabulary(Metadata& metadata, const Vocabulary& vocabulary) {
  if (vocabulary.kind() == TokenKind::characters) {
    metadata["vocab"] = encode_utf8(vocabulary.characters());
  } else {
    metadata["tokens"] = to_text(vocabulary);
  }
}

Vocabulary read_vocabulary(const Metadata& metadata) {
  if (const auto tokens = metadata.find("tokens"); tokens != metadata.end()) {
    try {
      return read_tokens(tokens->second);
    } catch (const Error& error) {
      fail("tokens in the metadata: {}", error.what());
    }
  }
  const auto characters = metadata.find("vocab");
  require(characters != metadata.end(), "\"vocab\" is missing in the metadata");
  return Vocabulary(decode_utf8(characters->second));
}

}  // namespace microgpt::model
