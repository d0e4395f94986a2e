#pragma once

#include "microgpt/layers.hpp"

#include <string_view>

namespace microgpt::core {

/// The version of the program, as in CMakeLists.txt.
std::string_view version();

}  // namespace microgpt::core
