#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "microgpt/model/gpt.hpp"
#include "numbers.hpp"

namespace microgpt::test {

using namespace model;

/// A GPT on a tape of its own, with random weights. They are larger than those of a newborn one,
/// so that attention and the norms have something to do.
template <class Real>
struct SomeGpt {
  SomeGpt(const GptConfig& config, std::uint64_t seed, double scale = 0.25) : gpt(tape, config) {
    Rng rng = rng_of(seed);
    for (const NamedBlock<Real>& parameter : gpt.parameters()) {
      for (Real& weight : parameter.block.data()) {
        weight = static_cast<Real>(rng.uniform(-scale, scale));
      }
    }
  }

  Tape<Real> tape;
  Gpt<Real> gpt;
};

/// All weights, parameter by parameter.
template <class Real>
std::vector<Real> all_weights(const Gpt<Real>& gpt) {
  std::vector<Real> all;
  for (const NamedBlock<Real>& parameter : gpt.parameters()) {
    all.insert(all.end(), parameter.block.data().begin(), parameter.block.data().end());
  }
  return all;
}

/// Their gradients.
template <class Real>
std::vector<Real> all_gradients(const Gpt<Real>& gpt) {
  std::vector<Real> all;
  for (const NamedBlock<Real>& parameter : gpt.parameters()) {
    const std::span<Real> gradients = parameter.block.grad();
    all.insert(all.end(), gradients.begin(), gradients.end());
  }
  return all;
}

inline std::vector<Token> random_tokens(Rng& rng, std::size_t count, std::size_t vocabulary) {
  std::vector<Token> tokens(count);
  for (Token& token : tokens) token = static_cast<Token>(rng.below(vocabulary));
  return tokens;
}

/// The logits of one sequence from its start, copied off the tape.
template <class Real>
std::vector<Real> logits_of(Gpt<Real>& gpt, std::span<const Token> tokens) {
  const typename Tape<Real>::Scope scope(gpt.tape());
  TokenBatch batch;
  batch.add(tokens);
  return copy(gpt.forward(batch).data());
}

/// The loss of one document as training sees it, recorded on the tape of the GPT.
template <class Real>
Val<Real> loss_of(Gpt<Real>& gpt, std::span<const Token> document) {
  const std::size_t predictions = std::min(gpt.config().n_ctx, document.size() - 1);
  TokenBatch batch;
  batch.add(document.first(predictions));
  return mean(cross_entropy(gpt.forward(batch), document.subspan(1, predictions)));
}

}  // namespace microgpt::test
