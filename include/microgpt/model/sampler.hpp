#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/model/gpt.hpp"

namespace microgpt::model {

/// How documents are generated.
struct Sampling {
  double temperature = 0.5;  ///< lower values give more typical documents; 0: the likeliest token
  std::size_t top_k = 0;     ///< choose among this many likeliest tokens; 0: among all
  double top_p = 1;          ///< and among the likeliest that together have this probability
  std::size_t length = 0;    ///< of a document in tokens, the beginning included; 0: n_ctx
  std::vector<Token> beginning = {};  ///< of all documents
};

/// Throws Error naming the setting, its value and the rule.
void validate(const Sampling& sampling);

/// Generates one document for each random stream: starts from `delimiter` and the beginning, draws
/// each token from softmax(logits / temperature), and ends at the next delimiter or where it is
/// long enough. The results contain the beginning, and no delimiters. Beyond n_ctx tokens the
/// context slides, as in scoring.hpp.
///
/// A document depends on its stream alone, not on the others: many together are only faster. Those
/// that have begun alike are processed as one, as long as they fit into the context.
template <class Real>
std::vector<std::vector<Token>> sample(Gpt<Real>& gpt, Token delimiter, const Sampling& sampling,
                                       std::span<Rng> streams);

/// As above, for one stream.
template <class Real>
std::vector<Token> sample(Gpt<Real>& gpt, Token delimiter, const Sampling& sampling, Rng& stream) {
  return sample(gpt, delimiter, sampling, std::span(&stream, 1)).front();
}

}  // namespace microgpt::model
