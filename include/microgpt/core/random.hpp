#pragma once

#include "microgpt/layers.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace microgpt::core {

/// The purpose of a random stream. Streams of different purposes are independent, whatever the ids.
enum class Stream : std::uint32_t {
  split = 1,      ///< which documents are held out, and the order of the others
  weights = 2,    ///< initial weights
  names = 3,      ///< sampling of generated names
  breeding = 4,   ///< all random choices in breeding one organism
  documents = 5,  ///< the order in which a replicate sees the training documents
  faults = 6,     ///< injected failures
  epochs = 7,     ///< the order of the documents from the second epoch on
  dropout = 8     ///< the channels that a training step drops
};

/// A counter-based random stream: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy
/// as 1, 2, 3", 2011). The numbers depend on (seed, purpose, id) only, not on rank, time or order.
class Rng {
 public:
  Rng(std::uint64_t seed, Stream purpose, std::uint64_t id);

  /// 64 uniformly random bits.
  std::uint64_t next();

  /// Uniform in [0, 1), a multiple of 2^-53.
  double uniform();

  /// Uniform in [low, high).
  double uniform(double low, double high);

  /// Log-uniform in [low, high]; 0 < low <= high.
  double log_uniform(double low, double high);

  /// Uniform in [0, count) without bias; count > 0.
  std::size_t below(std::size_t count);

 private:
  std::uint64_t seed_;
  std::uint64_t id_;
  std::uint32_t purpose_;
  std::uint32_t block_ = 0;
  std::array<std::uint64_t, 2> ready_{};
  std::size_t ready_count_ = 0;
};

/// A uniformly random permutation in place (Fisher–Yates).
template <class T>
void shuffle(std::vector<T>& items, Rng& rng) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[rng.below(i)]);
}

/// One of the items, chosen uniformly; `items` must not be empty.
template <class T>
const T& pick(std::span<const T> items, Rng& rng) {
  return items[rng.below(items.size())];
}

/// `count` distinct indices in [0, size), in random order. Throws Error if count > size.
std::vector<std::size_t> sample_without_replacement(std::size_t count, std::size_t size, Rng& rng);

}  // namespace microgpt::core
