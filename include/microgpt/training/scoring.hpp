#pragma once

#include "microgpt/model/gpt.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::training {

/// Mean cross-entropy per predicted token, in nats, over all tokens of all documents, the closing
/// delimiter included. Where a document is longer than n_ctx the context slides, so that models of
/// any context are scored on the same tokens. Throws Error if the result is not finite.
template <class Real>
double held_out_loss(Gpt<Real>& gpt, const Documents& documents);

/// The same measure for a model of pairs: P(b | a) = (count(a b) + 1) / (count(a) + vocabulary),
/// counted on the training documents. A model that learnt anything about names is below it.
double bigram_loss(const Dataset& dataset, const Documents& documents);

/// The same measure for a model that learnt nothing: ln vocabulary.
double uniform_loss(const Vocabulary& vocabulary);

}  // namespace microgpt::training
