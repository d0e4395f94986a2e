#include "microgpt/training/text_statistics.hpp"

#include <limits>

#include "grams.hpp"
#include "microgpt/training/baselines.hpp"

namespace microgpt::training {

namespace {

/// Five, or as many as fit into a number.
std::size_t order_of(Gram vocabulary) {
  std::size_t order = 1;
  Gram limit = std::numeric_limits<Gram>::max() / vocabulary;
  for (; order < 5 && limit >= vocabulary; ++order) limit /= vocabulary;
  return order;
}

}  // namespace

TextStatistics statistics_of(const Dataset& dataset) {
  const Documents& training = dataset.training;
  const Gram vocabulary = dataset.vocabulary.size();
  std::vector<Gram> grams = grams_of(training, vocabulary, order_of(vocabulary), kMostGrams);
  std::ranges::sort(grams);
  std::size_t unique = 0;
  for (auto gram = grams.begin(); gram != grams.end();) {
    const auto next = std::find_if(gram, grams.end(), [&](Gram other) { return other != *gram; });
    unique += next - gram == 1;
    gram = next;
  }
  return {.tokens = training.prediction_count(),
          .documents = training.size(),
          .unique_ngrams = static_cast<double>(unique) / static_cast<double>(grams.size())};
}

}  // namespace microgpt::training
