#include "microgpt/model/sampler.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "../autograd/kernels.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt::model {

namespace {

/// For each row of logits the distribution of the next token: each with probability proportional to
/// e^(logit / temperature), or zero if it is not among those to choose from.
class Distributions {
 public:
  template <class Real>
  Distributions(Block<Real> logits, const Sampling& sampling) : tokens_(logits.cols()) {
    // At temperature 0 the likeliest token, and the first of several.
    const double temperature = sampling.temperature > 0 ? sampling.temperature : 1;
    for (std::size_t row = 0; row < logits.rows(); ++row) {
      const auto of_row = logits.data().subspan(row * tokens_, tokens_);
      const Real largest = *std::ranges::max_element(of_row);
      for (const Real logit : of_row) {
        weights_.push_back(static_cast<double>(logit - largest) / temperature);
      }
    }
    const Simd simd = logits.tape().kernels().simd;
    kernels_for<double>(simd).exp(weights_.size(), weights_.data(), weights_.data());
    const std::size_t most = sampling.temperature > 0 ? sampling.top_k : 1;
    if (most == 0 && sampling.top_p >= 1) return;
    for (std::size_t row = 0; row < logits.rows(); ++row) {
      choose(std::span(weights_).subspan(row * tokens_, tokens_), most, sampling.top_p);
    }
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
  /// Leaves the likeliest tokens, of equals the first: at most `most` (0: any number), and no more
  /// than it takes for a share of the probability.
  static void choose(std::span<double> weights, std::size_t most, double share) {
    std::vector<std::size_t> order(weights.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return weights[i]; });
    const double enough = share * std::accumulate(weights.begin(), weights.end(), 0.0);
    double sum = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
      const bool is_left_out = rank > 0 && ((most > 0 && rank >= most) || sum >= enough);
      sum += weights[order[rank]];
      if (is_left_out) weights[order[rank]] = 0;
    }
  }

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
  Speaker(Gpt<Real>& gpt, Token delimiter, const Sampling& sampling)
      : gpt_(gpt),
        delimiter_(delimiter),
        sampling_(sampling),
        length_(sampling.length > 0 ? sampling.length : gpt.config().n_ctx),
        cache_(gpt.config()) {}

  void speak(std::span<Rng> streams, std::span<std::vector<Token>> documents) {
    cache_.clear();
    for (std::vector<Token>& document : documents) document = sampling_.beginning;
    std::vector<Prefix> prefixes(1);
    prefixes[0].last = delimiter_;
    for (std::size_t i = 0; i < streams.size(); ++i) prefixes[0].documents.push_back(i);
    std::size_t spoken = 0;  // tokens of each document
    for (; spoken < std::min(gpt_.config().n_ctx, length_) && !prefixes.empty(); ++spoken) {
      prefixes = longer(prefixes, streams, documents, spoken);
    }
    std::vector<std::size_t> unfinished;
    for (const Prefix& prefix : prefixes) {
      unfinished.insert(unfinished.end(), prefix.documents.begin(), prefix.documents.end());
    }
    for (; spoken < length_ && !unfinished.empty(); ++spoken) {
      slide(unfinished, streams, documents, spoken);
    }
  }

 private:
  static constexpr std::size_t kRows = 2048;  // in one pass, at most; bounds the memory

  /// The token at a place of a document: that of the beginning, or one that is drawn.
  Token next(const Distributions& distributions, std::size_t row, double sum, std::size_t place,
             Rng& stream) const {
    if (place < sampling_.beginning.size()) return sampling_.beginning[place];
    return distributions.draw(row, sum, stream);
  }

  /// The prefixes with one more token. Those that have ended are left out.
  std::vector<Prefix> longer(std::span<Prefix> prefixes, std::span<Rng> streams,
                             std::span<std::vector<Token>> documents, std::size_t spoken) {
    const typename Tape<Real>::Scope scope(gpt_.tape());
    const std::size_t first_row = cache_.rows();
    batch_.clear();
    for (const Prefix& prefix : prefixes) {
      batch_.add_after(prefix.rows, std::span(&prefix.last, 1), first_row);
    }
    const Block<Real> logits = gpt_.forward(batch_, &cache_);
    const Distributions distributions(logits, sampling_);
    std::vector<Prefix> result;
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
      prefixes[i].rows.push_back(static_cast<std::uint32_t>(first_row + i));
      const double sum = distributions.sum(i);
      const std::size_t first = result.size();
      for (const std::size_t document : prefixes[i].documents) {
        const Token token = next(distributions, i, sum, spoken, streams[document]);
        if (token == delimiter_) continue;
        if (spoken >= sampling_.beginning.size()) documents[document].push_back(token);
        auto same = std::find_if(result.begin() + static_cast<std::ptrdiff_t>(first), result.end(),
                                 [&](const Prefix& prefix) { return prefix.last == token; });
        if (same == result.end()) same = result.insert(same, {token, prefixes[i].rows, {}});
        same->documents.push_back(document);
      }
    }
    return result;
  }

  /// One more token for documents that are longer than the context, from the last n_ctx tokens of
  /// each; drops those that have ended.
  void slide(std::vector<std::size_t>& unfinished, std::span<Rng> streams,
             std::span<std::vector<Token>> documents, std::size_t spoken) {
    const std::size_t context = gpt_.config().n_ctx;
    const std::size_t together = std::max<std::size_t>(1, kRows / context);
    std::vector<std::size_t> left;
    for (std::size_t first = 0; first < unfinished.size(); first += together) {
      const std::size_t count = std::min(together, unfinished.size() - first);
      const typename Tape<Real>::Scope scope(gpt_.tape());
      batch_.clear();
      std::vector<std::uint32_t> last_rows;
      for (std::size_t i = first; i < first + count; ++i) {
        const std::span<const Token> all(documents[unfinished[i]]);
        batch_.add(all.subspan(spoken - context, context));
        last_rows.push_back(static_cast<std::uint32_t>(batch_.tokens.size() - 1));
      }
      const Block<Real> logits = autograd::gather<Real>(gpt_.forward(batch_), last_rows);
      const Distributions distributions(logits, sampling_);
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t document = unfinished[first + i];
        const Token token = next(distributions, i, distributions.sum(i), spoken, streams[document]);
        if (token == delimiter_) continue;
        if (spoken >= sampling_.beginning.size()) documents[document].push_back(token);
        left.push_back(document);
      }
    }
    unfinished = std::move(left);
  }

  Gpt<Real>& gpt_;
  Token delimiter_;
  const Sampling& sampling_;
  std::size_t length_;
  KvCache<Real> cache_;
  TokenBatch batch_;
};

}  // namespace

void validate(const Sampling& s) {
  require(s.temperature >= 0 && s.temperature <= 1000, "temperature ({}) must be from 0 to 1000",
          s.temperature);
  require(s.top_p > 0 && s.top_p <= 1, "top-p ({}) must be above 0 and at most 1", s.top_p);
}

template <class Real>
std::vector<std::vector<Token>> sample(Gpt<Real>& gpt, Token delimiter, const Sampling& sampling,
                                       std::span<Rng> streams) {
  validate(sampling);
  constexpr std::size_t kTogether = 512;  // bounds the memory
  const typename Tape<Real>::Inference inference(gpt.tape());
  Speaker<Real> speaker(gpt, delimiter, sampling);
  std::vector<std::vector<Token>> documents(streams.size());
  for (std::size_t first = 0; first < streams.size(); first += kTogether) {
    const std::size_t count = std::min(kTogether, streams.size() - first);
    speaker.speak(streams.subspan(first, count), std::span(documents).subspan(first, count));
  }
  return documents;
}

template std::vector<std::vector<Token>> sample(Gpt<double>&, Token, const Sampling&,
                                                std::span<Rng>);
template std::vector<std::vector<Token>> sample(Gpt<float>&, Token, const Sampling&,
                                                std::span<Rng>);

}  // namespace microgpt::model
