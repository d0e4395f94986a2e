#include "microgpt/training/scoring.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "microgpt/core/elementary.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt {

namespace {

/// Collects windows of tokens until there are enough for one pass, and adds up the losses in the
/// order of the windows; so the size of a pass does not change the sum.
template <class Real>
class Scorer {
 public:
  explicit Scorer(Gpt<Real>& gpt) : gpt_(gpt) {}

  /// Scores the last `scored` predictions of a window; targets are the tokens one further on.
  void add(std::span<const Token> window, std::span<const Token> targets, std::size_t scored) {
    batch_.add(window);
    targets_.insert(targets_.end(), targets.begin(), targets.end());
    counted_.insert(counted_.end(), window.size() - scored, false);
    counted_.insert(counted_.end(), scored, true);
    if (targets_.size() >= kRows) flush();
  }

  double sum() {
    flush();
    return sum_;
  }

 private:
  static constexpr std::size_t kRows = 32;  // enough for full tiles, small enough for the cache

  void flush() {
    if (targets_.empty()) return;
    const typename Tape<Real>::Scope scope(gpt_.tape());
    const typename Tape<Real>::Inference inference(gpt_.tape());
    const Block<Real> losses =
        cross_entropy(gpt_.forward(batch_), std::span<const Token>(targets_));
    for (std::size_t i = 0; i < counted_.size(); ++i) {
      if (counted_[i]) sum_ += static_cast<double>(losses.data()[i]);
    }
    batch_.clear();
    targets_.clear();
    counted_.clear();
  }

  Gpt<Real>& gpt_;
  TokenBatch batch_;
  std::vector<Token> targets_;
  std::vector<bool> counted_;
  double sum_ = 0;
};

}  // namespace

template <class Real>
double held_out_loss(Gpt<Real>& gpt, const Documents& documents) {
  const std::size_t context = gpt.config().n_ctx;
  Scorer<Real> scorer(gpt);
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::span<const Token> document = documents[i];
    const std::size_t predictions = document.size() - 1;
    const std::size_t first = std::min(predictions, context);
    scorer.add(document.first(first), document.subspan(1, first), first);
    for (std::size_t end = context + 1; end <= predictions; ++end) {
      scorer.add(document.subspan(end - context, context),
                 document.subspan(end - context + 1, context), 1);
    }
  }
  const double loss = scorer.sum() / static_cast<double>(documents.prediction_count());
  require(std::isfinite(loss), "training diverged: the held-out loss is {}", loss);
  return loss;
}

template double held_out_loss(Gpt<double>&, const Documents&);
template double held_out_loss(Gpt<float>&, const Documents&);

double bigram_loss(const Dataset& dataset, const Documents& documents) {
  std::map<std::pair<Token, Token>, double> pairs;
  std::map<Token, double> firsts;
  for (std::size_t i = 0; i < dataset.training.size(); ++i) {
    const std::span<const Token> document = dataset.training[i];
    for (std::size_t t = 1; t < document.size(); ++t) {
      pairs[{document[t - 1], document[t]}] += 1;
      firsts[document[t - 1]] += 1;
    }
  }
  const double vocabulary = static_cast<double>(dataset.vocabulary.size());
  double sum = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::span<const Token> document = documents[i];
    for (std::size_t t = 1; t < document.size(); ++t) {
      const auto pair = pairs.find({document[t - 1], document[t]});
      const auto first = firsts.find(document[t - 1]);
      const double count = pair == pairs.end() ? 0 : pair->second;
      const double total = first == firsts.end() ? 0 : first->second;
      sum -= elementary::log((count + 1) / (total + vocabulary));
    }
  }
  return sum / static_cast<double>(documents.prediction_count());
}

double uniform_loss(const Vocabulary& vocabulary) {
  return elementary::log(static_cast<double>(vocabulary.size()));
}

}  // namespace microgpt
