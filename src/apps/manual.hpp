#pragma once

#include <span>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace microgpt::apps {

/// A manual page in the language of man, made of the same options that --help prints.
std::string manual_of(const CLI::App& app);

/// What bash completes after the name of the program: its options, and the values of those that
/// have a fixed set of them.
std::string bash_completion_of(const CLI::App& app);

/// How the values of an option are shown that has a fixed set of them: {auto,always,never}.
std::string one_of(std::span<const std::string_view> values);

}  // namespace microgpt::apps
