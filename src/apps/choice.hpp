#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <utility>

#include "manual.hpp"
#include "microgpt/core/enum_names.hpp"

namespace microgpt::apps {

/// An option whose values are the names of an enumeration. `value` may be optional.
template <class Enum, class Value>
CLI::Option* add_choice(CLI::App& app, std::string flag, Value& value, std::string help) {
  const auto choose = [&value](const std::string& text) { value = from_name<Enum>(text); };
  return app.add_option_function<std::string>(std::move(flag), choose, std::move(help))
      ->type_name(one_of(offered_names<Enum>()));
}

/// One that shows what holds where it is not given.
template <class Enum>
CLI::Option* add_choice(CLI::App& app, std::string flag, Enum& value, std::string help) {
  return add_choice<Enum, Enum>(app, std::move(flag), value, std::move(help))
      ->default_str(std::string(name(value)));
}

}  // namespace microgpt::apps
