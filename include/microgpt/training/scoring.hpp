#pragma once

#include <vector>

#include "microgpt/model/gpt.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::training {

/// -ln P of every predicted token of some documents, in nats: of all but the first of each, the
/// closing delimiter included, so that models with any n_ctx are scored on the same tokens. In
/// documents longer than n_ctx the context slides, see scoring_stride().
template <class Real>
std::vector<double> token_losses(Gpt<Real>& gpt, const Documents& documents);

/// Mean cross-entropy per character, or byte, and end of a document: the sum of token_losses() over
/// Documents::length(), so that vocabularies of any kind are compared. Throws Error if it is not
/// finite.
template <class Real>
double held_out_loss(Gpt<Real>& gpt, const Documents& documents);

}  // namespace microgpt::training
