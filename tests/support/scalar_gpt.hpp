#pragma once

#include <algorithm>
#include <cmath>
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
      x.push_back(add(row(weights("wte"), tokens[t]), row(weights("wpe"), t)));
    }
    for (std::size_t i = 0; i < config_.n_layer; ++i) {
      const std::string layer = "layers." + std::to_string(i) + ".";
      attend(layer, x);
      for (Row& channels : x) {
        Row hidden = linear(rmsnorm(channels), layer + "fc1");
        for (Val<Real>& h : hidden) h = relu(h);
        channels = add(channels, linear(hidden, layer + "fc2"));
      }
    }
    std::vector<Row> logits;
    for (const Row& channels : x) logits.push_back(linear(rmsnorm(channels), "lm_head"));
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
      q.push_back(linear(normal, layer + "wq"));
      k.push_back(linear(normal, layer + "wk"));
      v.push_back(linear(normal, layer + "wv"));
    }
    for (std::size_t t = 0; t < x.size(); ++t) {
      Row out;
      for (std::size_t head = 0; head < config_.n_head; ++head) head_of(head, q[t], k, v, t, out);
      x[t] = add(x[t], linear(out, layer + "wo"));
    }
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
