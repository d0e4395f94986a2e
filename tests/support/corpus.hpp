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

}  // namespace microgpt::test
