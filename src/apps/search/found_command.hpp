#pragma once

#include <string>
#include <vector>

namespace microgpt::apps {

/// A command as it is from every folder: its program and other files by their full paths. Throws
/// Error if there is none, or if its program cannot be executed.
std::vector<std::string> found_from_everywhere(std::vector<std::string> arguments);

}  // namespace microgpt::apps
