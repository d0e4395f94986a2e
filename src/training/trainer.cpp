#include "microgpt/training/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "microgpt/core/error.hpp"

namespace microgpt::training {

template <class Real>
Trainer<Real>::Trainer(Gpt<Real>& gpt, const Documents& documents, const TrainConfig& config)
    : gpt_(gpt),
      documents_(documents),
      config_(config),
      adam_(gpt.weights().size(), gpt.tape().kernels(), config.adam),
      ngram_adam_(gpt.ngram_table() ? gpt.ngram_table()->size() : 0, gpt.tape().kernels(),
                  config.adam),
      order_(documents, gpt.config().n_ctx, config.seed, config.replicate) {
  require(documents.size() > 0, "there is no document to train on");
  require(config.batch > 0, "a step must learn from one window at least");
}

namespace {

/// cos(pi x) for x in [0, 1] by its Taylor series, whose first dropped term is below 1e-15: that of
/// libm differs between machines.
double cosine_of_pi(double x) {
  const double square = std::numbers::pi * x * std::numbers::pi * x;
  double cosine = 1;
  for (int k = 26; k >= 2; k -= 2) cosine = 1 - square / (k * (k - 1)) * cosine;
  return cosine;
}

}  // namespace

template <class Real>
double Trainer<Real>::learning_rate() const {
  const double steps = static_cast<double>(config_.steps), done = static_cast<double>(step_);
  const double warmup = std::floor(config_.warmup * steps);
  if (done < warmup) return config_.learning_rate * ((done + 1) / (warmup + 1));
  const double left = 1 - (done - warmup) / (steps - warmup);  // from 1 almost to 0
  switch (config_.schedule) {
    case RateSchedule::constant:
      return config_.learning_rate * std::min(1.0, left / 0.3);
    case RateSchedule::cosine:
      return config_.learning_rate * (0.1 + 0.45 * (1 - cosine_of_pi(left)));
    case RateSchedule::linear:
      break;
  }
  return config_.learning_rate * left;
}

template <class Real>
std::size_t Trainer<Real>::choose_windows() {
  std::size_t predictions = 0;
  chosen_.clear();
  for (std::size_t i = 0; i < config_.batch; ++i) {
    chosen_.push_back(order_.next());
    predictions += chosen_.back().length;
  }
  return predictions;
}

template <class Real>
std::size_t Trainer<Real>::fill_part(std::size_t first) {
  batch_.clear();
  targets_.clear();
  std::size_t i = first;
  while (i < chosen_.size() && batch_.tokens.size() < rows_of_part()) {
    const Window& window = chosen_[i++];
    tokens_.resize(window.length + 1);
    documents_.copy(window.document, window.begin, tokens_);
    batch_.add(std::span(tokens_).first(window.length));
    targets_.insert(targets_.end(), tokens_.begin() + 1, tokens_.end());
  }
  return i;
}

template <class Real>
double Trainer<Real>::step() {
  const std::size_t predictions = choose_windows();
  Dropout dropout = {
      .rate = config_.dropout,
      .ngram_rate = config_.ngram_dropout,
      .rng = Rng(config_.seed, Stream::dropout, std::uint64_t{config_.replicate} << 32 | step_)};
  double loss = 0;
  for (std::size_t next = 0; next < chosen_.size();) {
    next = fill_part(next);
    const typename Tape<Real>::Scope scope(gpt_.tape());
    const Block<Real> losses =
        cross_entropy<Real>(gpt_.forward(batch_, nullptr, &dropout), targets_);
    const Val<Real> part_of_mean = mean(losses, predictions);
    gpt_.tape().backward(part_of_mean, Gradients::added_up);
    loss += static_cast<double>(part_of_mean.data());
  }
  require(std::isfinite(loss), "training diverged: the loss of step {} is {}", step_ + 1, loss);
  adam_.step(gpt_.weights(), gpt_.gradients(), learning_rate());
  if (const std::optional<Block<Real>>& table = gpt_.ngram_table()) {
    ngram_adam_.step_rows(table->data(), table->grad(), table->cols(), gpt_.ngrams_read(),
                          learning_rate());
  }
  gpt_.reset_gradients();
  ++step_;
  return loss;
}

template <class Real>
void Trainer<Real>::run() {
  while (!finished()) step();
}

template class Trainer<double>;
template class Trainer<float>;

}  // namespace microgpt::training
