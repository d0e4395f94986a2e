#pragma once

#include <cstdint>

#include "microgpt/evolution/organism.hpp"

// What may stand in tables, journals and caches, so that sums of it stay numbers.
namespace microgpt::run {

inline constexpr double kMaxFlops = 1e24, kMaxSeconds = 1e10;

/// Throws Error naming the value and the rule unless a training, that of this replicate, can have
/// come to this: failed, or with numbers that are none too large, and valid Unicode.
void validate(const Evaluation& evaluation, std::uint32_t replicate);

}  // namespace microgpt::run
