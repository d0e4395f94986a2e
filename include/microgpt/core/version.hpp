#pragma once

#include <string_view>

namespace microgpt {

/// Of the program, as in CMakeLists.txt.
std::string_view version();

}  // namespace microgpt
