#include "microgpt/model/gpt.hpp"

#include <algorithm>
#include <utility>

#include "microgpt/core/error.hpp"

namespace microgpt::model {

std::size_t parameter_count(const GptConfig& c) {
  const std::size_t layer = (4 + 2 * c.n_ff_exp) * c.n_emb * c.n_emb;
  return (2 * c.n_vocab + c.n_ctx) * c.n_emb + c.n_layer * layer;
}

void validate(const GptConfig& c) {
  require(c.n_vocab > 0 && c.n_emb > 0 && c.n_ctx > 0 && c.n_layer > 0 && c.n_head > 0 &&
              c.n_ff_exp > 0,
          "every size of a GPT must be positive");
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
}

template <class Real>
Gpt<Real>::Gpt(Tape<Real>& tape, const GptConfig& config)
    : tape_(&tape),
      config_((validate(config), config)),
      first_(tape.allocate(0)),
      token_table_(parameter("wte", config.n_vocab, config.n_emb)),
      position_table_(parameter("wpe", config.n_ctx, config.n_emb)),
      layers_([&] {
        std::vector<Layer> layers;
        for (std::size_t i = 0; i < config.n_layer; ++i) layers.push_back(make_layer(i));
        return layers;
      }()),
      head_(parameter("lm_head", config.n_emb, config.n_vocab)),
      extent_(head_.first() + head_.size() - first_) {}

template <class Real>
Block<Real> Gpt<Real>::parameter(std::string name, std::size_t rows, std::size_t cols) {
  const Block<Real> block = tape_->zeros(rows, cols);
  parameters_.push_back({std::move(name), block});
  return block;
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
          .fc2 = parameter(prefix + "fc2", F, C)};
}

template <class Real>
void Gpt<Real>::initialise(Rng& rng) {
  for (const NamedBlock<Real>& parameter : parameters_) {
    for (Real& weight : parameter.block.data()) {
      weight = static_cast<Real>(rng.uniform(-0.1, 0.1));
    }
  }
}

template <class Real>
Block<Real> Gpt<Real>::forward(const TokenBatch& batch, KvCache<Real>* cache) {
  require(cache == nullptr || !tape_->recording(), "a cache has no gradients");
  Block<Real> x = embed<Real>(token_table_, position_table_, batch.tokens, batch.positions);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    x = add(x, linear(attend(layer, rmsnorm(x), batch, cache, i), layer.wo));
    x = add(x, linear(relu(linear(rmsnorm(x), layer.fc1)), layer.fc2));
  }
  return linear(rmsnorm(x), head_);
}

template <class Real>
Block<Real> Gpt<Real>::attend(const Layer& layer, Block<Real> x, const TokenBatch& batch,
                              KvCache<Real>* cache, std::size_t number) {
  const Block<Real> q = linear(x, layer.wq);
  Block<Real> k = linear(x, layer.wk), v = linear(x, layer.wv);
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
