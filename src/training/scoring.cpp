#include "microgpt/training/scoring.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "microgpt/core/error.hpp"
#include "microgpt/training/windows.hpp"

namespace microgpt::training {

namespace {

/// A part of a document that is processed in one forward pass, and whose last `scored` predictions
/// are scored.
struct ScoredWindow {
  std::span<const Token> tokens;   // at most n_ctx of them
  std::span<const Token> targets;  // the tokens shifted by one
  std::size_t scored;
  std::size_t place;  // index of its first loss among those of all documents
};

/// `tokens` are those of the documents, and must outlive the windows.
std::vector<ScoredWindow> windows_of(const Documents& documents, std::span<const Token> tokens,
                                     std::size_t context) {
  std::vector<ScoredWindow> windows;
  windows.reserve(documents.size());
  std::size_t place = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::span<const Token> document = tokens.first(documents.size_of(i));
    tokens = tokens.subspan(document.size());
    const std::size_t predictions = document.size() - 1;
    const std::size_t first = std::min(predictions, context);
    windows.push_back({document.first(first), document.subspan(1, first), first, place});
    const std::size_t stride = scoring_stride(predictions, context);
    for (std::size_t done = first; done < predictions;) {
      const std::size_t scored = std::min(stride, predictions - done), end = done + scored;
      windows.push_back({document.subspan(end - context, context),
                         document.subspan(end - context + 1, context), scored, place + done});
      done = end;
    }
    place += predictions;
  }
  return windows;
}

/// The windows sorted by their first tokens, so that those with a common prefix are adjacent. The
/// sort key is approximate; prefixes it misses are computed again, with the same bits.
std::vector<ScoredWindow> sorted(const std::vector<ScoredWindow>& windows) {
  struct Key {
    std::uint64_t prefix;  // the low bytes of the first eight tokens
    std::size_t window;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<Key> keys;
  keys.reserve(windows.size());
  for (const ScoredWindow& window : windows) {
    std::uint64_t prefix = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      prefix = prefix << 8 | (i < window.tokens.size() ? window.tokens[i] & 0xFF : 0);
    }
    keys.push_back({prefix, keys.size()});
  }
  std::ranges::sort(keys);
  std::vector<ScoredWindow> result;
  result.reserve(windows.size());
  for (const Key& key : keys) result.push_back(windows[key.window]);
  return result;
}

/// Scores many windows in one pass. Each window shares the rows and predictions of its common
/// prefix with the previous one. The results have the same bits as for each window alone.
template <class Real>
class Scorer {
 public:
  Scorer(Gpt<Real>& gpt, std::size_t predictions) : gpt_(gpt), losses_(predictions) {}

  void add(const ScoredWindow& window) {
    const std::span<const std::uint32_t> rows = batch_.add_shared(window.tokens);
    const std::size_t length = rows.size();
    if (path_.size() < length) path_.resize(length, 0);
    for (std::size_t i = length - window.scored; i < length; ++i) {
      path_[i] = prediction(path_[i], rows[i], window.targets[i]);
      uses_.push_back({window.place + i - (length - window.scored), path_[i]});
    }
    if (batch_.tokens.size() >= kRows) flush();
  }

  /// The losses, in document order.
  const std::vector<double>& losses() {
    flush();
    return losses_;
  }

 private:
  static constexpr std::size_t kRows = 64;  // enough to share, small enough for the cache

  struct Use {
    std::size_t place, prediction;
  };

  /// The index of the prediction of `target` in row `row`: `last`, if that is the same.
  std::size_t prediction(std::size_t last, std::uint32_t row, Token target) {
    if (last < rows_.size() && rows_[last] == row && targets_[last] == target) return last;
    rows_.push_back(row);
    targets_.push_back(target);
    return rows_.size() - 1;
  }

  void flush() {
    if (rows_.empty()) return;
    const typename Tape<Real>::Scope scope(gpt_.tape());
    const typename Tape<Real>::Inference inference(gpt_.tape());
    const Block<Real> logits = gather<Real>(gpt_.forward(batch_), rows_);
    const std::span<const Real> losses = cross_entropy<Real>(logits, targets_).data();
    for (const Use& use : uses_) losses_[use.place] = losses[use.prediction];
    batch_.clear();
    rows_.clear();
    targets_.clear();
    uses_.clear();
  }

  Gpt<Real>& gpt_;
  TokenBatch batch_;
  std::vector<std::uint32_t> rows_;  // by prediction: the row of its logits
  std::vector<Token> targets_;       // by prediction
  std::vector<std::size_t> path_;    // by position: the latest prediction
  std::vector<Use> uses_;
  std::vector<double> losses_;
};

}  // namespace

template <class Real>
std::vector<double> token_losses(Gpt<Real>& gpt, const Documents& documents) {
  Scorer<Real> scorer(gpt, documents.prediction_count());
  const std::vector<Token> tokens = documents.all();
  for (const ScoredWindow& window : sorted(windows_of(documents, tokens, gpt.config().n_ctx))) {
    scorer.add(window);
  }
  return scorer.losses();
}

template <class Real>
double held_out_loss(Gpt<Real>& gpt, const Documents& documents) {
  const std::vector<double> losses = token_losses(gpt, documents);
  const double sum = std::accumulate(losses.begin(), losses.end(), 0.0);
  const double loss = sum / static_cast<double>(documents.length());
  require(std::isfinite(loss), "training diverged: the held-out loss is {}", loss);
  return loss;
}

template std::vector<double> token_losses(Gpt<double>&, const Documents&);
template std::vector<double> token_losses(Gpt<float>&, const Documents&);
template double held_out_loss(Gpt<double>&, const Documents&);
template double held_out_loss(Gpt<float>&, const Documents&);

}  // namespace microgpt::training
