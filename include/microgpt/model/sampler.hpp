#pragma once

#include <span>
#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/model/gpt.hpp"

namespace microgpt::model {

/// Generates one document for each random stream: starts from `delimiter`, samples each token from
/// softmax(logits / temperature), and ends at the next delimiter or after n_ctx tokens. The results
/// contain no delimiters. temperature > 0; lower values give more typical names.
///
/// A document depends on its stream alone, not on the others: many together are only faster. Those
/// that have begun alike are processed as one.
template <class Real>
std::vector<std::vector<Token>> sample(Gpt<Real>& gpt, Token delimiter, double temperature,
                                       std::span<Rng> streams);

/// As above, for one stream.
template <class Real>
std::vector<Token> sample(Gpt<Real>& gpt, Token delimiter, double temperature, Rng& stream) {
  return sample(gpt, delimiter, temperature, std::span(&stream, 1)).front();
}

}  // namespace microgpt::model
