#include "microgpt/core/text.hpp"

#include <utf8.h>
#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <system_error>

#include "microgpt/core/error.hpp"

namespace microgpt::core {

namespace {

void require_utf8(std::string_view text) {
  const auto invalid = utf8::find_invalid(text.begin(), text.end());
  require(invalid == text.end(), "invalid UTF-8 at byte {}",
          std::distance(text.begin(), invalid) + 1);
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  require_utf8(text);
  std::u32string points;
  points.reserve(text.size());
  utf8::utf8to32(text.begin(), text.end(), std::back_inserter(points));
  return points;
}

char32_t next_character(std::string_view& text) {
  if (static_cast<unsigned char>(text.front()) < 0x80) {
    const auto character = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    return character;
  }
  try {
    const char* at = text.data();
    const char32_t character = utf8::next(at, text.data() + text.size());
    text.remove_prefix(static_cast<std::size_t>(at - text.data()));
    return character;
  } catch (const utf8::exception&) {
    fail("invalid UTF-8 at byte 1");
  }
}

std::size_t character_count(std::string_view text) {
  const auto begins = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::ranges::count_if(text, begins));
}

std::string encode_utf8(std::u32string_view text) {
  std::string bytes;
  utf8::utf32to8(text.begin(), text.end(), std::back_inserter(bytes));
  return bytes;
}

std::string composed(std::string_view text) {
  require_utf8(text);
  // Below U+0300 every character is composed already.
  const auto may_change = [](char byte) { return static_cast<unsigned char>(byte) >= 0xCC; };
  if (std::ranges::none_of(text, may_change)) return std::string(text);
  utf8proc_uint8_t* result = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &result,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(result, &std::free);
  require(length >= 0, "{}", utf8proc_errmsg(length));
  return std::string(reinterpret_cast<const char*>(result), static_cast<std::size_t>(length));
}

std::string valid_utf8(std::string_view text) {
  std::string valid;
  utf8::replace_invalid(text.begin(), text.end(), std::back_inserter(valid));
  return valid;
}

namespace {

/// Whether a terminal would interpret the character instead of showing it.
bool is_command(char32_t c) {
  const bool control = (c < 0x20 && c != U'\n' && c != U'\t') || (c >= 0x7F && c <= 0x9F);
  const bool direction = c == 0x200E || c == 0x200F || c == 0x061C ||
                         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
  return control || direction;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  for (auto at = text.begin(); at != text.end();) {
    const auto begin = at;
    char32_t point = 0;
    try {
      point = utf8::next(at, text.end());
    } catch (const utf8::exception&) {
      at = begin + 1;
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(*begin));
      continue;
    }
    const auto code = static_cast<std::uint32_t>(point);
    if (is_command(point)) {
      shown += code < 0x80 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
    } else {
      shown.append(begin, at);
    }
  }
  return shown;
}

std::string printable_line(std::string_view text) {
  std::string line;
  for (const char c : printable(text)) {
    if (c == '\n') {
      line += "\u23CE";
    } else {
      line += c;
    }
  }
  return line;
}

std::size_t display_width(char32_t character) {
  return static_cast<std::size_t>(
      std::max(0, utf8proc_charwidth(static_cast<utf8proc_int32_t>(character))));
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (const char32_t character : decode_utf8(text)) width += display_width(character);
  return width;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<double> parse_double(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  const bool whole = problem == std::errc() && rest == end && std::isfinite(number);
  return whole ? std::optional(number) : std::nullopt;
}

std::string with_commas(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

}  // namespace microgpt::core
