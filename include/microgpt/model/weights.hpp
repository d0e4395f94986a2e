#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/model/gpt.hpp"
#include "microgpt/model/safetensors.hpp"
#include "microgpt/model/vocabulary.hpp"

namespace microgpt::model {

/// The content of a weight file; docs/weights.md describes the format.
struct WeightFile {
  GptConfig config;
  Vocabulary vocabulary;
  std::optional<std::uint64_t> seed;  ///< of the run; determines the held-out documents
  /// What else is known of them: entries of the metadata that the model does not need.
  std::map<std::string, std::string> notes = {};
  NumberType type = NumberType::f64;
  /// In the order of Gpt::parameters(). Unlike there, the rows of a weight matrix are its outputs.
  std::vector<Tensor> tensors;
};

/// Reads a file and checks that it holds a GPT: exactly its tensors, with consistent shapes and
/// finite values. Throws Error naming file, place and rule.
WeightFile load_weights(const std::filesystem::path& path);

/// As load_weights(), from the content of a file; `path` is for messages.
WeightFile parse_weights(const std::string& path, std::string_view bytes);

/// The content of a file that parse_weights() reads back bit for bit. Throws Error if a value is
/// not finite.
std::string to_bytes(const WeightFile& file);

/// The weights of a GPT, in its precision, without vocabulary and seed.
template <class Real>
WeightFile weights_of(const Gpt<Real>& gpt);

/// Replaces the weights of a GPT. If sizes differ or Real cannot represent a value, throws Error
/// (naming the tensor and both shapes) and leaves the GPT unchanged.
template <class Real>
void set_weights(Gpt<Real>& gpt, const WeightFile& file);

}  // namespace microgpt::model
