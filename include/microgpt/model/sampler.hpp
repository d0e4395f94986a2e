#pragma once

#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/model/gpt.hpp"

namespace microgpt::model {

/// Generates one document: starts from `delimiter`, samples each token from softmax(logits /
/// temperature), and ends at the next delimiter or after n_ctx tokens. The result contains no
/// delimiters. temperature > 0; lower values give more typical names.
template <class Real>
std::vector<Token> sample(Gpt<Real>& gpt, Token delimiter, double temperature, Rng& rng);

}  // namespace microgpt::model
