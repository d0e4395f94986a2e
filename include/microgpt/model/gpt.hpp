#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "microgpt/autograd/fused.hpp"
#include "microgpt/core/random.hpp"

namespace microgpt::model {

using Token = std::uint32_t;

/// The sizes of a GPT. The defaults are those of the primordial organism.
struct GptConfig {
  std::size_t n_vocab = 27;  ///< distinct characters plus the delimiter
  std::size_t n_emb = 16;    ///< channels; a multiple of n_head
  std::size_t n_ctx = 16;    ///< positions that attention can see
  std::size_t n_layer = 1;
  std::size_t n_head = 4;
  std::size_t n_ff_exp = 4;  ///< width of the feed-forward layer, in multiples of n_emb
};

/// The number of weights, without building the model.
std::size_t parameter_count(const GptConfig& config);

/// Token sequences packed into rows, the input of Gpt::forward. Keeps its memory when reused.
struct TokenBatch {
  std::vector<Token> tokens;
  std::vector<std::uint32_t> positions;
  std::vector<Sequence> sequences;
  /// The rows whose keys the sequences attend to, one sequence after another. Empty: each sequence
  /// attends to its own rows.
  std::vector<std::uint32_t> key_rows;

  void clear();
  /// Appends a sequence.
  void add(std::span<const Token> sequence);
  /// Appends a sequence that continues the tokens in rows `before` of a KvCache, which will have
  /// the tokens of this batch in its rows from `rows` on. Must not be mixed with the others.
  void add_after(std::span<const std::uint32_t> before, std::span<const Token> sequence,
                 std::size_t rows);
  /// Appends a sequence that shares the rows of its common prefix with the last sequence of the
  /// batch; attention is causal, so they do not depend on what follows. Returns the rows of its
  /// tokens, valid until the next change. Must not be mixed with add().
  std::span<const std::uint32_t> add_shared(std::span<const Token> sequence);

 private:
  std::vector<std::uint32_t> path_;  // the rows of the last sequence of add_shared()
};

/// The keys and values of the tokens that a Gpt has already processed, a row for each, by layer.
/// The tokens of any number of sequences may be there, in any order.
template <class Real>
class KvCache {
 public:
  /// Of a Gpt with these sizes.
  explicit KvCache(const GptConfig& config) : layers_(config.n_layer), n_emb_(config.n_emb) {}
  std::size_t rows() const { return layers_[0].keys.size() / n_emb_; }
  /// Forgets all rows and keeps the memory.
  void clear();

 private:
  template <class>
  friend class Gpt;
  struct Layer {
    std::vector<Real> keys, values;
  };
  std::vector<Layer> layers_;
  std::size_t n_emb_;
};

/// A named parameter matrix. In memory, the rows of a weight matrix are its inputs.
template <class Real>
struct NamedBlock {
  std::string name;
  Block<Real> block;
};

/// A GPT: token and position embeddings; per layer RMSNorm, attention, residual, RMSNorm,
/// feed-forward with ReLU, residual; a final RMSNorm and the projection to the vocabulary. No
/// biases.
template <class Real>
class Gpt {
 public:
  /// Weights are zero until initialise(). The parameters are one contiguous range of the tape,
  /// padded with zeros. Throws Error if a size is invalid.
  Gpt(Tape<Real>& tape, const GptConfig& config);

  /// Draws every weight uniformly from ±0.1.
  void initialise(Rng& rng);

  /// The logits (positions x vocabulary) for each token of the batch. With a cache, the sequences
  /// are those of TokenBatch::add_after(), and their rows are appended to it; there are no
  /// gradients then.
  Block<Real> forward(const TokenBatch& batch, KvCache<Real>* cache = nullptr);

  const GptConfig& config() const { return config_; }
  Tape<Real>& tape() const { return *tape_; }
  const std::vector<NamedBlock<Real>>& parameters() const { return parameters_; }
  /// All weights as one range for Adam, including padding.
  std::span<Real> weights() const { return tape_->data(first_, extent_); }
  std::span<Real> gradients() const { return tape_->grad(first_, extent_); }
  void reset_gradients() const { tape_->reset_gradients(first_, extent_); }

 private:
  struct Layer {
    Block<Real> wq, wk, wv, wo, fc1, fc2;
  };
  Block<Real> parameter(std::string name, std::size_t rows, std::size_t cols);
  Layer make_layer(std::size_t number);
  /// Appends the rows of x to those of a cache; returns those that a batch attends to.
  Block<Real> through_cache(std::vector<Real>& cached, Block<Real> x,
                            std::span<const std::uint32_t> rows) const;
  Block<Real> attend(const Layer& layer, Block<Real> x, const TokenBatch& batch,
                     KvCache<Real>* cache, std::size_t number);

  Tape<Real>* tape_;
  GptConfig config_;
  std::vector<NamedBlock<Real>> parameters_;
  Index first_;
  Block<Real> token_table_, position_table_;
  std::vector<Layer> layers_;
  Block<Real> head_;
  std::size_t extent_;
};

/// Throws Error unless a GPT of these sizes can be built.
void validate(const GptConfig& config);

}  // namespace microgpt::model
