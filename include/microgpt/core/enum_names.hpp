#pragma once

#include "microgpt/layers.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

// What the values of an enumeration are called in files, options and messages. An enumeration has
// one table of names, beside it; everything else reads the table:
//
//   enum class Mode { generational, steady_state };
//   constexpr auto enum_names(Mode) {
//     return enum_table<Mode>("mode", {{Mode::generational, "generational"},
//                                      {Mode::steady_state, "steady-state"}});
//   }
namespace microgpt::core {

template <class Enum>
struct EnumName {
  Enum value;
  std::string_view name;
  bool is_offered = true;  ///< whether users may choose it
};

template <class Enum, std::size_t N>
struct EnumTable {
  std::string_view what;  ///< is chosen, for messages
  std::array<EnumName<Enum>, N> names;
};

template <class Enum, std::size_t N>
constexpr EnumTable<Enum, N> enum_table(std::string_view what, const EnumName<Enum> (&names)[N]) {
  return {what, std::to_array(names)};
}

template <class Enum>
concept NamedEnum = requires(Enum value) {
  enum_names(value);
};

/// The name of a value; empty if the table lacks it.
template <NamedEnum Enum>
constexpr std::string_view name(Enum value) {
  for (const EnumName<Enum>& each : enum_names(value).names) {
    if (each.value == value) return each.name;
  }
  return "";
}

/// The value of this name, offered or not.
template <NamedEnum Enum>
constexpr std::optional<Enum> find_name(std::string_view text) {
  for (const EnumName<Enum>& each : enum_names(Enum{}).names) {
    if (each.name == text) return each.value;
  }
  return std::nullopt;
}

/// The names that users may choose from.
template <NamedEnum Enum>
std::vector<std::string_view> offered_names() {
  std::vector<std::string_view> names;
  for (const EnumName<Enum>& each : enum_names(Enum{}).names) {
    if (each.is_offered) names.push_back(each.name);
  }
  return names;
}

[[noreturn]] void reject_name(std::string_view what, std::string_view text,
                              const std::vector<std::string_view>& choices);

/// The value that a user chose by its name. Throws Error, "mode (x) must be a, b or c", if none is
/// offered by that name.
template <NamedEnum Enum>
Enum from_name(std::string_view text) {
  for (const EnumName<Enum>& each : enum_names(Enum{}).names) {
    if (each.is_offered && each.name == text) return each.value;
  }
  reject_name(enum_names(Enum{}).what, text, offered_names<Enum>());
}

}  // namespace microgpt::core
