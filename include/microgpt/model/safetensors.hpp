#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/core/enum_names.hpp"

namespace microgpt::model {

/// The type of the numbers in a file.
enum class NumberType { f64, f32 };

constexpr auto enum_names(NumberType) {
  return enum_table<NumberType>("dtype", {{NumberType::f64, "F64"}, {NumberType::f32, "F32"}});
}

/// A named matrix in row-major order.
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
  std::vector<Tensor> tensors;  ///< in the order of their data
};

/// Parses the content of a file. Throws Error naming place and rule unless there is at least one
/// tensor, all are matrices of the same supported number type, and they cover the bytes after the
/// header without gap or overlap. Memory use is proportional to the input, whatever the header
/// says.
Safetensors parse_safetensors(std::string_view bytes);

/// The content of a file. `type` must be able to represent the values.
std::string to_bytes(const Safetensors& file);

}  // namespace microgpt::model
