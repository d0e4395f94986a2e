#pragma once

#include "microgpt/model/gpt.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::training {

/// Mean cross-entropy per predicted token, in nats, over all tokens of all documents, the closing
/// delimiter included. In documents longer than n_ctx the context window slides, so that models
/// with any n_ctx are scored on the same tokens. Throws Error if the result is not finite.
template <class Real>
double held_out_loss(Gpt<Real>& gpt, const Documents& documents);

/// The same measure for a bigram model: P(b | a) = (count(a b) + 1) / (count(a) + vocabulary),
/// counted on the training documents. A baseline that a trained model should beat.
double bigram_loss(const Dataset& dataset, const Documents& documents);

/// The same measure for a uniform model, which knows nothing: ln vocabulary.
double uniform_loss(const Vocabulary& vocabulary);

}  // namespace microgpt::training
