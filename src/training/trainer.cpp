#include "microgpt/training/trainer.hpp"

#include <algorithm>
#include <cmath>

#include "microgpt/core/error.hpp"

namespace microgpt::training {

template <class Real>
Trainer<Real>::Trainer(Gpt<Real>& gpt, const Documents& documents, const TrainConfig& config)
    : gpt_(gpt),
      documents_(documents),
      config_(config),
      adam_(gpt.weights().size(), gpt.tape().kernels(), config.adam),
      order_(documents.size(), config.seed, config.replicate) {
  require(documents.size() > 0, "there is no document to train on");
  require(config.batch > 0, "a step must learn from one document at least");
}

template <class Real>
void Trainer<Real>::choose_documents() {
  chosen_.clear();
  batch_.clear();
  targets_.clear();
  for (std::size_t i = 0; i < config_.batch; ++i) {
    chosen_.push_back(static_cast<std::uint32_t>(order_.next()));
    const std::span<const Token> document = documents_[chosen_.back()];
    const std::size_t predictions = std::min(gpt_.config().n_ctx, document.size() - 1);
    const std::span<const Token> targets = document.subspan(1, predictions);
    batch_.add(document.first(predictions));
    targets_.insert(targets_.end(), targets.begin(), targets.end());
  }
}

template <class Real>
double Trainer<Real>::step() {
  choose_documents();
  double loss = 0;
  {
    const typename Tape<Real>::Scope scope(gpt_.tape());
    const Block<Real> logits = gpt_.forward(batch_);
    const Val<Real> mean_loss = mean(cross_entropy<Real>(logits, targets_));
    gpt_.tape().backward(mean_loss);
    loss = static_cast<double>(mean_loss.data());
  }
  require(std::isfinite(loss), "training diverged: the loss of step {} is {}", step_ + 1, loss);
  const double left = 1 - static_cast<double>(step_) / static_cast<double>(config_.steps);
  adam_.step(gpt_.weights(), gpt_.gradients(), config_.learning_rate * left);
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
