#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "microgpt/core/error.hpp"

namespace microgpt::fuzz {

using namespace core;

/// The path passed to readers for their messages.
inline constexpr const char* kPath = "some/file";

inline std::string text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process unless a property holds; a crash is what every kind of run understands. Not an
/// assert, since ordinary builds replay the corpus too.
inline void check(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: this does not hold: %s\n", property);
  std::abort();
}

/// What `load` returns; nothing if it throws Error, which must then name the place. Any other
/// exception escapes, and ends the process.
template <class Load>
auto loaded(std::string_view place, const Load& load) -> std::optional<decltype(load())> {
  try {
    return load();
  } catch (const Error& error) {
    check(std::string_view(error.what()).starts_with(place), "an Error names the place");
    return std::nullopt;
  }
}

}  // namespace microgpt::fuzz
