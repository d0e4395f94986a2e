#pragma once

#include "microgpt/layers.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace microgpt::core {

/// The code points of `text`. Throws Error with the byte offset if it is not valid UTF-8.
std::u32string decode_utf8(std::string_view text);

std::string encode_utf8(std::u32string_view text);

/// Valid UTF-8: with U+FFFD in place of what is not.
std::string valid_utf8(std::string_view text);

/// For terminals: with \x1b, \u202e and the like in place of invalid bytes, of control characters
/// (but ends of lines and tabs), and of those that change the direction of writing.
std::string printable(std::string_view text);

/// Columns that a character takes on a terminal: 0, 1 or 2.
std::size_t display_width(char32_t character);
/// Of a text in valid UTF-8.
std::size_t display_width(std::string_view text);

/// `text` without leading and trailing ASCII white space.
std::string_view trim(std::string_view text);

/// The double nearest to a decimal literal; nothing if `text` is anything else, or no double can
/// hold it.
std::optional<double> parse_double(std::string_view text);

/// 1234567 as "1,234,567".
std::string with_commas(std::size_t number);

}  // namespace microgpt::core
