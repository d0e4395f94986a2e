#include "core/json.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "support/errors.hpp"

namespace microgpt::test {

using namespace core;
namespace {

std::string written(double number) {
  json::Writer writer;
  writer.write(number);
  return writer.text();
}

TEST(Json, a_number_is_read_to_its_last_digit) {
  for (const double number : {0.1, 0.1 + 0.2, 1e-5, 123456789.125, 1e21, 5e-324, -0.0,
                              std::numeric_limits<double>::max()}) {
    const json::Value back = json::parse(written(number));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(back.number().value()),
              std::bit_cast<std::uint64_t>(number))
        << written(number);
  }
  EXPECT_EQ(json::parse("0e40").number(), 0);
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_NE(error_of([] { json::parse("[1.7976931348623159e308]"); }), "");
}

TEST(Json, whole_numbers_keep_64_bits) {
  const std::string text = "[18446744073709551615,-9223372036854775808,0,-1]";
  EXPECT_EQ(to_text(json::parse(text)), text);
  EXPECT_EQ(*json::parse("-0").as<std::uint64_t>(), 0U);
  EXPECT_EQ(json::parse("18446744073709551616").as<std::uint64_t>(), nullptr);
}

TEST(Json, what_is_written_again_is_the_same) {
  const std::string text = R"({"b":[true,false,null,{}],"a":"\"\\\n\u0001é","b":[]})";
  EXPECT_EQ(to_text(json::parse(text)), text);
  EXPECT_EQ(to_text(json::parse(" [ 1 , 2.50 ] ")), "[1,2.5]");
}

TEST(Json, what_is_wrong_is_said_with_its_place) {
  try {
    json::parse("[1, x]");
    ADD_FAILURE();
  } catch (const json::SyntaxError& error) {
    EXPECT_EQ(error.byte, 5U);
    EXPECT_EQ(error.what(), "not valid JSON at byte 5: " + error.reason);
  }
  EXPECT_TRUE(contains(error_of([] { json::parse(std::string("[1]\0", 4)); }), "NUL"));
  EXPECT_TRUE(contains(error_of([] { json::parse("[1e400]"); }), "byte 2"));
  EXPECT_TRUE(contains(error_of([] { json::parse("\"\xff\""); }), "encoding"));
  EXPECT_TRUE(contains(error_of([] { json::parse(""); }), "empty"));
}

TEST(Json, deep_nesting_does_not_exhaust_the_stack) {
  EXPECT_NO_THROW(json::parse(std::string(32, '[') + std::string(32, ']')));
  const std::string deep(1'000'000, '[');
  EXPECT_TRUE(contains(error_of([&] { json::parse(deep + std::string(deep.size(), ']')); }),
                       "nested more than 32 deep"));
  const std::string text = "[1," + deep + "2,{\"a\":3}" + std::string(deep.size(), ']') + ",4]";
  EXPECT_TRUE(to_text(json::parse(text, json::Deep::left_out)).ends_with("]]],4]"));
}

TEST(Json, a_member_of_another_type_is_named) {
  const json::Value object = json::parse(R"({"n": -1, "t": "\udc00", "big": 4294967296})");
  EXPECT_EQ(error_of([&] { number(object, "x"); }), "\"x\" is missing");
  EXPECT_EQ(error_of([&] { number(object, "t"); }), "\"t\" must be a number");
  EXPECT_EQ(error_of([&] { number(object, "n", 0, 2); }), "\"n\" (-1) must be from 0 to 2");
  EXPECT_EQ(error_of([&] { whole(object, "n"); }), "\"n\" must be a whole number");
  EXPECT_EQ(error_of([&] { whole32(object, "big"); }), "\"big\" (4294967296) is too large");
  EXPECT_EQ(error_of([&] { text(object, "t"); }), "\"t\" must be valid Unicode");
  EXPECT_EQ(error_of([&] { texts(object, "n"); }), "\"n\" must be a list of strings");
}

TEST(JsonWriter, indents_each_level_and_nothing_that_is_empty) {
  json::Writer writer(2);
  writer.begin_object();
  writer.put("list", std::vector<std::string>{"a", "h\xff"});
  writer.put("none", std::vector<std::string>());
  writer.put("nothing", std::optional<double>());
  writer.put_if_any("left out", std::optional<double>());
  writer.end_object();
  EXPECT_EQ(writer.text(),
            "{\n  \"list\": [\n    \"a\",\n    \"h\uFFFD\"\n  ],\n  \"none\": [],\n"
            "  \"nothing\": null\n}");
}

}  // namespace
}  // namespace microgpt::test
