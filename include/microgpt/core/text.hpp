#pragma once

#include "microgpt/layers.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace microgpt::core {

/// The code points of `text`. Throws Error with the byte offset if it is not valid UTF-8.
std::u32string decode_utf8(std::string_view text);

/// Takes the first character from a text that is not empty. Throws Error as decode_utf8() does,
/// with the offset from that character.
char32_t next_character(std::string_view& text);

/// The number of characters of a text in valid UTF-8.
std::size_t character_count(std::string_view text);

std::string encode_utf8(std::u32string_view text);

/// `text` in Unicode's normal form C, which has one character for a letter and its accents where
/// there is one. Throws Error as decode_utf8() does.
std::string composed(std::string_view text);

/// `text` with U+FFFD in place of invalid UTF-8.
std::string valid_utf8(std::string_view text);

/// `text` made safe for terminals: invalid bytes, control characters (except newlines and tabs) and
/// characters that change the writing direction appear as `\x1b`, `\u202e` and the like.
std::string printable(std::string_view text);

/// The same on one line: a newline appears as U+23CE, the sign for "return".
std::string printable_line(std::string_view text);

/// The number of terminal columns that a character occupies: 0, 1 or 2.
std::size_t display_width(char32_t character);
/// The same for a text in valid UTF-8.
std::size_t display_width(std::string_view text);

/// `text` without leading and trailing ASCII white space.
std::string_view trim(std::string_view text);

/// The double nearest to a decimal literal; nullopt if `text` is anything else or out of range.
std::optional<double> parse_double(std::string_view text);

/// 1234567 as "1,234,567".
std::string with_commas(std::size_t number);

}  // namespace microgpt::core
