#include "microgpt/core/version.hpp"

namespace microgpt {

std::string_view version() { return MICROGPT_VERSION; }

}  // namespace microgpt
