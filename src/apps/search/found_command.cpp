#include "search/found_command.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::apps {

namespace {

bool is_file(const std::string& path) {
  std::error_code failure;
  return std::filesystem::is_regular_file(path, failure);
}

bool can_be_executed(const std::string& path) {
  return is_file(path) && access(path.c_str(), X_OK) == 0;
}

/// Whether there is such a program in one of the folders of PATH.
bool is_in_path(const std::string& program) {
  const char* const path = std::getenv("PATH");
  std::string rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const std::string folder = rest.substr(0, rest.find(':'));
    rest.erase(0, folder.size() + 1);
    if (can_be_executed((folder.empty() ? "." : folder) + "/" + program)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> found_from_everywhere(std::vector<std::string> arguments) {
  require(!arguments.empty(), "a command must follow --, such as -- ./train.sh {{genome}}");
  const std::string& program = arguments.front();
  const bool has_folder = program.find('/') != program.npos;
  require(!has_folder || can_be_executed(program),
          "the command ({}) must be a program that may be executed", printable(program));
  require(has_folder || is_in_path(program),
          "the command ({}) is no program in PATH; if it is here: ./{}", printable(program),
          printable(program));
  for (std::size_t i = has_folder ? 0 : 1; i < arguments.size(); ++i) {
    if (!is_file(arguments[i])) continue;
    arguments[i] = std::filesystem::absolute(arguments[i]).lexically_normal().string();
  }
  return arguments;
}

}  // namespace microgpt::apps
