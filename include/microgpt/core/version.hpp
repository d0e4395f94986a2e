#pragma once

#include "microgpt/layers.hpp"

#include <string_view>

namespace microgpt::core {

/// Of the program, as in CMakeLists.txt.
std::string_view version();

}  // namespace microgpt::core
