#include "microgpt/training/windows.hpp"

namespace microgpt::training {

WindowOrder::WindowOrder(const Documents& documents, std::size_t n_ctx, std::uint64_t seed,
                         std::uint32_t replicate)
    : documents_(documents), n_ctx_(n_ctx), seed_(seed), replicate_(replicate) {}

Window WindowOrder::next() {
  if (place_ == windows_.size()) begin_epoch();
  return windows_[place_++];
}

void WindowOrder::begin_epoch() {
  Rng rng(seed_, Stream::epochs, std::uint64_t{replicate_} << 32 | epoch_);
  bool has_long = false;
  windows_.clear();
  for (std::size_t i = 0; i < documents_.size(); ++i) {
    const std::size_t predictions = documents_.size_of(i) - 1;
    const bool is_cut = is_long(predictions, n_ctx_);
    has_long = has_long || is_cut;
    std::size_t begin = 0, end = std::min(predictions, is_cut ? 1 + rng.below(n_ctx_) : n_ctx_);
    do {
      windows_.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(begin),
                          static_cast<std::uint32_t>(end - begin)});
      begin = end, end = std::min(predictions, end + n_ctx_);
    } while (is_cut && begin < predictions);
  }
  if (epoch_ > 0 || has_long) shuffle(windows_, rng);
  ++epoch_;
  place_ = 0;
}

}  // namespace microgpt::training
