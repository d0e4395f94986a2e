#include "microgpt/core/version.hpp"

namespace microgpt::core {

std::string_view version() { return MICROGPT_VERSION; }

}  // namespace microgpt::core
