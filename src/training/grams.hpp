#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "microgpt/training/dataset.hpp"

namespace microgpt::training {

/// An n-gram as a number: its tokens are digits, the last one the lowest. Before a document stand
/// as many delimiters as it takes.
using Gram = std::uint64_t;

/// The n-grams of documents, as many as there are predictions, or the first `most` of them.
inline std::vector<Gram> grams_of(const Documents& documents, Gram vocabulary, std::size_t order,
                                  std::size_t most) {
  Gram all = 1;  // so many n-grams there are
  for (std::size_t i = 0; i < order; ++i) all *= vocabulary;
  std::vector<Gram> grams;
  grams.reserve(std::min(documents.prediction_count(), most));
  for (std::size_t d = 0; d < documents.size() && grams.size() < most; ++d) {
    const std::vector<Token> document = documents[d];
    Gram gram = 0;
    for (std::size_t i = 0; i < order; ++i) gram = gram * vocabulary + document[0];
    for (std::size_t t = 1; t < document.size() && grams.size() < most; ++t) {
      gram = (gram % (all / vocabulary)) * vocabulary + document[t];
      grams.push_back(gram);
    }
  }
  return grams;
}

}  // namespace microgpt::training
