#include "microgpt/training/document_order.hpp"

#include <numeric>

namespace microgpt::training {

DocumentOrder::DocumentOrder(std::size_t documents, std::uint64_t seed, std::uint32_t replicate)
    : seed_(seed), replicate_(replicate), indices_(documents) {
  std::iota(indices_.begin(), indices_.end(), 0U);
}

std::size_t DocumentOrder::next() {
  if (place_ == indices_.size()) begin_epoch();
  return indices_[place_++];
}

void DocumentOrder::begin_epoch() {
  ++epoch_;
  place_ = 0;
  std::iota(indices_.begin(), indices_.end(), 0U);
  Rng rng(seed_, Stream::epochs, std::uint64_t{replicate_} << 32 | epoch_);
  shuffle(indices_, rng);
}

}  // namespace microgpt::training
