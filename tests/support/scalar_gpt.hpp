#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/core/error.hpp"
#include "microgpt/model/gpt.hpp"

namespace microgpt::test {

using namespace model;

/// The same GPT in scalar algebra: + - * / pow exp log relu on the weights of a Gpt, without any
/// fused operation. Slow and simple, the reference for the fast one.
template <class Real>
class ScalarGpt {
 public:
  using Row = std::vector<Val<Real>>;  // the channels of one position

  explicit ScalarGpt(const Gpt<Real>& gpt) : gpt_(gpt), config_(gpt.config()) {}

  /// The logits of each token of a sequence that starts at position 0.
  std::vector<Row> forward(std::span<const Token> tokens) const {
    std::vector<Row> x;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      x.push_back(row(weights("wte"), tokens[t]));
      for (std::size_t i = 1; i <= config_.lookback; ++i) {
        const Token before = tokens[t < i ? 0 : t - i];
        x.back() = add(x.back(), row(weights("wte-" + std::to_string(i)), before));
      }
      for (std::size_t n = 2; n <= config_.ngram; ++n) {
        x.back() = add(x.back(), row(weights("ngram"), ngram_row(tokens, t, n)));
      }
      if (config_.learns_positions()) x.back() = add(x.back(), row(weights("wpe"), t));
    }
    for (std::size_t i = 0; i < config_.n_layer; ++i) {
      const std::string layer = "layers." + std::to_string(i) + ".";
      attend(layer, x);
      for (Row& channels : x) {
        channels = add(channels, linear(feed_forward(layer, rmsnorm(channels)), layer + "fc2"));
      }
    }
    std::vector<Row> logits;
    for (const Row& channels : x) {
      logits.push_back(config_.tie ? by_table(rmsnorm(channels))
                                   : linear(rmsnorm(channels), "lm_head"));
    }
    return logits;
  }

  /// The mean cross-entropy of a document, up to the context length.
  Val<Real> loss(std::span<const Token> document) const {
    const std::size_t predictions = std::min(config_.n_ctx, document.size() - 1);
    const std::vector<Row> logits = forward(document.first(predictions));
    Row losses;
    for (std::size_t t = 0; t < predictions; ++t) {
      losses.push_back(-log(softmax(logits[t])[document[t + 1]]));
    }
    return sum(losses) / static_cast<Real>(predictions);
  }

 private:
  Block<Real> weights(std::string_view name) const {
    for (const NamedBlock<Real>& parameter : gpt_.parameters()) {
      if (parameter.name == name) return parameter.block;
    }
    fail("a GPT has no parameter {}", name);
  }

  /// FNV-1a, written once more.
  std::size_t ngram_row(std::span<const Token> tokens, std::size_t t, std::size_t n) const {
    std::uint64_t hash = 2166136261;
    for (std::size_t i = 0; i < n; ++i) {
      hash = ((hash ^ tokens[t < i ? 0 : t - i]) * 16777619) & 0xFFFFFFFF;
    }
    return (hash ^ (hash >> 16)) % config_.ngram_rows;
  }

  static Row row(Block<Real> block, std::size_t number) {
    Row values;
    for (std::size_t c = 0; c < block.cols(); ++c) values.push_back(block(number, c));
    return values;
  }

  static Val<Real> sum(const Row& terms) {
    Val<Real> total = terms[0];
    for (std::size_t i = 1; i < terms.size(); ++i) total = total + terms[i];
    return total;
  }

  static Row add(const Row& a, const Row& b) {
    Row out;
    for (std::size_t c = 0; c < a.size(); ++c) out.push_back(a[c] + b[c]);
    return out;
  }

  Row linear(const Row& x, std::string_view name) const {
    const Block<Real> w = weights(name);  // inputs x outputs
    Row out;
    for (std::size_t o = 0; o < w.cols(); ++o) {
      Row terms;
      for (std::size_t i = 0; i < w.rows(); ++i) terms.push_back(x[i] * w(i, o));
      out.push_back(sum(terms));
    }
    return out;
  }

  /// The products with the rows of the token table.
  Row by_table(const Row& x) const {
    Row out;
    for (std::size_t token = 0; token < config_.n_vocab; ++token) {
      const Row of_token = row(weights("wte"), token);
      Row terms;
      for (std::size_t c = 0; c < x.size(); ++c) terms.push_back(x[c] * of_token[c]);
      out.push_back(sum(terms));
    }
    return out;
  }

  static Val<Real> sigmoid(Val<Real> x) { return Real{1} / (Real{1} + exp(-x)); }

  Row feed_forward(const std::string& layer, const Row& x) const {
    Row hidden = linear(x, layer + "fc1");
    const Row gate = config_.has_gate() ? linear(x, layer + "gate") : hidden;
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      Val<Real>& h = hidden[i];
      switch (config_.activation) {
        case Activation::relu:
          h = relu(h);
          break;
        case Activation::relu2:
          h = relu(h) * relu(h);
          break;
        case Activation::gelu:
          h = h * sigmoid((h + h * h * h * Real(0.044715)) *
                          static_cast<Real>(2 * std::sqrt(2 / std::numbers::pi)));
          break;
        case Activation::swiglu:
          h = gate[i] * sigmoid(gate[i]) * h;
          break;
      }
    }
    return hidden;
  }

  static Row rmsnorm(const Row& x) {
    Row squares, out;
    for (const Val<Real>& channel : x) squares.push_back(channel * channel);
    const Val<Real> mean_square = sum(squares) / static_cast<Real>(x.size());
    const Val<Real> inverse_rms = pow(mean_square + static_cast<Real>(kRmsNormEpsilon), -0.5);
    for (const Val<Real>& channel : x) out.push_back(channel * inverse_rms);
    return out;
  }

  static Row softmax(const Row& x) {
    Real largest = x[0].data();
    for (const Val<Real>& value : x) largest = std::max(largest, value.data());
    Row exponentials, out;
    for (const Val<Real>& value : x) exponentials.push_back(exp(value - largest));
    const Val<Real> total = sum(exponentials);
    for (const Val<Real>& exponential : exponentials) out.push_back(exponential / total);
    return out;
  }

  /// Attention with its norm and its residual connection; query t sees the keys 0 to t.
  void attend(const std::string& layer, std::vector<Row>& x) const {
    std::vector<Row> q, k, v;
    for (const Row& channels : x) {
      const Row normal = rmsnorm(channels);
      const std::size_t position = q.size();
      q.push_back(positioned(linear(normal, layer + "wq"), position));
      k.push_back(positioned(linear(normal, layer + "wk"), position));
      v.push_back(linear(normal, layer + "wv"));
    }
    for (std::size_t t = 0; t < x.size(); ++t) {
      Row out;
      for (std::size_t head = 0; head < config_.n_head; ++head) head_of(head, q[t], k, v, t, out);
      x[t] = add(x[t], linear(out, layer + "wo"));
    }
  }

  /// Queries or keys of a position, normalised and rotated head by head.
  Row positioned(const Row& x, std::size_t position) const {
    const std::size_t width = config_.n_emb / config_.n_head;
    Row out;
    for (std::size_t head = 0; head < config_.n_head; ++head) {
      const auto first = x.begin() + static_cast<std::ptrdiff_t>(head * width);
      Row of_head(first, first + static_cast<std::ptrdiff_t>(width));
      if (config_.qk_norm) of_head = rmsnorm(of_head);
      if (config_.rotates()) of_head = rotated(of_head, position);
      out.insert(out.end(), of_head.begin(), of_head.end());
    }
    return out;
  }

  static Row rotated(const Row& x, std::size_t position) {
    const std::size_t pairs = x.size() / 2;
    Row out = x;
    for (std::size_t i = 0; i < pairs; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(pairs);
      const double angle = static_cast<double>(position) * std::pow(kRotaryBase, -share);
      const auto cosine = static_cast<Real>(std::cos(angle));
      const auto sine = static_cast<Real>(std::sin(angle));
      out[i] = x[i] * cosine - x[i + pairs] * sine;
      out[i + pairs] = x[i] * sine + x[i + pairs] * cosine;
    }
    return out;
  }

  /// Appends the channels of one head at position t to `out`.
  void head_of(std::size_t head, const Row& q, const std::vector<Row>& k, const std::vector<Row>& v,
               std::size_t t, Row& out) const {
    const std::size_t width = config_.n_emb / config_.n_head, first = head * width;
    Row scores;
    for (std::size_t s = 0; s <= t; ++s) {
      Row products;
      for (std::size_t c = first; c < first + width; ++c) products.push_back(q[c] * k[s][c]);
      scores.push_back(sum(products) / std::sqrt(static_cast<Real>(width)));
    }
    const Row probabilities = softmax(scores);
    for (std::size_t c = first; c < first + width; ++c) {
      Row terms;
      for (std::size_t s = 0; s <= t; ++s) terms.push_back(probabilities[s] * v[s][c]);
      out.push_back(sum(terms));
    }
  }

  const Gpt<Real>& gpt_;
  GptConfig config_;
};

}  // namespace microgpt::test
