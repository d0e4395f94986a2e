#pragma once

#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/model/gpt.hpp"

namespace microgpt::model {

/// Speaks one document: starts from `delimiter`, draws token after token from softmax(logits /
/// temperature), and ends at the next delimiter or after n_ctx tokens. The delimiters are not in
/// the result. temperature > 0; the lower, the more usual the names.
template <class Real>
std::vector<Token> sample(Gpt<Real>& gpt, Token delimiter, double temperature, Rng& rng);

}  // namespace microgpt::model
