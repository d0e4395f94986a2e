#pragma once

#include "microgpt/layers.hpp"

#include <chrono>

namespace microgpt::core {

/// Seconds since 1970, for times that are compared across processes and hosts.
inline double seconds_since_1970() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

}  // namespace microgpt::core
