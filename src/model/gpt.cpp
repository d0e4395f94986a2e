#include "microgpt/model/gpt.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "microgpt/core/error.hpp"

namespace microgpt::model {

std::size_t parameter_count(const GptConfig& c) {
  const std::size_t feed_forward = (c.has_gate() ? 3 : 2) * c.n_ff_exp;
  const std::size_t tables =
      (c.tie ? 1 : 2) * c.n_vocab + (c.learns_positions() ? c.n_ctx : 0) + c.lookback * c.n_vocab;
  const std::size_t ngrams = c.has_ngrams() ? c.ngram_rows : 0;
  return (tables + ngrams + c.n_layer * (4 + feed_forward) * c.n_emb) * c.n_emb;
}

void validate(const GptConfig& c) {
  require(c.n_vocab > 0 && c.n_emb > 0 && c.n_ctx > 0 && c.n_layer > 0 && c.n_head > 0 &&
              c.n_ff_exp > 0 && c.ngram > 0 && c.ngram_rows > 0,
          "every size of a GPT must be positive");
  require(c.ngram <= kLongestNgram, "ngram ({}) must be at most {}", c.ngram, kLongestNgram);
  require(c.n_emb % c.n_head == 0, "n_emb ({}) must be a multiple of n_head ({})", c.n_emb,
          c.n_head);
}

void TokenBatch::clear() {
  tokens.clear();
  positions.clear();
  sequences.clear();
  key_rows.clear();
  path_.clear();
}

void TokenBatch::add(std::span<const Token> sequence) {
  const auto length = static_cast<std::uint32_t>(sequence.size());
  tokens.insert(tokens.end(), sequence.begin(), sequence.end());
  for (std::uint32_t i = 0; i < length; ++i) positions.push_back(i);
  sequences.push_back({length, length});
}

void TokenBatch::add_after(std::span<const std::uint32_t> before, std::span<const Token> sequence,
                           std::size_t rows) {
  const auto first = static_cast<std::uint32_t>(before.size());
  const auto length = static_cast<std::uint32_t>(sequence.size());
  key_rows.insert(key_rows.end(), before.begin(), before.end());
  for (std::uint32_t i = 0; i < length; ++i) {
    key_rows.push_back(static_cast<std::uint32_t>(rows + tokens.size()));
    tokens.push_back(sequence[i]);
    positions.push_back(first + i);
  }
  sequences.push_back({length, first + length});
}

std::span<const std::uint32_t> TokenBatch::add_shared(std::span<const Token> sequence) {
  std::size_t shared = 0;
  const std::size_t most = std::min(path_.size(), sequence.size());
  while (shared < most && tokens[path_[shared]] == sequence[shared]) ++shared;
  if (shared == sequence.size()) return std::span(path_).first(shared);
  path_.resize(shared);
  for (std::size_t i = shared; i < sequence.size(); ++i) {
    path_.push_back(static_cast<std::uint32_t>(tokens.size()));
    tokens.push_back(sequence[i]);
    positions.push_back(static_cast<std::uint32_t>(i));
  }
  key_rows.insert(key_rows.end(), path_.begin(), path_.end());
  sequences.push_back({static_cast<std::uint32_t>(sequence.size() - shared),
                       static_cast<std::uint32_t>(sequence.size())});
  return path_;
}

template <class Real>
void KvCache<Real>::clear() {
  for (Layer& layer : layers_) layer.keys.clear(), layer.values.clear();
  tokens_.clear();
}

template <class Real>
Gpt<Real>::Gpt(Tape<Real>& tape, const GptConfig& config)
    : tape_(&tape),
      config_((validate(config), config)),
      rotary_(config.n_ctx, config.rotates() ? config.n_emb / config.n_head / 2 : 0, kRotaryBase),
      first_(tape.allocate(0)),
      token_table_(parameter("wte", config.n_vocab, config.n_emb)),
      lookback_tables_([&] {
        std::vector<Block<Real>> tables;
        for (std::size_t i = 1; i <= config.lookback; ++i) {
          tables.push_back(parameter(fmt::format("wte-{}", i), config.n_vocab, config.n_emb));
        }
        return tables;
      }()),
      position_table_(parameter_if(config.learns_positions(), "wpe", config.n_ctx, config.n_emb)),
      layers_([&] {
        std::vector<Layer> layers;
        for (std::size_t i = 0; i < config.n_layer; ++i) layers.push_back(make_layer(i));
        return layers;
      }()),
      head_(parameter_if(!config.tie, "lm_head", config.n_emb, config.n_vocab)),
      extent_([&] {
        const Block<Real>& last = parameters_.back().block;
        return last.first() + last.size() - first_;
      }()),
      ngram_table_(parameter_if(config.has_ngrams(), "ngram", config.ngram_rows, config.n_emb)),
      is_ngram_read_(config.has_ngrams() ? config.ngram_rows : 0) {
  ngrams_read_.reserve(is_ngram_read_.size());
}

template <class Real>
Block<Real> Gpt<Real>::parameter(std::string name, std::size_t rows, std::size_t cols) {
  const Block<Real> block = tape_->zeros(rows, cols);
  parameters_.push_back({std::move(name), block});
  return block;
}

template <class Real>
std::optional<Block<Real>> Gpt<Real>::parameter_if(bool there, std::string name, std::size_t rows,
                                                   std::size_t cols) {
  if (!there) return std::nullopt;
  return parameter(std::move(name), rows, cols);
}

template <class Real>
auto Gpt<Real>::make_layer(std::size_t number) -> Layer {
  const std::size_t C = config_.n_emb, F = config_.n_emb * config_.n_ff_exp;
  const std::string prefix = fmt::format("layers.{}.", number);
  return {.wq = parameter(prefix + "wq", C, C),
          .wk = parameter(prefix + "wk", C, C),
          .wv = parameter(prefix + "wv", C, C),
          .wo = parameter(prefix + "wo", C, C),
          .fc1 = parameter(prefix + "fc1", C, F),
          .gate = parameter_if(config_.has_gate(), prefix + "gate", C, F),
          .fc2 = parameter(prefix + "fc2", F, C)};
}

namespace {

/// The largest initial weight of a parameter. A uniform draw from ±a has the standard deviation
/// a / sqrt(3).
template <class Real>
double initial_bound(const NamedBlock<Real>& parameter, Init init) {
  if (init == Init::uniform) return 0.1;
  if (parameter.name.ends_with(".wo") || parameter.name.ends_with(".fc2")) return 0;
  const bool is_embedding = parameter.name.starts_with("wte") || parameter.name == "wpe";
  const std::size_t inputs = is_embedding ? parameter.block.cols() : parameter.block.rows();
  return std::sqrt(3 / static_cast<double>(inputs));
}

template <class Real>
Block<Real> with(Dropout* dropout, Block<Real> x) {
  return dropout == nullptr ? x : autograd::dropout(x, dropout->rate, dropout->rng);
}

}  // namespace

template <class Real>
void Gpt<Real>::initialise(Rng& rng, Init init) {
  for (const NamedBlock<Real>& parameter : parameters_) {
    if (parameter.name == "ngram") {  // nothing is known of an n-gram that was never read
      std::ranges::fill(parameter.block.data(), Real{0});
      continue;
    }
    const double bound = initial_bound(parameter, init);
    for (Real& weight : parameter.block.data()) {
      weight = static_cast<Real>(rng.uniform(-bound, bound));
    }
  }
}

template <class Real>
Block<Real> Gpt<Real>::forward(const TokenBatch& batch, KvCache<Real>* cache, Dropout* dropout) {
  require(cache == nullptr || !tape_->recording(), "a cache has no gradients");
  if (cache != nullptr) {
    cache->tokens_.insert(cache->tokens_.end(), batch.tokens.begin(), batch.tokens.end());
  }
  Block<Real> x = with(dropout, embedded(batch, cache, dropout));
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    x = add(x, with(dropout, linear(attend(layer, rmsnorm(x), batch, cache, i), layer.wo)));
    x = add(x, with(dropout, linear(feed_forward(layer, rmsnorm(x)), layer.fc2)));
  }
  return head(rmsnorm(x));
}

namespace {

/// Fills `before` with the token `distance` before each row of a batch, or the first one of its
/// sequence. `tokens` are those of all rows that the sequences attend to.
void tokens_before(const TokenBatch& batch, std::span<const Token> tokens, std::size_t distance,
                   std::vector<Token>& before) {
  before.clear();
  std::size_t first_key = 0;
  for (const Sequence& s : batch.sequences) {
    for (std::size_t position = s.keys - s.queries; position < s.keys; ++position) {
      const std::size_t key = first_key + (position < distance ? 0 : position - distance);
      before.push_back(tokens[batch.key_rows.empty() ? key : batch.key_rows[key]]);
    }
    first_key += s.keys;
  }
}

}  // namespace

template <class Real>
Block<Real> Gpt<Real>::embedded(const TokenBatch& batch, const KvCache<Real>* cache,
                                Dropout* dropout) {
  Block<Real> x = position_table_
                      ? embed<Real>(token_table_, *position_table_, batch.tokens, batch.positions)
                      : gather<Real>(token_table_, batch.tokens);
  const std::span<const Token> tokens = cache == nullptr ? batch.tokens : cache->tokens_;
  for (std::size_t i = 0; i < lookback_tables_.size(); ++i) {
    tokens_before(batch, tokens, i + 1, before_);
    x = add(x, gather<Real>(lookback_tables_[i], before_));
  }
  return ngram_table_ ? with_ngrams(x, batch, tokens, dropout) : x;
}

template <class Real>
Block<Real> Gpt<Real>::with_ngrams(Block<Real> x, const TokenBatch& batch,
                                   std::span<const Token> tokens, Dropout* dropout) {
  const std::size_t T = batch.tokens.size(), ngrams_each = config_.ngram - 1;
  hashes_.assign(T, {});
  for (std::size_t i = 0; i < T; ++i) hashes_[i].add(batch.tokens[i]);
  chosen_rows_.resize(T * ngrams_each);
  for (std::size_t n = 2; n <= config_.ngram; ++n) {
    tokens_before(batch, tokens, n - 1, before_);
    for (std::size_t i = 0; i < T; ++i) {
      hashes_[i].add(before_[i]);
      chosen_rows_[i * ngrams_each + n - 2] =
          static_cast<std::uint32_t>(hashes_[i].row(config_.ngram_rows));
    }
  }
  chosen_multipliers_.assign(T * ngrams_each, Real{1});
  if (dropout != nullptr) {
    draw_dropout<Real>(dropout->ngram_rate, dropout->rng, chosen_multipliers_);
  }
  if (tape_->recording()) note_ngrams_read();
  return add(x, sum_rows<Real>(*ngram_table_, ngrams_each, chosen_rows_, chosen_multipliers_));
}

template <class Real>
void Gpt<Real>::note_ngrams_read() {
  for (std::size_t i = 0; i < chosen_rows_.size(); ++i) {
    const std::uint32_t row = chosen_rows_[i];
    if (chosen_multipliers_[i] == 0 || is_ngram_read_[row]) continue;
    is_ngram_read_[row] = true;
    ngrams_read_.push_back(row);
  }
}

template <class Real>
void Gpt<Real>::reset_gradients() {
  tape_->reset_gradients(first_, extent_);
  const std::size_t C = config_.n_emb;
  for (const std::uint32_t row : ngrams_read_) {
    const Index first = ngram_table_->first() + static_cast<Index>(row * C);
    std::ranges::fill(tape_->grad(first, C), Real{0});
    is_ngram_read_[row] = false;
  }
  ngrams_read_.clear();
}

template <class Real>
Block<Real> Gpt<Real>::feed_forward(const Layer& layer, Block<Real> x) const {
  const Block<Real> hidden = linear(x, layer.fc1);
  switch (config_.activation) {
    case Activation::relu2:
      return relu_squared(hidden);
    case Activation::gelu:
      return gelu(hidden);
    case Activation::swiglu:
      return swiglu(linear(x, *layer.gate), hidden);
    case Activation::relu:
      break;
  }
  return relu(hidden);
}

template <class Real>
Block<Real> Gpt<Real>::head(Block<Real> x) const {
  return head_ ? linear(x, *head_) : linear_transposed(x, token_table_);
}

template <class Real>
Block<Real> Gpt<Real>::positioned(Block<Real> x, const TokenBatch& batch) const {
  if (config_.qk_norm) {  // the heads of a row are neighbours, so each is a row of a narrower block
    const std::size_t D = config_.n_emb / config_.n_head;
    const Block<Real> by_head(*tape_, x.first(), x.size() / D, D);
    x = {*tape_, rmsnorm(by_head).first(), x.rows(), x.cols()};
  }
  return config_.rotates() ? rotary<Real>(x, config_.n_head, batch.positions, rotary_) : x;
}

template <class Real>
Block<Real> Gpt<Real>::attend(const Layer& layer, Block<Real> x, const TokenBatch& batch,
                              KvCache<Real>* cache, std::size_t number) {
  const Block<Real> q = positioned(linear(x, layer.wq), batch);
  Block<Real> k = positioned(linear(x, layer.wk), batch), v = linear(x, layer.wv);
  if (cache != nullptr) {
    k = through_cache(cache->layers_[number].keys, k, batch.key_rows);
    v = through_cache(cache->layers_[number].values, v, batch.key_rows);
  } else if (!batch.key_rows.empty()) {
    k = gather<Real>(k, batch.key_rows);
    v = gather<Real>(v, batch.key_rows);
  }
  return attention<Real>(q, k, v, config_.n_head, batch.sequences);
}

template <class Real>
Block<Real> Gpt<Real>::through_cache(std::vector<Real>& cached, Block<Real> x,
                                     std::span<const std::uint32_t> rows) const {
  const std::size_t C = x.cols();
  cached.insert(cached.end(), x.data().begin(), x.data().end());
  const Block<Real> out(*tape_, tape_->allocate(rows.size() * C), rows.size(), C);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::copy_n(cached.data() + rows[i] * C, C, &out.data()[i * C]);
  }
  return out;
}

template class KvCache<double>;
template class KvCache<float>;
template class Gpt<double>;
template class Gpt<float>;

}  // namespace microgpt::model
