#include "microgpt/model/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <set>
#include <utility>

#include "core/rapidjson.hpp"
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
std::string text_of(const json::Value& string) {
  const std::string text(string.GetString(), string.GetStringLength());
  try {
    decode_utf8(text);
  } catch (const Error& error) {
    fail("string {:?} in the header: {}", excerpt(text), error.what());
  }
  return text;
}

const json::Value& field(const json::Value& tensor, const char* key) {
  const auto member = tensor.FindMember(key);
  require(member != tensor.MemberEnd(), "key \"{}\" is missing", key);
  return member->value;
}

std::pair<std::size_t, std::size_t> two_numbers(const json::Value& tensor, const char* key) {
  const json::Value& list = field(tensor, key);
  require(list.IsArray() && list.Size() == 2 && list[0].IsUint64() && list[1].IsUint64(),
          "{} must be a list of two whole numbers", key);
  return {list[0].GetUint64(), list[1].GetUint64()};
}

NumberType number_type(const json::Value& tensor) {
  const json::Value& value = field(tensor, "dtype");
  const std::string dtype = value.IsString() ? text_of(value) : "";
  const std::optional<NumberType> type = find_name<NumberType>(dtype);
  require(type.has_value(), "dtype {:?} must be F64 or F32", excerpt(dtype));
  return *type;
}

/// Parses an entry. Its data must lie within the `data_size` bytes after the header.
Entry read_entry(const std::string& name, const json::Value& tensor, std::size_t data_size) {
  require(tensor.IsObject(), "must be an object");
  const NumberType type = number_type(tensor);
  const auto [rows, cols] = two_numbers(tensor, "shape");
  const auto [begin, end] = two_numbers(tensor, "data_offsets");
  require(tensor.MemberCount() == 3, "must have the keys dtype, shape and data_offsets alone");
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
  require(object.IsObject(), "must be an object");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : object.GetObject()) {
    const std::string name = text_of(key);
    require(value.IsString(), "key {:?} must be a string", excerpt(name));
    const bool is_new = metadata.emplace(name, text_of(value)).second;
    require(is_new, "key {:?} is there twice", excerpt(name));
  }
  return metadata;
}

json::Document parse_json(std::string_view text) {
  require(text.starts_with('{') && text.find('\0') == text.npos,
          "the header must be JSON and start with a brace");
  json::Document document;
  constexpr unsigned kFlags = json::kParseIterativeFlag | json::kParseValidateEncodingFlag;
  document.Parse<kFlags>(text.data(), text.size());
  require(!document.HasParseError(), "the header is not valid JSON at its byte {}: {}",
          document.GetErrorOffset() + 1, json::GetParseError_En(document.GetParseError()));
  return document;
}

Header read_header(std::string_view text, std::size_t data_size) {
  const json::Document document = parse_json(text);
  Header header;
  std::set<std::string> seen;
  for (const auto& [key, value] : document.GetObject()) {
    const std::string name = text_of(key);
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

using JsonWriter = json::Writer<json::StringBuffer>;

void write_string(JsonWriter& writer, std::string_view text) {
  writer.String(text.data(), static_cast<json::SizeType>(text.size()));
}

void write_two_numbers(JsonWriter& writer, const char* key, std::size_t a, std::size_t b) {
  writer.Key(key);
  writer.StartArray();
  writer.Uint64(a);
  writer.Uint64(b);
  writer.EndArray();
}

void write_metadata(JsonWriter& writer, const std::map<std::string, std::string>& metadata) {
  write_string(writer, kMetadata);
  writer.StartObject();
  for (const auto& [key, value] : metadata) {
    write_string(writer, key);
    write_string(writer, value);
  }
  writer.EndObject();
}

std::string header_text(const Safetensors& file) {
  json::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartObject();
  write_metadata(writer, file.metadata);
  std::size_t begin = 0;
  for (const Tensor& tensor : file.tensors) {
    const std::size_t end = begin + tensor.values.size() * width(file.type);
    write_string(writer, tensor.name);
    writer.StartObject();
    writer.Key("dtype");
    write_string(writer, name(file.type));
    write_two_numbers(writer, "shape", tensor.rows, tensor.cols);
    write_two_numbers(writer, "data_offsets", begin, end);
    writer.EndObject();
    begin = end;
  }
  writer.EndObject();
  std::string text(buffer.GetString(), buffer.GetSize());
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
