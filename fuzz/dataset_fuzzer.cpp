// A dataset: documents survive being written down, and its parts share none.

#include <algorithm>
#include <set>

#include "../tests/support/corpus.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/training/dataset.hpp"
#include "property.hpp"

namespace microgpt::fuzz {

using namespace training;
namespace {

using Texts = std::set<std::string>;

std::string file_of(const std::vector<std::string>& documents) {
  std::string bytes = "\xEF\xBB\xBF";  // the first document may begin with another of these
  for (const std::string& document : documents) bytes += document + "\n";
  return bytes;
}

Texts texts_of(const Documents& part, const Vocabulary& vocabulary) {
  Texts texts;
  for (std::size_t i = 0; i < part.size(); ++i) texts.insert(vocabulary.decode(part[i]));
  return texts;
}

void check_parts(const Dataset& dataset, const std::vector<std::string>& documents) {
  Texts all, together;
  for (const std::string& document : documents) all.insert(document);
  std::size_t sizes = 0;
  for (const Documents* part : {&dataset.training, &dataset.validation, &dataset.test}) {
    check(part->size() > 0, "no part is empty");
    const Texts texts = texts_of(*part, dataset.vocabulary);
    sizes += texts.size();
    together.insert(texts.begin(), texts.end());
  }
  check(sizes == together.size(), "a document is in one part only");
  check(together == all, "every document is in a part, as it was read");
}

void run(const std::string& bytes) {
  loaded(kPath, [&] { return read_corpus(kPath, bytes); });  // of any kind
  const auto corpus = loaded(kPath, [&] { return read_corpus(kPath, bytes, DocumentKind::lines); });
  if (!corpus) return;
  const std::vector<std::string> texts = test::texts_of(*corpus);
  const Corpus again = read_corpus(kPath, file_of(texts), DocumentKind::lines);
  check(test::texts_of(again) == texts, "documents survive being written down");
  check(again.changes.text().empty(), "a normalised text is not changed again");
  const auto dataset = loaded("", [&] { return split(*corpus, 1); });
  if (dataset) check_parts(*dataset, texts);
  const auto pairs = loaded("", [&] { return split(*corpus, 1, {TokenKind::bpe, 300}); });
  if (pairs) check_parts(*pairs, texts);
  const auto raw = loaded(kPath, [&] { return read_corpus(kPath, bytes, std::nullopt, false); });
  if (raw) loaded("", [&] { return split(*raw, 1, {TokenKind::bytes}); });
}

}  // namespace
}  // namespace microgpt::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  microgpt::fuzz::run(microgpt::fuzz::text_of(data, size));
  return 0;
}
