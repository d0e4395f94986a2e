#include "microgpt/training/windows.hpp"

#include <numeric>

namespace microgpt::training {

WindowOrder::WindowOrder(const Documents& documents, std::size_t n_ctx, std::uint64_t seed,
                         std::uint32_t replicate)
    : documents_(documents), n_ctx_(n_ctx), seed_(seed), replicate_(replicate) {}

Window WindowOrder::next() {
  if (place_ == order_.size()) begin_epoch();
  return window(order_[place_++]);
}

Window WindowOrder::window(std::uint32_t number) const {
  const auto next = std::ranges::upper_bound(first_windows_, number);
  const auto document = static_cast<std::uint32_t>(next - first_windows_.begin() - 1);
  const std::uint32_t first = first_lengths_[document], place = number - first_windows_[document];
  if (place == 0) return {document, 0, first};
  const auto context = static_cast<std::uint32_t>(n_ctx_), begin = first + (place - 1) * context;
  const auto predictions = static_cast<std::uint32_t>(documents_.size_of(document) - 1);
  return {document, begin, std::min(context, predictions - begin)};
}

void WindowOrder::begin_epoch() {
  Rng rng(seed_, Stream::epochs, std::uint64_t{replicate_} << 32 | epoch_);
  bool has_long = false;
  std::size_t count = 0;
  first_windows_.clear();
  first_lengths_.clear();
  for (std::size_t i = 0; i < documents_.size(); ++i) {
    const std::size_t predictions = documents_.size_of(i) - 1;
    const bool is_cut = is_long(predictions, n_ctx_);
    has_long = has_long || is_cut;
    const std::size_t first = std::min(predictions, is_cut ? 1 + rng.below(n_ctx_) : n_ctx_);
    first_windows_.push_back(static_cast<std::uint32_t>(count));
    first_lengths_.push_back(static_cast<std::uint32_t>(first));
    count += is_cut ? 1 + (predictions - first + n_ctx_ - 1) / n_ctx_ : 1;
  }
  order_.resize(count);
  std::iota(order_.begin(), order_.end(), 0U);
  if (epoch_ > 0 || has_long) shuffle(order_, rng);
  ++epoch_;
  place_ = 0;
}

}  // namespace microgpt::training
