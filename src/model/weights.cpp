#include "microgpt/model/weights.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <type_traits>
#include <utility>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::model {

namespace {

/// A matrix without its values.
struct Shape {
  std::string name;
  std::size_t rows, cols;
};

/// The shapes of all matrices of a GPT in a file, in the order of Gpt::parameters().
std::vector<Shape> shapes_of(const GptConfig& c) {
  const std::size_t C = c.n_emb, F = c.n_emb * c.n_ff_exp;
  std::vector<Shape> shapes = {{"wte", c.n_vocab, C}};
  for (std::size_t i = 1; i <= c.lookback; ++i) {
    shapes.push_back({fmt::format("wte-{}", i), c.n_vocab, C});
  }
  if (c.learns_positions()) shapes.push_back({"wpe", c.n_ctx, C});
  for (std::size_t i = 0; i < c.n_layer; ++i) {
    const std::string layer = fmt::format("layers.{}.", i);
    for (const char* name : {"wq", "wk", "wv", "wo"}) shapes.push_back({layer + name, C, C});
    shapes.push_back({layer + "fc1", F, C});
    if (c.has_gate()) shapes.push_back({layer + "gate", F, C});
    shapes.push_back({layer + "fc2", C, F});
  }
  if (!c.tie) shapes.push_back({"lm_head", c.n_vocab, C});
  if (c.has_ngrams()) shapes.push_back({"ngram", c.ngram_rows, C});
  return shapes;
}

/// Embeddings have the same layout in memory as in a file; weight matrices are transposed.
bool is_embedding(std::string_view name) {
  return name.starts_with("wte") || name == "wpe" || name == "ngram";
}

using ByName = std::map<std::string_view, const Tensor*>;

ByName by_name(const std::vector<Tensor>& tensors) {
  ByName index;
  for (const Tensor& tensor : tensors) index.emplace(tensor.name, &tensor);
  return index;
}

const Tensor& get(const ByName& tensors, std::string_view name) {
  const auto found = tensors.find(name);
  require(found != tensors.end(), "tensor \"{}\" is missing", name);
  return *found->second;
}

void require_shape(const Tensor& tensor, const Shape& shape, std::string_view who) {
  require(tensor.rows == shape.rows && tensor.cols == shape.cols,
          "tensor \"{}\": its shape is [{}, {}], but {} [{}, {}]", shape.name, tensor.rows,
          tensor.cols, who, shape.rows, shape.cols);
}

/// Throws Error unless every value is finite in the number type.
void require_finite(const Tensor& tensor, NumberType type) {
  const double largest = type == NumberType::f64
                             ? std::numeric_limits<double>::max()
                             : static_cast<double>(std::numeric_limits<float>::max());
  for (std::size_t i = 0; i < tensor.values.size(); ++i) {
    if (std::abs(tensor.values[i]) <= largest) continue;  // false for NaN
    fail("tensor \"{}\": its value at [{}, {}] ({}) is not finite in {}", tensor.name,
         i / tensor.cols, i % tensor.cols, tensor.values[i], name(type));
  }
}

// Reading

const std::string& metadata(const Safetensors& file, const std::string& key) {
  const auto found = file.metadata.find(key);
  require(found != file.metadata.end(), "\"{}\" is missing in the metadata", key);
  return found->second;
}

template <class Number>
Number metadata_number(const Safetensors& file, const std::string& key) {
  const std::string& text = metadata(file, key);
  Number number{};
  const char* const last = text.data() + text.size();
  const auto [end, problem] = std::from_chars(text.data(), last, number);
  require(problem == std::errc() && end == last, "{} ({:?}) in the metadata must be a {}", key,
          text.substr(0, 40), std::is_integral_v<Number> ? "whole number" : "number");
  return number;
}

/// An entry that is there only if it differs from the primordial.
template <class Enum>
Enum optional_name(const Safetensors& file, const std::string& key, Enum otherwise) {
  if (!file.metadata.contains(key)) return otherwise;
  const std::optional<Enum> known = find_name<Enum>(file.metadata.at(key));
  require(known.has_value(), "{} ({:?}) in the metadata is none that this program knows", key,
          file.metadata.at(key).substr(0, 40));
  return *known;
}

/// Where there is no table of positions, the context stands in the metadata.
std::size_t read_context(const Safetensors& file, const ByName& tensors) {
  if (!file.metadata.contains("n_ctx")) return get(tensors, "wpe").rows;
  const auto context = metadata_number<std::size_t>(file, "n_ctx");
  constexpr std::size_t kMost = 1 << 20;  // a table of rotations is built for it
  require(context <= kMost, "n_ctx ({}) in the metadata must be at most {}", context, kMost);
  return context;
}

/// The sizes, each taken from one tensor. The others are checked against them later.
GptConfig read_config(const Safetensors& file, const ByName& tensors) {
  const Tensor &wte = get(tensors, "wte"), &fc1 = get(tensors, "layers.0.fc1");
  GptConfig config = {.n_vocab = wte.rows,
                      .n_emb = wte.cols,
                      .n_ctx = read_context(file, tensors),
                      .n_layer = 1,
                      .n_head = metadata_number<std::size_t>(file, "n_head"),
                      .n_ff_exp = fc1.rows / wte.cols,
                      .activation = optional_name(file, "activation", Activation::relu),
                      .position = optional_name(file, "position", Position::learned),
                      .qk_norm = file.metadata.contains("qk_norm"),
                      .tie = file.metadata.contains("tie")};
  require(fc1.rows % wte.cols == 0,
          "tensor \"{}\": its shape is [{}, {}], but its rows must be a multiple of n_emb ({})",
          fc1.name, fc1.rows, fc1.cols, config.n_emb);
  while (tensors.contains(fmt::format("layers.{}.fc1", config.n_layer))) ++config.n_layer;
  while (tensors.contains(fmt::format("wte-{}", config.lookback + 1))) ++config.lookback;
  require(tensors.contains("ngram") == file.metadata.contains("ngram"),
          "tensor \"ngram\" and ngram in the metadata must both be there, or none of them");
  if (tensors.contains("ngram")) {
    config.ngram = metadata_number<std::size_t>(file, "ngram");
    config.ngram_rows = get(tensors, "ngram").rows;
    require(config.ngram >= 2 && config.ngram <= kLongestNgram,
            "ngram ({}) in the metadata must be from 2 to {}", config.ngram, kLongestNgram);
  }
  validate(config);
  const auto epsilon = metadata_number<double>(file, "rms_eps");
  require(epsilon == kRmsNormEpsilon, "rms_eps ({}) must be {}, as in the norms of this program",
          epsilon, kRmsNormEpsilon);
  if (!config.rotates()) return config;
  const auto base = metadata_number<double>(file, "rotary_base");
  require(base == kRotaryBase, "rotary_base ({}) must be {}, as in this program", base,
          kRotaryBase);
  return config;
}

/// The entries of the metadata that a GPT has need of; all others are notes.
constexpr std::array<std::string_view, 11> kKeys = {
    "vocab",       "tokens", "n_head",  "rms_eps", "activation", "position",
    "rotary_base", "n_ctx",  "qk_norm", "tie",     "ngram"};

std::map<std::string, std::string> notes_of(const Safetensors& file) {
  std::map<std::string, std::string> notes = {file.metadata.begin(), file.metadata.end()};
  for (const std::string_view key : kKeys) notes.erase(std::string(key));
  notes.erase("seed");
  return notes;
}

WeightFile read_gpt(const Safetensors& file) {
  ByName left = by_name(file.tensors);
  WeightFile weights{.config = read_config(file, left),
                     .vocabulary = {},
                     .seed = {},
                     .notes = notes_of(file),
                     .type = file.type,
                     .tensors = {}};
  weights.vocabulary = read_vocabulary(file.metadata);
  require(weights.vocabulary.size() == weights.config.n_vocab,
          "tensor \"wte\": it has {} rows, but the vocabulary has {}, and each of them and the "
          "delimiter must have one",
          weights.config.n_vocab, summary_of(weights.vocabulary));
  if (file.metadata.contains("seed")) {
    weights.seed = metadata_number<std::uint64_t>(file, "seed");
  }
  for (const Shape& shape : shapes_of(weights.config)) {
    const Tensor& tensor = get(left, shape.name);
    require_shape(tensor, shape, "beside the others it must be");
    require_finite(tensor, file.type);
    weights.tensors.push_back(tensor);
    left.erase(shape.name);
  }
  if (!left.empty()) {
    fail("tensor {:?}: not part of a GPT with n_layer {}", left.begin()->first.substr(0, 60),
         weights.config.n_layer);
  }
  return weights;
}

// Assigning to a GPT

/// Throws Error unless the tensors are those of a GPT with these sizes.
void require_sizes(const WeightFile& file, const GptConfig& config) {
  ByName left = by_name(file.tensors);
  for (const Shape& shape : shapes_of(config)) {
    const auto found = left.find(shape.name);
    require(found != left.end(), "tensor \"{}\": there is none, but the model needs [{}, {}]",
            shape.name, shape.rows, shape.cols);
    require_shape(*found->second, shape, "the model needs");
    left.erase(found);
  }
  if (!left.empty()) {
    const Tensor& tensor = *left.begin()->second;
    fail("tensor \"{}\": its shape is [{}, {}], but the model has none of that name", tensor.name,
         tensor.rows, tensor.cols);
  }
  require(file.config.n_head == config.n_head, "n_head is {}, but the model has {}",
          file.config.n_head, config.n_head);
  require(file.config.activation == config.activation, "activation is {}, but the model has {}",
          name(file.config.activation), name(config.activation));
  require(file.config.position == config.position, "position is {}, but the model has {}",
          name(file.config.position), name(config.position));
  require(file.config.qk_norm == config.qk_norm, "qk_norm is {}, but the model's is {}",
          file.config.qk_norm, config.qk_norm);
  require(file.config.ngram == config.ngram, "ngram is {}, but the model's is {}",
          file.config.ngram, config.ngram);
}

template <class Real>
constexpr NumberType kTypeOf = sizeof(Real) == 8 ? NumberType::f64 : NumberType::f32;

/// Calls visit(value of the file, weight in memory) for each weight of a parameter, in the order of
/// the file.
template <class Real, class Value, class Visit>
void pair_up(const NamedBlock<Real>& parameter, std::span<Value> values, const Visit& visit) {
  const std::size_t in = parameter.block.rows(), out = parameter.block.cols();
  const std::span<Real> weights = parameter.block.data();
  for (std::size_t i = 0; i < values.size(); ++i) {
    visit(values[i], weights[is_embedding(parameter.name) ? i : i % in * out + i / in]);
  }
}

}  // namespace

WeightFile parse_weights(const std::string& path, std::string_view bytes) {
  try {
    return read_gpt(parse_safetensors(bytes));
  } catch (const Error& error) {
    fail("{}: not the weights of a GPT: {}", path, error.what());
  }
}

WeightFile load_weights(const std::filesystem::path& path) {
  constexpr std::size_t kLargest = std::size_t{1} << 30;  // twice the size of the largest GPT
  return parse_weights(path.string(), read_file(path, kLargest));
}

std::string to_bytes(const WeightFile& weights) {
  for (const Tensor& tensor : weights.tensors) require_finite(tensor, weights.type);
  Safetensors file{.metadata = weights.notes, .type = weights.type, .tensors = weights.tensors};
  put_vocabulary(file.metadata, weights.vocabulary);
  file.metadata["n_head"] = fmt::format("{}", weights.config.n_head);
  file.metadata["rms_eps"] = fmt::format("{}", kRmsNormEpsilon);
  const GptConfig& config = weights.config;
  if (config.activation != Activation::relu) file.metadata["activation"] = name(config.activation);
  if (config.rotates()) {
    file.metadata["position"] = name(config.position);
    file.metadata["rotary_base"] = fmt::format("{}", kRotaryBase);
  }
  if (!config.learns_positions()) file.metadata["n_ctx"] = fmt::format("{}", config.n_ctx);
  if (config.qk_norm) file.metadata["qk_norm"] = "on";
  if (config.tie) file.metadata["tie"] = "on";
  if (config.has_ngrams()) file.metadata["ngram"] = fmt::format("{}", config.ngram);
  if (weights.seed) file.metadata["seed"] = fmt::format("{}", *weights.seed);
  return to_bytes(file);
}

template <class Real>
WeightFile weights_of(const Gpt<Real>& gpt) {
  WeightFile file{.config = gpt.config(),
                  .vocabulary = {},
                  .seed = {},
                  .notes = {},
                  .type = kTypeOf<Real>,
                  .tensors = {}};
  const std::vector<Shape> shapes = shapes_of(gpt.config());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const NamedBlock<Real>& parameter = gpt.parameters()[i];
    std::vector<double> values(parameter.block.size());
    pair_up(parameter, std::span(values), [](double& value, Real weight) { value = weight; });
    file.tensors.push_back({shapes[i].name, shapes[i].rows, shapes[i].cols, std::move(values)});
  }
  return file;
}

template <class Real>
void set_weights(Gpt<Real>& gpt, const WeightFile& file) {
  require_sizes(file, gpt.config());
  for (const Tensor& tensor : file.tensors) require_finite(tensor, kTypeOf<Real>);
  const ByName tensors = by_name(file.tensors);
  for (const NamedBlock<Real>& parameter : gpt.parameters()) {
    pair_up(parameter, std::span(get(tensors, parameter.name).values),
            [](double value, Real& weight) { weight = static_cast<Real>(value); });
  }
}

template WeightFile weights_of(const Gpt<double>&);
template WeightFile weights_of(const Gpt<float>&);
template void set_weights(Gpt<double>&, const WeightFile&);
template void set_weights(Gpt<float>&, const WeightFile&);

}  // namespace microgpt::model
