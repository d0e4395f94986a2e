#pragma once

#include <string_view>

#include "microgpt/training/dataset.hpp"

namespace microgpt::test {

using namespace training;

/// The letters a to z: with the delimiter 27 tokens, as many as the primordial organism knows.
inline Vocabulary letters() { return Vocabulary(U"abcdefghijklmnopqrstuvwxyz"); }

inline Documents documents_of(std::initializer_list<std::u32string_view> texts) {
  Documents documents;
  for (const std::u32string_view text : texts) documents.add(text, letters());
  return documents;
}

/// A dozen made-up names of 2 to 20 letters.
inline Documents some_names() {
  return documents_of({U"anela", U"bo", U"carimo", U"delanira", U"enzolo", U"falia", U"gimaronela",
                       U"halo", U"imariselanodelaniro", U"jelan", U"karimolanela", U"lia"});
}

/// The documents `times` over, one round after another: as many steps without a second epoch.
inline Documents repeated(const Documents& documents, std::size_t times) {
  std::vector<Token> tokens;
  std::vector<std::uint32_t> ends;
  for (std::size_t i = 0; i < times; ++i) {
    const auto first = static_cast<std::uint32_t>(tokens.size());
    tokens.insert(tokens.end(), documents.tokens().begin(), documents.tokens().end());
    for (const std::uint32_t end : documents.ends()) ends.push_back(first + end);
  }
  return Documents(std::move(tokens), std::move(ends));
}

}  // namespace microgpt::test
