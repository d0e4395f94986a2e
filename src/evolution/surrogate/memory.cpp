#include "memory.hpp"

#include <algorithm>

namespace microgpt::evolution {

void Memory::add(const Organism& organism) {
  ++count_;
  const Known known{organism.genome, organism.id, organism.evaluation->fitness};
  best_.insert(std::ranges::upper_bound(best_, known.key(), {}, &Known::key), known);
  if (best_.size() <= kBest) return;
  if (left_out_++ % every_ == 0) others_.push_back(best_.back());
  best_.pop_back();
  if (others_.size() < 2 * kOthers) return;
  for (std::size_t i = 0; i < kOthers; ++i) others_[i] = others_[2 * i];
  others_.resize(kOthers);
  every_ *= 2;
}

std::vector<Memory::Known> Memory::ranking() const {
  std::vector<Known> all = best_;
  all.insert(all.end(), others_.begin(), others_.end());
  std::ranges::sort(all, {}, &Known::key);
  return all;
}

}  // namespace microgpt::evolution
