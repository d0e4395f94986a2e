#pragma once

#include <cstddef>

#include "microgpt/training/dataset.hpp"

namespace microgpt::training {

/// What there is to learn from, in numbers.
struct TextStatistics {
  std::size_t tokens = 0;  ///< to predict; 0: unknown
  std::size_t documents = 0;
  /// The share of the n-grams of five tokens that occur only once. It estimates how many of another
  /// text would be new (I. J. Good, "The population frequencies of species", 1953).
  double unique_ngrams = 1;
};

/// Of the training part; n-grams are counted in its first four million tokens.
TextStatistics statistics_of(const Dataset& dataset);

}  // namespace microgpt::training
