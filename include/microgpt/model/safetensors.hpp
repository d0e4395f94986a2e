#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/core/enum_names.hpp"

namespace microgpt::model {

/// The numbers in a file: 64 or 32 bits.
enum class NumberType { f64, f32 };

constexpr auto enum_names(NumberType) {
  return enum_table<NumberType>("dtype", {{NumberType::f64, "F64"}, {NumberType::f32, "F32"}});
}

/// A matrix by name, row after row.
struct Tensor {
  std::string name;
  std::size_t rows = 0, cols = 0;
  std::vector<double> values;  ///< rows * cols; a double holds both number types exactly

  bool operator==(const Tensor&) const = default;
};

/// Matrices of one number type in the safetensors format: 8 bytes with the length of a header, the
/// header in JSON, the numbers; all little-endian. (https://github.com/huggingface/safetensors)
struct Safetensors {
  std::map<std::string, std::string> metadata;
  NumberType type = NumberType::f64;
  std::vector<Tensor> tensors;  ///< in the order of their numbers
};

/// Reads the bytes of a file. Throws Error naming place and rule unless the tensors are at least
/// one, all matrices of one of our number types, and cover the bytes after the header without gap
/// or overlap. Takes memory in proportion to the bytes, whatever the header claims.
Safetensors parse_safetensors(std::string_view bytes);

/// The bytes of a file. The numbers must be such that `type` can hold them.
std::string to_bytes(const Safetensors& file);

}  // namespace microgpt::model
