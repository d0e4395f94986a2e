#pragma once

#include <cstdint>

#include "microgpt/layers.hpp"

namespace microgpt::model {

/// The number of a token: its row in the embedding, from 0.
using Token = std::uint32_t;

}  // namespace microgpt::model
