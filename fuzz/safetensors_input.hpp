#pragma once

#include <string>
#include <string_view>

namespace microgpt::fuzz {

/// Safetensors bytes from a header in JSON, a NUL, and the numbers: the length in front, which a
/// change in the header would make wrong, is computed. So most of what a fuzzer tries gets past it.
inline std::string framed(std::string_view input) {
  const std::string_view header = input.substr(0, input.find('\0'));
  std::string bytes;
  for (std::size_t i = 0; i < 8; ++i) {
    bytes.push_back(static_cast<char>((header.size() >> (8 * i)) & 0xFF));
  }
  bytes += header;
  if (header.size() < input.size()) bytes += input.substr(header.size() + 1);
  return bytes;
}

/// Calls `read` with the input as a file; and with what it frames, if it begins like a header.
template <class Read>
void read_both_ways(std::string_view input, const Read& read) {
  read(input);
  if (input.starts_with('{')) read(framed(input));
}

}  // namespace microgpt::fuzz
