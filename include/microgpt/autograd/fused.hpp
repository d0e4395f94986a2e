#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "microgpt/autograd/rotary.hpp"
#include "microgpt/autograd/val.hpp"
#include "microgpt/core/random.hpp"

/// The fused algebra: one tape record produces a whole block of Vals. It is an optimisation, not
/// another kind of number: every output is a Val, mixes with scalar operations and has a history().
/// Sums run in index order unless stated otherwise, so every instruction set gives the same bits.
/// Incompatible shapes throw Error.
namespace microgpt::autograd {

/// One of several sequences that are packed one after another into the rows of a block. Each query
/// attends to the keys up to its own position; the last query is aligned with the last key.
struct Sequence {
  std::uint32_t queries;  ///< rows of q, and of the output
  std::uint32_t keys;     ///< rows of k and v; keys >= queries (the first ones come from a cache)
};

/// out[i] = x[rows[i]]: rows of x in any order, repetitions allowed.
template <class Real>
Block<Real> gather(Block<Real> x, std::span<const std::uint32_t> rows);

/// Sums of rows of x times their multipliers, `width` of them in each row of the result. The rows
/// whose multiplier is 0 are not touched, on the way back neither. Known as an embedding bag.
template <class Real>
Block<Real> sum_rows(Block<Real> x, std::size_t width, std::span<const std::uint32_t> rows,
                     std::span<const Real> multipliers);

/// out[t] = token_table[tokens[t]] + position_table[positions[t]].
template <class Real>
Block<Real> embed(Block<Real> token_table, Block<Real> position_table,
                  std::span<const std::uint32_t> tokens, std::span<const std::uint32_t> positions);

/// Elementwise a + b.
template <class Real>
Block<Real> add(Block<Real> a, Block<Real> b);

/// Elementwise max(x, 0).
template <class Real>
Block<Real> relu(Block<Real> x);

/// Elementwise max(x, 0)^2 (So et al., "Primer: searching for efficient transformers for language
/// modeling", 2021); NaN stays NaN.
template <class Real>
Block<Real> relu_squared(Block<Real> x);

/// Elementwise x sigmoid(u), u = 2 sqrt(2 / pi) (x + 0.044715 x^3): the Gaussian error linear unit
/// in the form with a tanh (Hendrycks and Gimpel, "Gaussian error linear units", 2016).
template <class Real>
Block<Real> gelu(Block<Real> x);

/// Elementwise gate sigmoid(gate) x (Shazeer, "GLU variants improve Transformer", 2020).
template <class Real>
Block<Real> swiglu(Block<Real> gate, Block<Real> x);

/// Multipliers that are 0 with probability `rate`, and otherwise 1 / (1 - rate) (Srivastava et al.,
/// "Dropout: a simple way to prevent neural networks from overfitting", 2014). 0 <= rate < 1,
/// rounded to a multiple of 2^-16 below 1; of 0 nothing is drawn. They take the random bits in
/// order, four of them those of one draw.
template <class Real>
void draw_dropout(double rate, Rng& rng, std::span<Real> multipliers);

/// Each element times a multiplier of its own; of rate 0, x itself.
template <class Real>
Block<Real> dropout(Block<Real> x, double rate, Rng& rng);

/// Rotary position embedding: within each head of D = channels / heads channels, (x_i, x_{i + D/2})
/// is turned by the angle of pair i < D/2 at the position of its row; the last channel of an odd D
/// stays. The table has D/2 pairs; it is not needed any more when the function has returned.
template <class Real>
Block<Real> rotary(Block<Real> x, std::size_t heads, std::span<const std::uint32_t> positions,
                   const RotaryTable<Real>& table);

/// Each row divided by its root mean square: x / sqrt(mean(x^2) + 1e-5) (Zhang and Sennrich, "Root
/// mean square layer normalization", 2019; without a learned scale). The mean adds in eight lanes.
template <class Real>
Block<Real> rmsnorm(Block<Real> x);
inline constexpr double kRmsNormEpsilon = 1e-5;

/// x (T x in) times weights (in x out): each row of the result holds the outputs of one position.
template <class Real>
Block<Real> linear(Block<Real> x, Block<Real> weights);

/// x (T x in) times the transpose of weights (out x in), such as a table of tokens that is the
/// output head as well: row o of the weights belongs to output o.
template <class Real>
Block<Real> linear_transposed(Block<Real> x, Block<Real> weights);

/// Softmax of each row: e^x / sum e^x. The sum adds in eight lanes.
template <class Real>
Block<Real> softmax(Block<Real> x);

/// Multi-head causal attention (Vaswani et al., "Attention is all you need", 2017): head h uses
/// the channels [h D, (h + 1) D), D = channels / heads; softmax(q k / sqrt(D)) v.
template <class Real>
Block<Real> attention(Block<Real> q, Block<Real> k, Block<Real> v, std::size_t heads,
                      std::span<const Sequence> sequences);

/// -ln softmax(logits[t])[targets[t]] for each row: T x 1. The sum adds in eight lanes.
template <class Real>
Block<Real> cross_entropy(Block<Real> logits, std::span<const std::uint32_t> targets);

/// The sum of all elements divided by `count` > 0: their mean, or a part of a mean over more
/// blocks.
template <class Real>
Val<Real> mean(Block<Real> x, std::size_t count);
template <class Real>
Val<Real> mean(Block<Real> x) {
  return mean(x, x.size());
}

}  // namespace microgpt::autograd
