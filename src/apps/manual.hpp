#pragma once

#include <span>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace microgpt::apps {

/// A manual page in troff, from the options that --help prints.
std::string manual_of(const CLI::App& app);

/// A bash completion script: the options, and the values of those with a fixed set of values.
std::string bash_completion_of(const CLI::App& app);

/// How a fixed set of values is shown: {auto,always,never}.
std::string one_of(std::span<const std::string_view> values);

}  // namespace microgpt::apps
