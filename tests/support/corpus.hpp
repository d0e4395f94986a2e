#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "microgpt/training/dataset.hpp"

namespace microgpt::test {

using namespace training;

/// The letters a to z: with the delimiter 27 tokens, as many as the primordial organism knows.
inline Vocabulary letters() { return Vocabulary(U"abcdefghijklmnopqrstuvwxyz"); }

inline Documents documents_of(std::initializer_list<std::string_view> texts) {
  Documents documents;
  for (const std::string_view text : texts) documents.add(text, letters());
  return documents;
}

/// Texts, one after another.
inline Corpus corpus_of(const std::vector<std::string>& texts,
                        DocumentKind kind = DocumentKind::lines) {
  Corpus corpus;
  corpus.kind = kind;
  for (const std::string& text : texts) {
    corpus.documents.push_back(
        {static_cast<std::uint32_t>(corpus.text.size()), static_cast<std::uint32_t>(text.size())});
    corpus.text += text;
  }
  return corpus;
}

inline Dataset split(const std::vector<std::string>& texts, std::uint64_t seed,
                     DocumentKind kind = DocumentKind::lines) {
  return training::split(corpus_of(texts, kind), seed);
}

inline std::vector<std::string> texts_of(const Corpus& corpus) {
  std::vector<std::string> texts;
  for (const Extent& document : corpus.documents) texts.emplace_back(corpus[document]);
  return texts;
}

/// A dozen made-up names of 2 to 20 letters.
inline Documents some_names() {
  return documents_of({"anela", "bo", "carimo", "delanira", "enzolo", "falia", "gimaronela", "halo",
                       "imariselanodelaniro", "jelan", "karimolanela", "lia"});
}

/// The documents at these of their places, each as often as its place is there.
inline Documents chosen(const Documents& documents, std::vector<Extent> places) {
  std::size_t length = 0;
  for (const Extent& place : places) length += place.length + (documents.they_end() ? 1 : 0);
  return {documents.tokens(), std::move(places), documents.delimiter(), documents.they_end(),
          length};
}

/// The documents `times` over, one round after another: as many steps without a second epoch.
inline Documents repeated(const Documents& documents, std::size_t times) {
  std::vector<Extent> places;
  for (std::size_t i = 0; i < times; ++i) {
    places.insert(places.end(), documents.places().begin(), documents.places().end());
  }
  return chosen(documents, std::move(places));
}

}  // namespace microgpt::test
