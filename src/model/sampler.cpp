#include "microgpt/model/sampler.hpp"

#include <algorithm>

#include "microgpt/core/elementary.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt::model {

namespace {

/// Draws an index with probability proportional to e^(logit / temperature).
template <class Real>
std::size_t draw(std::span<const Real> logits, double temperature, Rng& rng) {
  const Real largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> weights;
  double sum = 0;
  for (const Real logit : logits) {
    weights.push_back(elementary::exp(static_cast<double>(logit - largest) / temperature));
    sum += weights.back();
  }
  double left = rng.uniform() * sum;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    left -= weights[i];
    if (left < 0) return i;
  }
  return weights.size() - 1;  // rounding, or a NaN
}

}  // namespace

template <class Real>
std::vector<Token> sample(Gpt<Real>& gpt, Token delimiter, double temperature, Rng& rng) {
  require(temperature > 0, "temperature ({}) must be positive", temperature);
  const typename Tape<Real>::Scope scope(gpt.tape());
  const typename Tape<Real>::Inference inference(gpt.tape());
  KvCache<Real> cache;
  TokenBatch batch;
  std::vector<Token> spoken;
  Token token = delimiter;
  while (spoken.size() < gpt.config().n_ctx) {
    batch.clear();
    batch.add(std::span(&token, 1), cache.size());
    const Block<Real> logits = gpt.forward(batch, &cache);
    token = static_cast<Token>(draw<Real>(logits.data(), temperature, rng));
    if (token == delimiter) break;
    spoken.push_back(token);
  }
  return spoken;
}

template std::vector<Token> sample(Gpt<double>&, Token, double, Rng&);
template std::vector<Token> sample(Gpt<float>&, Token, double, Rng&);

}  // namespace microgpt::model
