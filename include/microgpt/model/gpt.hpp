#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/autograd/fused.hpp"
#include "microgpt/autograd/rotary.hpp"
#include "microgpt/core/enum_names.hpp"
#include "microgpt/core/random.hpp"
#include "microgpt/model/token.hpp"

namespace microgpt::model {

/// The nonlinearity of the feed-forward layers.
enum class Activation {
  relu,
  relu2,   ///< max(x, 0)^2
  gelu,    ///< tanh form
  swiglu,  ///< silu(gate x) * fc1 x, with a third matrix
};

constexpr auto enum_names(Activation) {
  return enum_table<Activation>("activation", {{Activation::relu, "relu"},
                                               {Activation::relu2, "relu2"},
                                               {Activation::gelu, "gelu"},
                                               {Activation::swiglu, "swiglu"}});
}

/// How a GPT knows where a token stands.
enum class Position {
  learned,  ///< an embedding for each position
  rotary,   ///< queries and keys are rotated by angles that grow with the position
  both,
};

constexpr auto enum_names(Position) {
  return enum_table<Position>(
      "position",
      {{Position::learned, "learned"}, {Position::rotary, "rotary"}, {Position::both, "both"}});
}

/// How the weights start.
enum class Init {
  uniform,  ///< all within ±0.1
  scaled,   ///< standard deviation 1 / sqrt(inputs); the outputs of residual branches are zero
};

constexpr auto enum_names(Init) {
  return enum_table<Init>("init", {{Init::uniform, "uniform"}, {Init::scaled, "scaled"}});
}

inline constexpr std::size_t kLongestNgram = 8;

/// The sizes and the kind of a GPT. The defaults are those of the primordial organism.
struct GptConfig {
  std::size_t n_vocab = 27;  ///< distinct characters plus the delimiter
  std::size_t n_emb = 16;    ///< channels; a multiple of n_head
  std::size_t n_ctx = 16;    ///< positions that attention can see
  std::size_t n_layer = 1;
  std::size_t n_head = 4;
  std::size_t n_ff_exp = 4;  ///< width of the feed-forward layer, in multiples of n_emb
  Activation activation = Activation::relu;
  Position position = Position::learned;
  bool qk_norm = false;  ///< RMSNorm of the queries and keys of each head
  bool tie = false;      ///< the output head is the token table
  /// How many tokens before each one are embedded with it, each distance by a table of its own.
  /// Before the first token of a sequence it is repeated.
  std::size_t lookback = 0;
  /// The longest n-grams that are embedded with their last token: those of 2, 3, ..., `ngram`
  /// tokens, all in one table, in rows that a hash chooses (see NgramHash). Before the first token
  /// of a sequence it is repeated. 1: none; at most kLongestNgram.
  std::size_t ngram = 1;
  std::size_t ngram_rows = 1024;  ///< of that table

  bool has_gate() const { return activation == Activation::swiglu; }
  bool learns_positions() const { return position != Position::rotary; }
  bool rotates() const { return position != Position::learned; }
  bool has_ngrams() const { return ngram > 1; }
};

/// The hash of a growing n-gram, from its last token back: FNV-1a (Fowler, Noll and Vo, 1991) over
/// whole tokens. Embeddings chosen by a hash of n-grams: Pagnoni et al., "Byte latent transformer:
/// patches scale better than tokens", 2024, section 3.2.1.
class NgramHash {
 public:
  void add(Token token) { hash_ = (hash_ ^ token) * 16'777'619U; }
  std::size_t row(std::size_t rows) const { return (hash_ ^ hash_ >> 16) % rows; }

 private:
  std::uint32_t hash_ = 2'166'136'261U;
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
  std::vector<Token> tokens_;  // by row
  std::size_t n_emb_;
};

/// A named parameter matrix. In memory, the rows of a weight matrix are its inputs.
template <class Real>
struct NamedBlock {
  std::string name;
  Block<Real> block;
};

/// Dropout (Srivastava et al., 2014) in a forward pass that is learnt from: of the embeddings, and
/// of what attention and feed-forward layers add to them; and, before that, of the embeddings of
/// n-grams, because a rare one would otherwise just recite what followed it.
struct Dropout {
  double rate = 0;        ///< share of the channels that are dropped, below 1; 0: none
  double ngram_rate = 0;  ///< the same for the embeddings of n-grams, each as a whole
  Rng rng = Rng(0, Stream::dropout, 0);
};

/// A GPT: token and position embeddings; per layer RMSNorm, attention, residual, RMSNorm,
/// feed-forward, residual; a final RMSNorm and the projection to the vocabulary. No biases.
template <class Real>
class Gpt {
 public:
  /// Weights are zero until initialise(). The parameters are one contiguous range of the tape,
  /// padded with zeros. Throws Error if a size is invalid.
  Gpt(Tape<Real>& tape, const GptConfig& config);

  /// Draws every weight, in the order of parameters(); each uniformly from a range around 0.
  void initialise(Rng& rng, Init init = Init::uniform);

  /// The logits (positions x vocabulary) for each token of the batch. With a cache, the sequences
  /// are those of TokenBatch::add_after(), and their rows are appended to it; there are no
  /// gradients then. Random numbers of the dropout are consumed.
  Block<Real> forward(const TokenBatch& batch, KvCache<Real>* cache = nullptr,
                      Dropout* dropout = nullptr);

  const GptConfig& config() const { return config_; }
  Tape<Real>& tape() const { return *tape_; }
  const std::vector<NamedBlock<Real>>& parameters() const { return parameters_; }
  /// All weights but the table of n-grams, as one range for Adam, including padding.
  std::span<Real> weights() const { return tape_->data(first_, extent_); }
  std::span<Real> gradients() const { return tape_->grad(first_, extent_); }
  /// ngram_rows x n_emb. A step of training reads few of its rows, so only these are updated.
  const std::optional<Block<Real>>& ngram_table() const { return ngram_table_; }
  /// The rows of that table that have gradients: those that have been read since the last
  /// reset_gradients(), except for inference. Each once.
  std::span<const std::uint32_t> ngrams_read() const { return ngrams_read_; }
  void reset_gradients();

 private:
  struct Layer {
    Block<Real> wq, wk, wv, wo, fc1;
    std::optional<Block<Real>> gate;
    Block<Real> fc2;
  };
  Block<Real> parameter(std::string name, std::size_t rows, std::size_t cols);
  std::optional<Block<Real>> parameter_if(bool there, std::string name, std::size_t rows,
                                          std::size_t cols);
  Layer make_layer(std::size_t number);
  /// The embeddings of the tokens, of their positions, and of the tokens before them.
  Block<Real> embedded(const TokenBatch& batch, const KvCache<Real>* cache, Dropout* dropout);
  /// The sum of the embeddings of the n-grams that end with each token, added to x. `tokens` as in
  /// tokens_before().
  Block<Real> with_ngrams(Block<Real> x, const TokenBatch& batch, std::span<const Token> tokens,
                          Dropout* dropout);
  void note_ngrams_read();
  /// Queries or keys as attention wants them: normalised by head, and rotated.
  Block<Real> positioned(Block<Real> x, const TokenBatch& batch) const;
  Block<Real> feed_forward(const Layer& layer, Block<Real> x) const;
  Block<Real> head(Block<Real> x) const;
  /// Appends the rows of x to those of a cache; returns those that a batch attends to.
  Block<Real> through_cache(std::vector<Real>& cached, Block<Real> x,
                            std::span<const std::uint32_t> rows) const;
  Block<Real> attend(const Layer& layer, Block<Real> x, const TokenBatch& batch,
                     KvCache<Real>* cache, std::size_t number);

  Tape<Real>* tape_;
  GptConfig config_;
  std::vector<NamedBlock<Real>> parameters_;
  RotaryTable<Real> rotary_;  // without pairs if nothing is rotated
  Index first_;
  Block<Real> token_table_;
  std::vector<Block<Real>> lookback_tables_;  // of the token before, of the one before that, ...
  std::optional<Block<Real>> position_table_;
  std::vector<Layer> layers_;
  std::optional<Block<Real>> head_;
  std::size_t extent_;
  std::optional<Block<Real>> ngram_table_;
  std::vector<bool> is_ngram_read_;  // by row
  std::vector<std::uint32_t> ngrams_read_;
  // Of embedded(); kept for their memory.
  std::vector<Token> before_;
  std::vector<NgramHash> hashes_;
  std::vector<std::uint32_t> chosen_rows_;  // of the n-grams that end with each token
  std::vector<Real> chosen_multipliers_;    // of their embeddings: 0 if dropped
};

/// The angles of rotary embeddings: pair i of the D / 2 pairs of a head turns by
/// kRotaryBase^(-2 i / D) from one position to the next.
inline constexpr double kRotaryBase = 10'000;

/// Throws Error unless a GPT of these sizes can be built.
void validate(const GptConfig& config);

}  // namespace microgpt::model
