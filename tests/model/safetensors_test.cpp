#include "microgpt/model/safetensors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "../support/errors.hpp"
#include "../support/numbers.hpp"

namespace microgpt::test {

using namespace model;
namespace {

using namespace std::string_literals;

/// The bytes of a file with this header, declared to have `length` bytes.
std::string file_of(std::uint64_t length, const std::string& header, std::size_t data_size) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>((length >> (8 * i)) & 0xFF));
  return bytes + header + std::string(data_size, '\0');
}
std::string file_of(const std::string& header, std::size_t data_size = 16) {
  return file_of(header.size(), header, data_size);
}

Safetensors some_file(std::uint64_t seed) {
  Rng rng = rng_of(seed);
  Safetensors file;
  file.type = rng.below(2) == 0 ? NumberType::f64 : NumberType::f32;
  for (const char* key : {"a", "b \"\\\n", "ß"}) {
    if (rng.below(2) == 0) file.metadata[key] = "value of "s + key;
  }
  for (const char* tensor : {"x", "a longer name", "名"}) {
    const std::size_t rows = 1 + rng.below(4), cols = 1 + rng.below(4);
    std::vector<double> values = random_numbers(rng, rows * cols, -1e3, 1e3);
    if (file.type == NumberType::f32) {
      for (double& value : values) value = static_cast<double>(static_cast<float>(value));
    }
    file.tensors.push_back({tensor, rows, cols, values});
  }
  return file;
}

TEST(Safetensors, the_bytes_of_a_small_file_are_these) {
  const Safetensors file = {
      .metadata = {{"a", "b"}}, .type = NumberType::f32, .tensors = {{"x", 2, 1, {1, -2.5}}}};
  EXPECT_EQ(to_bytes(file),
            "\x58\0\0\0\0\0\0\0"
            R"({"__metadata__":{"a":"b"},"x":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}})"
            "       \0\0\x80\x3F\0\0\x20\xC0"s);
}

TEST(Safetensors, the_numbers_start_at_a_multiple_of_eight) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::string bytes = to_bytes(some_file(seed));
    EXPECT_EQ(static_cast<unsigned char>(bytes[0]) % 8, 0U) << seed;
  }
}

TEST(Safetensors, what_is_written_is_read_to_the_last_bit) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    const Safetensors written = some_file(seed);
    const Safetensors read = parse_safetensors(to_bytes(written));
    EXPECT_EQ(read.metadata, written.metadata);
    EXPECT_EQ(read.type, written.type);
    EXPECT_EQ(read.tensors, written.tensors);
  }
}

TEST(Safetensors, tensors_come_in_the_order_of_their_numbers) {
  const Safetensors file = parse_safetensors(
      file_of(R"({"late": {"dtype": "F32", "shape": [1, 1], "data_offsets": [8, 12]},
                  "early": {"data_offsets": [0, 8], "shape": [1, 2], "dtype": "F32"}})",
              12));
  ASSERT_EQ(file.tensors.size(), 2U);
  EXPECT_EQ(file.tensors[0].name, "early");
  EXPECT_EQ(file.tensors[1].name, "late");
  EXPECT_TRUE(file.metadata.empty());
}

TEST(Safetensors, every_prefix_is_refused) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const std::string bytes = to_bytes(some_file(seed));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      EXPECT_THROW(parse_safetensors(std::string_view(bytes).substr(0, i)), Error) << i;
    }
    EXPECT_THROW(parse_safetensors(bytes + "x"), Error);
  }
}

TEST(Safetensors, a_file_with_changed_bytes_is_refused_or_valid) {
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    Rng rng = rng_of(seed);
    std::string bytes = to_bytes(some_file(seed % 10));
    for (std::size_t changes = 1 + rng.below(3); changes > 0; --changes) {
      bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    }
    try {
      for (const Tensor& tensor : parse_safetensors(bytes).tensors) {
        ASSERT_EQ(tensor.values.size(), tensor.rows * tensor.cols) << seed;
      }
    } catch (const Error&) {
      // Any other exception, or a crash, fails the test.
    }
  }
}

TEST(Safetensors, a_header_that_lies_is_refused_with_its_rule) {
  const auto tensor = [](const std::string& shape, const std::string& offsets) {
    return R"({"dtype": "F64", "shape": )" + shape + R"(, "data_offsets": )" + offsets + "}";
  };
  const auto x = [&](const std::string& shape, const std::string& offsets) {
    return R"({"x": )" + tensor(shape, offsets) + "}";
  };
  const auto xy = [&](const std::string& x_offsets, const std::string& y_offsets) {
    return R"({"x": )" + tensor("[1, 1]", x_offsets) + R"(, "y": )" + tensor("[1, 1]", y_offsets) +
           "}";
  };
  const std::string good = tensor("[1, 2]", "[0, 16]");
  EXPECT_NO_THROW(parse_safetensors(file_of(x("[1, 2]", "[0, 16]"))));
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "start with a brace"},
      {" " + x("[1, 2]", "[0, 16]"), "start with a brace"},
      {"[]", "start with a brace"},
      {x("[1, 2]", "[0, 16]") + "\0x"s, "start with a brace"},
      {x("[1, 2]", "[0, 16]") + "{}", "not valid JSON at its byte"},
      {"{\"\xFF\": 1}", "not valid JSON at its byte"},
      {"{}", "there is no tensor"},
      {R"({"__metadata__": {}})", "there is no tensor"},
      {R"({"__metadata__": 1, "x": )" + good + "}", "key \"__metadata__\": must be an object"},
      {R"({"__metadata__": {"a": 1}, "x": )" + good + "}", "key \"a\" must be a string"},
      {R"({"__metadata__": {"a": "", "a": ""}})", "key \"a\" is there twice"},
      {R"({"__metadata__": {}, "__metadata__": {}})", "is there twice"},
      {R"({"x": )" + good + R"(, "x": )" + good + "}", "tensor \"x\": is there twice"},
      {R"({"x": null})", "tensor \"x\": must be an object"},
      {R"({"x": {}})", "key \"dtype\" is missing"},
      {R"({"x": {"dtype": 64}})", "must be F64 or F32"},
      {R"({"x": {"dtype": "BF16"}})", "dtype \"BF16\" must be F64 or F32"},
      {R"({"x": {"dtype": "F64"}})", "key \"shape\" is missing"},
      {R"({"x": {"dtype": "F64", "shape": [1, 2]}})", "key \"data_offsets\" is missing"},
      {R"({"x": {"dtype": "F64", "shape": [1, 2], "data_offsets": [0, 16], "dtype": "F32"}})",
       "alone"},
      {x("[1]", "[0, 8]"), "shape must be a list of two"},
      {x("[]", "[0, 8]"), "shape must be a list of two"},
      {x("[1, 1, 2]", "[0, 16]"), "shape must be a list of two"},
      {x("[1, -2]", "[0, 16]"), "shape must be a list of two"},
      {x("[1, 2.0]", "[0, 16]"), "shape must be a list of two"},
      {x("[1, 18446744073709551618]", "[0, 16]"), "shape must be a list of two"},
      {x("\"12\"", "[0, 16]"), "shape must be a list of two"},
      {x("[1, 2]", "[16]"), "data_offsets must be a list of two"},
      {x("[0, 2]", "[0, 0]"), "must not have a 0"},
      {x("[2, 0]", "[0, 0]"), "must not have a 0"},
      {x("[1, 2]", "[16, 0]"), "must lie inside the 16 bytes"},
      {x("[1, 3]", "[0, 24]"), "must lie inside the 16 bytes"},
      {x("[1, 2]", "[18446744073709551600, 18446744073709551615]"), "must lie inside"},
      {x("[1, 1]", "[0, 16]"), "must span what the shape [1, 1] takes in F64, not 16 bytes"},
      {x("[1, 2]", "[0, 15]"), "must span"},
      // Products that are 2 * 2^64 + 2 and 2^64 in full, 2 and 0 in 64 bits.
      {x("[6148914691236517206, 3]", "[0, 16]"), "must span"},
      {x("[4294967296, 4294967296]", "[0, 0]"), "must span"},
      {x("[2305843009213693953, 2]", "[0, 16]"), "must span"},
      {xy("[0, 8]", "[0, 8]"), "begins at byte 0, but must begin at 8"},
      {xy("[0, 8]", "[4, 12]"), "tensor \"y\": begins at byte 4, but must begin at 8"},
      {xy("[8, 16]", "[8, 16]"), "begins at byte 8, but must begin at 0"},
      {x("[1, 1]", "[0, 8]"), "end at byte 8 of 16"},
      {R"({"x": {"dtype": "F64", "shape": [1, 1], "data_offsets": [0, 8]},
           "y": {"dtype": "F32", "shape": [1, 2], "data_offsets": [8, 16]}})",
       "tensor \"y\": is F32, another is F64"}};
  for (const auto& [header, rule] : cases) {
    const std::string bytes = file_of(header);
    EXPECT_TRUE(contains(error_of([&] { parse_safetensors(bytes); }), rule)) << header;
  }
}

TEST(Safetensors, a_length_that_lies_is_refused_before_anything_is_read) {
  for (const std::uint64_t length : {std::uint64_t{3}, std::uint64_t{1} << 40, ~std::uint64_t{0},
                                     ~std::uint64_t{0} - 7, std::uint64_t{1} << 63}) {
    const std::string message = error_of([&] { parse_safetensors(file_of(length, "{}", 0)); });
    EXPECT_TRUE(contains(message, "the file ends after 2"));
  }
  EXPECT_TRUE(contains(error_of([] { parse_safetensors(file_of(std::string(10'000'000, '['))); }),
                       "at most 8388608"));
}

TEST(Safetensors, deep_nesting_does_not_exhaust_the_stack) {
  constexpr std::size_t kDepth = 1'000'000;
  const std::string open(kDepth, '['), close(kDepth, ']');
  EXPECT_THROW(parse_safetensors(file_of(open)), Error);
  for (const std::string place : {R"({"x":)", R"({"__metadata__":)", R"({"__metadata__":{"a":)",
                                  R"({"x":{"dtype":)", R"({"x":{"dtype":"F64","shape":)"}) {
    EXPECT_THROW(parse_safetensors(file_of(place + open)), Error) << place;
    const auto ends = static_cast<std::size_t>(std::count(place.begin(), place.end(), '{'));
    const std::string balanced = place + open + close + std::string(ends, '}');
    EXPECT_TRUE(contains(error_of([&] { parse_safetensors(file_of(balanced)); }), "must be"));
  }
}

TEST(Safetensors, a_header_full_of_tensors_is_read_in_reasonable_time) {
  std::string header = "{";
  std::size_t count = 0;
  for (; header.size() < 8'000'000; ++count) {
    header +=
        fmt::format(R"({}"layers.{}.fc1":{{"dtype":"F32","shape":[1,1],"data_offsets":[{},{}]}})",
                    count == 0 ? "" : ",", count, 4 * count, 4 * count + 4);
  }
  EXPECT_EQ(parse_safetensors(file_of(header + "}", 4 * count)).tensors.size(), count);
}

}  // namespace
}  // namespace microgpt::test
