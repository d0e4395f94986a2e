#include "microgpt/model/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <set>
#include <utility>

#include "core/json.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::model {

namespace {

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kAlignment = 8;  // of the first number
/// Enough for a vocabulary of all Unicode characters. Bounds the memory for parsing the JSON.
constexpr std::size_t kMaxHeader = 8 << 20;

std::size_t width(NumberType type) { return type == NumberType::f64 ? 8 : 4; }

template <class Bits>
Bits read_bits(std::string_view bytes) {
  Bits bits = 0;
  for (std::size_t i = sizeof(Bits); i-- > 0;) {
    bits = (bits << 8) | static_cast<unsigned char>(bytes[i]);
  }
  return bits;
}

template <class Bits>
void append_bits(std::string& bytes, Bits bits) {
  for (std::size_t i = 0; i < sizeof(Bits); ++i) {
    bytes.push_back(static_cast<char>((bits >> (8 * i)) & 0xFF));
  }
}

double read_number(NumberType type, std::string_view bytes) {
  if (type == NumberType::f64) return std::bit_cast<double>(read_bits<std::uint64_t>(bytes));
  return static_cast<double>(std::bit_cast<float>(read_bits<std::uint32_t>(bytes)));
}

void append_number(std::string& bytes, NumberType type, double value) {
  if (type == NumberType::f64) {
    append_bits(bytes, std::bit_cast<std::uint64_t>(value));
  } else {
    append_bits(bytes, std::bit_cast<std::uint32_t>(static_cast<float>(value)));
  }
}

// Reading

/// The header entry of one tensor. Offsets count from the end of the header.
struct Entry {
  std::string name;
  NumberType type;
  std::size_t rows, cols, begin, end;
};

struct Header {
  std::map<std::string, std::string> metadata;
  std::vector<Entry> entries;
};

/// Text from the file, shortened for a message.
std::string excerpt(const std::string& text) {
  constexpr std::size_t kLongest = 60;
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "...";
}

/// Throws Error for an unpaired surrogate: RapidJSON accepts \uDC00 as a character.
const std::string& checked(const std::string& text) {
  try {
    decode_utf8(text);
  } catch (const Error& error) {
    fail("string {:?} in the header: {}", excerpt(text), error.what());
  }
  return text;
}

const json::Value& field(const json::Value& tensor, const char* key) {
  const json::Value* const value = tensor.find(key);
  require(value != nullptr, "key \"{}\" is missing", key);
  return *value;
}

std::pair<std::size_t, std::size_t> two_numbers(const json::Value& tensor, const char* key) {
  const auto* const list = field(tensor, key).as<json::Value::List>();
  const bool is_pair = list != nullptr && list->size() == 2;
  const auto* const first = is_pair ? list->front().as<std::uint64_t>() : nullptr;
  const auto* const second = is_pair ? list->back().as<std::uint64_t>() : nullptr;
  require(first != nullptr && second != nullptr, "{} must be a list of two whole numbers", key);
  return {*first, *second};
}

NumberType number_type(const json::Value& tensor) {
  const auto* const text = field(tensor, "dtype").as<std::string>();
  const std::string dtype = text != nullptr ? checked(*text) : "";
  const std::optional<NumberType> type = find_name<NumberType>(dtype);
  require(type.has_value(), "dtype {:?} must be F64 or F32", excerpt(dtype));
  return *type;
}

/// Parses an entry. Its data must lie within the `data_size` bytes after the header.
Entry read_entry(const std::string& name, const json::Value& tensor, std::size_t data_size) {
  require(tensor.is_object(), "must be an object");
  const NumberType type = number_type(tensor);
  const auto [rows, cols] = two_numbers(tensor, "shape");
  const auto [begin, end] = two_numbers(tensor, "data_offsets");
  require(tensor.object().size() == 3, "must have the keys dtype, shape and data_offsets alone");
  require(rows > 0 && cols > 0, "shape [{}, {}] must not have a 0", rows, cols);
  require(begin <= end && end <= data_size,
          "data_offsets [{}, {}] must lie inside the {} bytes after the header", begin, end,
          data_size);
  // Division, since the product of sizes from a header may overflow 64 bits.
  const std::size_t count = (end - begin) / width(type);
  require((end - begin) % width(type) == 0 && count % cols == 0 && count / cols == rows,
          "data_offsets [{}, {}] must span what the shape [{}, {}] takes in {}, not {} bytes",
          begin, end, rows, cols, core::name(type), end - begin);
  return {name, type, rows, cols, begin, end};
}

std::map<std::string, std::string> read_metadata(const json::Value& object) {
  require(object.is_object(), "must be an object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : object.object()) {
    const auto* const text = value.as<std::string>();
    require(text != nullptr, "key {:?} must be a string", excerpt(checked(key)));
    const bool is_new = metadata.emplace(checked(key), checked(*text)).second;
    require(is_new, "key {:?} is there twice", excerpt(key));
  }
  return metadata;
}

json::Value parse_json(std::string_view text) {
  require(text.starts_with('{') && text.find('\0') == text.npos,
          "the header must be JSON and start with a brace");
  try {
    return json::parse(text, json::Deep::left_out);
  } catch (const json::SyntaxError& error) {
    fail("the header is not valid JSON at its byte {}: {}", error.byte, error.reason);
  }
}

Header read_header(std::string_view text, std::size_t data_size) {
  const json::Value object = parse_json(text);
  Header header;
  std::set<std::string> seen;
  for (const auto& [key, value] : object.object()) {
    const std::string& name = checked(key);
    try {
      require(seen.insert(name).second, "is there twice");
      if (name == kMetadata) {
        header.metadata = read_metadata(value);
      } else {
        header.entries.push_back(read_entry(name, value, data_size));
      }
    } catch (const Error& error) {
      fail("{} {:?}: {}", name == kMetadata ? "key" : "tensor", excerpt(name), error.what());
    }
  }
  return header;
}

/// Sorts the tensors by offset. Throws Error unless they cover the data without gap or overlap.
void put_in_order(std::vector<Entry>& entries, std::size_t data_size) {
  require(!entries.empty(), "there is no tensor in it");
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.begin < b.begin; });
  std::size_t end = 0;
  for (const Entry& entry : entries) {
    require(entry.begin == end,
            "tensor {:?}: begins at byte {}, but must begin at {}, the end of the one before it",
            excerpt(entry.name), entry.begin, end);
    end = entry.end;
  }
  require(end == data_size, "the tensors end at byte {} of {}; the rest belongs to none", end,
          data_size);
}

Tensor read_tensor(const Entry& entry, std::string_view data) {
  Tensor tensor{.name = entry.name, .rows = entry.rows, .cols = entry.cols, .values = {}};
  tensor.values.reserve(entry.rows * entry.cols);
  for (std::size_t at = entry.begin; at < entry.end; at += width(entry.type)) {
    tensor.values.push_back(read_number(entry.type, data.substr(at)));
  }
  return tensor;
}

// Writing

std::string header_text(const Safetensors& file) {
  json::Writer writer;
  writer.begin_object();
  writer.key(kMetadata);
  writer.begin_object();
  for (const auto& [key, value] : file.metadata) writer.put(key, value);
  writer.end_object();
  std::size_t begin = 0;
  for (const Tensor& tensor : file.tensors) {
    const std::size_t end = begin + tensor.values.size() * width(file.type);
    writer.key(tensor.name);
    writer.begin_object();
    writer.put("dtype", file.type);
    writer.put("shape", std::vector{tensor.rows, tensor.cols});
    writer.put("data_offsets", std::vector{begin, end});
    writer.end_object();
    begin = end;
  }
  writer.end_object();
  std::string text = writer.text();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return text;
}

}  // namespace

Safetensors parse_safetensors(std::string_view bytes) {
  require(bytes.size() >= kLengthBytes, "{} bytes are too few to hold the length of a header",
          bytes.size());
  const std::uint64_t length = read_bits<std::uint64_t>(bytes);
  bytes.remove_prefix(kLengthBytes);
  require(length <= bytes.size(), "the header must have {} bytes, but the file ends after {}",
          length, bytes.size());
  require(length <= kMaxHeader, "the header has {} bytes; at most {} are allowed", length,
          kMaxHeader);
  const std::string_view data = bytes.substr(length);
  Header header = read_header(bytes.substr(0, length), data.size());
  put_in_order(header.entries, data.size());

  Safetensors file{
      .metadata = std::move(header.metadata), .type = header.entries[0].type, .tensors = {}};
  for (const Entry& entry : header.entries) {
    require(entry.type == file.type, "tensor {:?}: is {}, another is {}; all must be the same",
            excerpt(entry.name), name(entry.type), name(file.type));
    file.tensors.push_back(read_tensor(entry, data));
  }
  return file;
}

std::string to_bytes(const Safetensors& file) {
  const std::string header = header_text(file);
  std::string bytes;
  append_bits(bytes, std::uint64_t{header.size()});
  bytes += header;
  for (const Tensor& tensor : file.tensors) {
    for (const double value : tensor.values) append_number(bytes, file.type, value);
  }
  return bytes;
}

}  // namespace microgpt::model
