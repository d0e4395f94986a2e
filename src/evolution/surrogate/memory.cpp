#include "memory.hpp"

#include <algorithm>

namespace microgpt::evolution {

void Memory::add(const Organism& organism, double log_cost) {
  ++count_;
  const Known known{organism.genome, organism.id, organism.evaluation->fitness, log_cost};
  add_to_front(known);
  best_.insert(std::ranges::upper_bound(best_, known.key(), {}, &Known::key), known);
  if (best_.size() <= kBest) return;
  if (left_out_++ % every_ == 0) others_.push_back(best_.back());
  best_.pop_back();
  if (others_.size() < 2 * kOthers) return;
  for (std::size_t i = 0; i < kOthers; ++i) others_[i] = others_[2 * i];
  others_.resize(kOthers);
  every_ *= 2;
}

/// Where the front has too many members, one of the two that are closest in cost has to go.
void Memory::add_to_front(const Known& known) {
  const auto dominates = [](const Known& a, const Known& b) {
    return a.log_cost <= b.log_cost && a.fitness <= b.fitness;
  };
  if (std::ranges::any_of(front_, [&](const Known& k) { return dominates(k, known); })) return;
  std::erase_if(front_, [&](const Known& k) { return dominates(known, k); });
  front_.insert(std::ranges::upper_bound(front_, known.log_cost, {}, &Known::log_cost), known);
  if (front_.size() <= kFront) return;
  std::size_t closest = 1;
  for (std::size_t i = 2; i + 1 < front_.size(); ++i) {
    const auto gap = [&](std::size_t at) { return front_[at].log_cost - front_[at - 1].log_cost; };
    if (gap(i) < gap(closest)) closest = i;
  }
  front_.erase(front_.begin() + static_cast<std::ptrdiff_t>(closest));
}

std::vector<Memory::Known> Memory::ranking() const {
  std::vector<Known> all = best_;
  all.insert(all.end(), others_.begin(), others_.end());
  all.insert(all.end(), front_.begin(), front_.end());
  std::ranges::sort(all, {}, &Known::key);
  const auto is_same = [](const Known& a, const Known& b) { return a.id == b.id; };
  all.erase(std::unique(all.begin(), all.end(), is_same), all.end());
  return all;
}

}  // namespace microgpt::evolution
