#include "microgpt/core/random.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "microgpt/core/elementary.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt::core {

namespace {
std::uint32_t low_word(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high_word(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }
std::uint64_t join(std::uint32_t low, std::uint32_t high) {
  return (std::uint64_t{high} << 32) | low;
}
}  // namespace

Rng::Rng(std::uint64_t seed, Stream purpose, std::uint64_t id)
    : seed_(seed), id_(id), purpose_(static_cast<std::uint32_t>(purpose)) {}

std::uint64_t Rng::next() {
  if (ready_count_ == 0) {
    const r123::Philox4x32::ctr_type counter = {
        {block_++, purpose_, low_word(id_), high_word(id_)}};
    const r123::Philox4x32::key_type key = {{low_word(seed_), high_word(seed_)}};
    const auto bits = r123::Philox4x32()(counter, key);
    ready_ = {join(bits[2], bits[3]), join(bits[0], bits[1])};
    ready_count_ = 2;
  }
  return ready_[--ready_count_];
}

double Rng::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

double Rng::uniform(double low, double high) { return low + (high - low) * uniform(); }

double Rng::log_uniform(double low, double high) {
  const double drawn = elementary::exp(uniform(elementary::log(low), elementary::log(high)));
  return std::clamp(drawn, low, high);  // exp(log(x)) rounds
}

std::size_t Rng::below(std::size_t count) {
  // Numbers above the largest multiple of `count` would favour small remainders: draw again.
  const std::uint64_t excess = (std::numeric_limits<std::uint64_t>::max() % count + 1) % count;
  std::uint64_t bits = next();
  while (bits > std::numeric_limits<std::uint64_t>::max() - excess) bits = next();
  return static_cast<std::size_t>(bits % count);
}

std::vector<std::size_t> sample_without_replacement(std::size_t count, std::size_t size, Rng& rng) {
  require(count <= size, "cannot draw {} distinct items out of {}", count, size);
  std::vector<std::size_t> indices(size);
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  for (std::size_t i = 0; i < count; ++i) std::swap(indices[i], indices[i + rng.below(size - i)]);
  indices.resize(count);
  return indices;
}

}  // namespace microgpt::core
