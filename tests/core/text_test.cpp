#include "microgpt/core/text.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "../support/errors.hpp"
#include "../support/numbers.hpp"

namespace microgpt::test {

using namespace core;
namespace {

TEST(Utf8, decodes_code_points_of_one_to_four_bytes) {
  EXPECT_EQ(decode_utf8(""), U"");
  EXPECT_EQ(decode_utf8("anna"), U"anna");
  EXPECT_EQ(decode_utf8("Zo\xC3\xAB"), U"Zo\u00EB");
  EXPECT_EQ(decode_utf8("\xE2\x82\xAC"), U"\u20AC");
  EXPECT_EQ(decode_utf8("\xF0\x9F\x98\x80!"), U"\U0001F600!");
  EXPECT_EQ(decode_utf8(std::string_view("a\0b", 3)), std::u32string(U"a\0b", 3));
}

TEST(Utf8, decoding_gives_back_what_was_encoded) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    std::u32string text;
    for (std::size_t i = rng.below(20); i > 0; --i) {
      const auto point = static_cast<char32_t>(rng.below(0x110000) >> rng.below(21));
      if (point < 0xD800 || point > 0xDFFF) text.push_back(point);
    }
    EXPECT_EQ(decode_utf8(encode_utf8(text)), text);
  }
}

TEST(Utf8, invalid_bytes_throw_with_their_position) {
  const auto position = [](std::string_view bytes) {
    return error_of([&] { decode_utf8(bytes); });
  };
  EXPECT_TRUE(contains(position("\xFF"), "byte 1"));
  EXPECT_TRUE(contains(position("ab\x80"), "byte 3")) << "a continuation without a start";
  EXPECT_TRUE(contains(position("ab\xC3"), "byte 3")) << "cut off at the end";
  EXPECT_TRUE(contains(position("a\xC3(b"), "byte 2")) << "a start without a continuation";
  EXPECT_TRUE(contains(position("\xC3\xAB\xC0\xAF"), "byte 3")) << "longer than needed";
  EXPECT_TRUE(contains(position("a\xED\xA0\x80"), "byte 2")) << "a surrogate";
  EXPECT_TRUE(contains(position("a\xF4\x90\x80\x80"), "byte 2")) << "past U+10FFFF";
}

TEST(Composed, has_one_character_for_a_letter_and_its_accents) {
  EXPECT_EQ(composed("plain"), "plain");
  EXPECT_EQ(composed("e\u0301a\u0302\u0323"), "\u00E9\u1EAD");
  EXPECT_EQ(composed("\u212B \uAC00"), "\u00C5 \uAC00") << "the sign for an angstrom is a letter";
  EXPECT_EQ(composed("\u1112\u1161\u11AB"), "\uD55C") << "of three letters";
  EXPECT_TRUE(contains(error_of([] { composed("ab\xFF"); }), "invalid UTF-8 at byte 3"));
}

TEST(Printable, on_one_line_shows_where_lines_end) {
  EXPECT_EQ(printable_line("a\nb\x1b"), "a\u23CEb\\x1b");
}

TEST(Trim, removes_ascii_white_space_at_both_ends_only) {
  EXPECT_EQ(trim("anna"), "anna");
  EXPECT_EQ(trim(" \t anna maria\r\n\v\f "), "anna maria");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim(" \t\r\n"), "");
  EXPECT_EQ(trim("\xC2\xA0x"), "\xC2\xA0x") << "a no-break space is not ASCII";
}

TEST(WithCommas, groups_digits_by_three_from_the_right) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(12'345), "12,345");
  EXPECT_EQ(with_commas(123'456), "123,456");
  EXPECT_EQ(with_commas(1'234'567), "1,234,567");
  EXPECT_EQ(with_commas(std::numeric_limits<std::size_t>::max()), "18,446,744,073,709,551,615");
}

TEST(ParseDouble, reads_every_digit_and_nothing_else) {
  EXPECT_EQ(parse_double("0.0018447362809681143"), 0.0018447362809681143);
  EXPECT_EQ(parse_double("1.7976931348623157e308"), 1.7976931348623157e308);
  EXPECT_EQ(parse_double("0e40"), 0.0);
  EXPECT_EQ(parse_double("-3"), -3.0);
  for (const char* wrong : {"", "x", "1x", " 1", "1 ", "1.8e308", "nan", "inf", "1,5"}) {
    EXPECT_FALSE(parse_double(wrong)) << wrong;
  }
}

TEST(Text, width_on_a_terminal_is_not_the_number_of_characters) {
  EXPECT_EQ(display_width(std::string_view("abc")), 3U);
  EXPECT_EQ(display_width(std::string_view("李山")), 4U);
  EXPECT_EQ(display_width(std::string_view("e\u0301")), 1U);
}

TEST(Printable, shows_what_would_be_a_command_and_keeps_all_else) {
  EXPECT_EQ(printable("a\x1b[2Jb\a\r\x7f"), R"(a\x1b[2Jb\x07\x0d\x7f)");
  EXPECT_EQ(printable("\u009B2J \u0080"), R"(\u009b2J \u0080)");
  EXPECT_EQ(printable("a\u202Eb\u2066c\u2069"), R"(a\u202eb\u2066c\u2069)");
  EXPECT_EQ(printable("a\xE9z\xC3"), R"(a\xe9z\xc3)");
  EXPECT_EQ(printable(std::string_view("\0", 1)), R"(\x00)");
  EXPECT_EQ(printable("Łukasz,\t李\nname: \\ é…"), "Łukasz,\t李\nname: \\ é…");
}

TEST(Text, invalid_utf8_is_replaced) {
  EXPECT_EQ(valid_utf8("a\xe9z"), "a\uFFFDz");
  EXPECT_EQ(valid_utf8("Łukasz"), "Łukasz");
}

}  // namespace
}  // namespace microgpt::test
