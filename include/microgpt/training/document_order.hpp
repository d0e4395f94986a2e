#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "microgpt/core/random.hpp"

namespace microgpt::training {

/// The order in which a training sees its documents: in the first epoch as they come, in each later
/// one shuffled anew, by (seed, replicate, epoch).
class DocumentOrder {
 public:
  DocumentOrder(std::size_t documents, std::uint64_t seed, std::uint32_t replicate);

  /// The index of the next document.
  std::size_t next();

 private:
  void begin_epoch();

  std::uint64_t seed_;
  std::uint32_t replicate_, epoch_ = 0;
  std::vector<std::uint32_t> indices_;  // of this epoch
  std::size_t place_ = 0;
};

}  // namespace microgpt::training
