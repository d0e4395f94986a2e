#include "microgpt/model/sampler.hpp"

#include <algorithm>
#include <numeric>

#include "../autograd/kernels.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt::model {

namespace {

/// For each row of logits the distribution of the next token: each with probability proportional to
/// e^(logit / temperature).
class Distributions {
 public:
  template <class Real>
  Distributions(Block<Real> logits, double temperature) : tokens_(logits.cols()) {
    for (std::size_t row = 0; row < logits.rows(); ++row) {
      const auto of_row = logits.data().subspan(row * tokens_, tokens_);
      const Real largest = *std::ranges::max_element(of_row);
      for (const Real logit : of_row) {
        weights_.push_back(static_cast<double>(logit - largest) / temperature);
      }
    }
    const Simd simd = logits.tape().kernels().simd;
    kernels_for<double>(simd).exp(weights_.size(), weights_.data(), weights_.data());
  }

  Token draw(std::size_t row, double sum, Rng& rng) const {
    double left = rng.uniform() * sum;
    for (std::size_t i = 0; i < tokens_; ++i) {
      left -= weights_[row * tokens_ + i];
      if (left < 0) return static_cast<Token>(i);
    }
    return static_cast<Token>(tokens_ - 1);  // rounding, or a NaN
  }

  double sum(std::size_t row) const {
    const double* weights = &weights_[row * tokens_];
    return std::accumulate(weights, weights + tokens_, 0.0);
  }

 private:
  std::size_t tokens_;
  std::vector<double> weights_;
};

/// Documents that have begun alike.
struct Prefix {
  Token last;
  std::vector<std::uint32_t> rows;     ///< of the cache: those of the tokens before the last
  std::vector<std::size_t> documents;  ///< that are not at their end
};

/// Speaks the documents of some streams together, token by token.
template <class Real>
class Speaker {
 public:
  Speaker(Gpt<Real>& gpt, Token delimiter, double temperature)
      : gpt_(gpt), delimiter_(delimiter), temperature_(temperature), cache_(gpt.config()) {}

  void speak(std::span<Rng> streams, std::span<std::vector<Token>> documents) {
    cache_.clear();
    std::vector<Prefix> prefixes(1);
    prefixes[0].last = delimiter_;
    for (std::size_t i = 0; i < streams.size(); ++i) prefixes[0].documents.push_back(i);
    for (std::size_t t = 0; t < gpt_.config().n_ctx && !prefixes.empty(); ++t) {
      prefixes = longer(prefixes, streams, documents);
    }
  }

 private:
  /// The prefixes with one more token. Those that have ended are left out.
  std::vector<Prefix> longer(std::span<Prefix> prefixes, std::span<Rng> streams,
                             std::span<std::vector<Token>> documents) {
    const typename Tape<Real>::Scope scope(gpt_.tape());
    const std::size_t first_row = cache_.rows();
    batch_.clear();
    for (const Prefix& prefix : prefixes) {
      batch_.add_after(prefix.rows, std::span(&prefix.last, 1), first_row);
    }
    const Block<Real> logits = gpt_.forward(batch_, &cache_);
    const Distributions next(logits, temperature_);
    std::vector<Prefix> result;
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
      prefixes[i].rows.push_back(static_cast<std::uint32_t>(first_row + i));
      const double sum = next.sum(i);
      const std::size_t first = result.size();
      for (const std::size_t document : prefixes[i].documents) {
        const Token token = next.draw(i, sum, streams[document]);
        if (token == delimiter_) continue;
        documents[document].push_back(token);
        auto same = std::find_if(result.begin() + static_cast<std::ptrdiff_t>(first), result.end(),
                                 [&](const Prefix& prefix) { return prefix.last == token; });
        if (same == result.end()) same = result.insert(same, {token, prefixes[i].rows, {}});
        same->documents.push_back(document);
      }
    }
    return result;
  }

  Gpt<Real>& gpt_;
  Token delimiter_;
  double temperature_;
  KvCache<Real> cache_;
  TokenBatch batch_;
};

}  // namespace

template <class Real>
std::vector<std::vector<Token>> sample(Gpt<Real>& gpt, Token delimiter, double temperature,
                                       std::span<Rng> streams) {
  require(temperature > 0, "temperature ({}) must be positive", temperature);
  constexpr std::size_t kTogether = 512;  // bounds the memory
  const typename Tape<Real>::Inference inference(gpt.tape());
  Speaker<Real> speaker(gpt, delimiter, temperature);
  std::vector<std::vector<Token>> documents(streams.size());
  for (std::size_t first = 0; first < streams.size(); first += kTogether) {
    const std::size_t count = std::min(kTogether, streams.size() - first);
    speaker.speak(streams.subspan(first, count), std::span(documents).subspan(first, count));
  }
  return documents;
}

template std::vector<std::vector<Token>> sample(Gpt<double>&, Token, double, std::span<Rng>);
template std::vector<std::vector<Token>> sample(Gpt<float>&, Token, double, std::span<Rng>);

}  // namespace microgpt::model
