#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/model/gpt.hpp"
#include "microgpt/model/safetensors.hpp"

namespace microgpt::model {

/// The weights of a GPT outside of it; as a file, see docs/weights.md.
struct WeightFile {
  GptConfig config;
  std::u32string vocabulary;  ///< the characters by token; the delimiter is the token after them
  std::optional<std::uint64_t> seed;  ///< of the run: it says which documents are held out
  NumberType type = NumberType::f64;
  /// In the order of Gpt::parameters(). Unlike there, the rows of a weight matrix are its outputs.
  std::vector<Tensor> tensors;
};

/// Reads a file and checks that it holds a GPT: its tensors and no others, in shapes that fit one
/// another, every value finite. Throws Error naming file, place and rule.
WeightFile load_weights(const std::filesystem::path& path);

/// As load_weights, from the bytes of a file; `path` is for the messages.
WeightFile parse_weights(const std::string& path, std::string_view bytes);

/// The bytes of a file from which parse_weights reads the same to the last bit. Throws Error if a
/// value is not finite.
std::string to_bytes(const WeightFile& file);

/// The weights of a GPT, in its precision, without vocabulary and seed.
template <class Real>
WeightFile weights_of(const Gpt<Real>& gpt);

/// Replaces the weights of a GPT. Throws Error unless all sizes are equal, naming a tensor and both
/// its shapes, or if Real cannot hold a value; the GPT is then as it was.
template <class Real>
void set_weights(Gpt<Real>& gpt, const WeightFile& file);

}  // namespace microgpt::model
