#pragma once

#include <cstdint>

#include "microgpt/evolution/organism.hpp"

// The valid range of values in tables, journals and caches; it keeps sums finite.
namespace microgpt::run {

inline constexpr double kMaxFlops = 1e24, kMaxSeconds = 1e10;

/// Throws Error naming the value and the rule unless this is a possible evaluation of this
/// replicate: failed, or with numbers within the limits and valid Unicode.
void validate(const Evaluation& evaluation, std::uint32_t replicate);

}  // namespace microgpt::run
