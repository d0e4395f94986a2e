#pragma once

#include "microgpt/model/gpt.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::training {

/// Mean cross-entropy per predicted token, in nats, over all tokens of all documents, the closing
/// delimiter included. In documents longer than n_ctx the context window slides, so that models
/// with any n_ctx are scored on the same tokens. Throws Error if the result is not finite.
template <class Real>
double held_out_loss(Gpt<Real>& gpt, const Documents& documents);

}  // namespace microgpt::training
