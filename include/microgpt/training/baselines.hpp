#pragma once

#include <cstddef>

#include "microgpt/training/dataset.hpp"

// What models without a neural network achieve, by the measure of held_out_loss() in scoring.hpp.
// The functions for a dataset of a certain vocabulary give nats per token, so they want one whose
// tokens are characters or bytes.
namespace microgpt::training {

/// Of a uniform model, which knows nothing: ln vocabulary.
double uniform_loss(const Vocabulary& vocabulary);

/// Of a bigram model: P(b | a) = (count(a b) + 1) / (count(a) + vocabulary), counted on the
/// training documents. A baseline that a trained model should beat.
double bigram_loss(const Dataset& dataset, const Documents& documents);

/// The most tokens whose n-grams are counted: more would say little that is new.
inline constexpr std::size_t kMostGrams = 4'000'000;

/// Of the best n-gram model.
struct NgramBaseline {
  std::size_t order = 0;            ///< a token is predicted from the order - 1 before it
  double validation = 0, test = 0;  ///< losses

  bool operator==(const NgramBaseline&) const = default;
};

/// Interpolated n-gram models with modified Kneser-Ney smoothing (Chen and Goodman, "An empirical
/// study of smoothing techniques for language modeling", 1998, section 3.5), counted on the
/// training documents; n-grams that begin at the beginning of a document are counted as they are in
/// every order. The order is that of the lowest validation loss, up to the first two that only make
/// it worse, and up to what fits into 64 bits. `most` tokens are counted at most.
NgramBaseline ngram_baseline(const Dataset& dataset, std::size_t most = kMostGrams);

/// All of them.
struct Baselines {
  double uniform = 0;
  double bigram_validation = 0, bigram_test = 0;
  NgramBaseline ngram;
};

/// Of any dataset: byte pairs are taken apart into characters, which such models predict better.
Baselines baselines_of(const Dataset& dataset);

}  // namespace microgpt::training
