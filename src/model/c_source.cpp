#include "microgpt/model/c_source.hpp"

#include "c_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace microgpt::model {

namespace {

/// A text as a string literal: everything but letters, digits and spaces as octal numbers.
std::string literal(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ';
    quoted += is_plain ? std::string(1, c) : fmt::format("\\{:03o}", byte);
  }
  return quoted + "\"";
}

/// The name of a tensor as an identifier: "layers.0.wq" as mg_layers_0_wq.
std::string identifier(std::string name) {
  std::ranges::replace(name, '.', '_');
  std::ranges::replace(name, '-', '_');
  return "mg_" + name + (name == "wpe" || name == "ngram" ? "_rows" : "");
}

class Source {
 public:
  explicit Source(const WeightFile& file) : file_(file) {}

  std::string text() {
    text_ = kBeginning;
    const GptConfig& c = file_.config;
    add("enum {{ MG_VOCAB = {}, MG_DELIMITER = {}, MG_EMB = {}, MG_HEADS = {}, MG_LAYERS = {},\n"
        "       MG_CONTEXT = {}, MG_HIDDEN = {}, MG_QK_NORM = {}, MG_ROTARY = {}, MG_GELU = {},\n"
        "       MG_SQUARED = {}, MG_NGRAM = {}, MG_NGRAM_ROWS = {} }};\n",
        c.n_vocab, c.n_vocab - 1, c.n_emb, c.n_head, c.n_layer, c.n_ctx, c.n_emb * c.n_ff_exp,
        int{c.qk_norm}, int{c.rotates()}, int{c.activation == Activation::gelu},
        int{c.activation == Activation::relu2}, c.ngram, c.ngram_rows);
    add("#define MG_EPSILON 1e-5\n#define MG_ROTARY_BASE {:.1f}\n", kRotaryBase);
    add("typedef {} mg_real;\n\n", file_.type == NumberType::f64 ? "double" : "float");
    add_tokens();
    for (const Tensor& tensor : file_.tensors) add_tensor(tensor);
    add_tables();
    return text_ + kEnd;
  }

 private:
  template <class... Arguments>
  void add(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Arguments>(arguments)...);
  }

  void add_tokens() {
    text_ += "static const char *const mg_texts[MG_VOCAB] = {";
    const Vocabulary& vocabulary = file_.vocabulary;
    for (Token i = 0; i < vocabulary.delimiter(); ++i) {
      add("{}{},", i % 12 == 0 ? "\n  " : " ", literal(vocabulary.text(i)));
    }
    text_ += " \"\"};\nstatic const unsigned short mg_lengths[MG_VOCAB] = {";
    for (Token i = 0; i < vocabulary.delimiter(); ++i) {
      add("{}{},", i % 24 == 0 ? "\n  " : " ", vocabulary.text(i).size());
    }
    text_ +=
        " 0};\n/* Pairs of tokens that become one, in this order; the first makes MG_SINGLE. */\n";
    add("enum {{ MG_SINGLE = {} }};\n", vocabulary.size() - 1 - vocabulary.merges().size());
    add("static const unsigned short mg_merges[MG_DELIMITER - MG_SINGLE + 1][2] = {{");
    for (std::size_t i = 0; i < vocabulary.merges().size(); ++i) {
      const auto& [left, right] = vocabulary.merges()[i];
      add("{}{{{}, {}}},", i % 8 == 0 ? "\n  " : " ", left, right);
    }
    text_ += " {0, 0}};\n\n";
  }

  /// Rows are outputs, as in the file.
  void add_tensor(const Tensor& tensor) {
    add("static const mg_real {}[] = {{ /* {} x {} */", identifier(tensor.name), tensor.rows,
        tensor.cols);
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      const char* const space = i % 8 == 0 ? "\n  " : " ";
      if (file_.type == NumberType::f64) {
        add("{}{:.17g},", space, tensor.values[i]);
      } else {
        add("{}{:.9g},", space, tensor.values[i]);
      }
    }
    text_ += "};\n";
  }

  bool has(std::string_view name) const {
    return std::ranges::find(file_.tensors, name, &Tensor::name) != file_.tensors.end();
  }

  std::string pointer(const std::string& name) const { return has(name) ? identifier(name) : "0"; }

  void add_tables() {
    add("\nstatic const mg_real *const mg_wpe = {};\n", pointer("wpe"));
    add("static const mg_real *const mg_ngram = {};\n", pointer("ngram"));
    add("static const mg_real *const mg_head = {};\n",
        has("lm_head") ? identifier("lm_head") : identifier("wte"));
    text_ += "/* of the token before, of the one before that, ... */\n";
    text_ += "static const mg_real *const mg_before[] = {";
    for (std::size_t d = 1; d <= file_.config.lookback; ++d) {
      add("{}, ", identifier(fmt::format("wte-{}", d)));
    }
    text_ +=
        "0};\n\ntypedef struct {\n  const mg_real *wq, *wk, *wv, *wo, *fc1, *gate, *fc2;\n"
        "} mg_layer;\nstatic const mg_layer mg_layers[MG_LAYERS] = {\n";
    for (std::size_t i = 0; i < file_.config.n_layer; ++i) {
      text_ += "  {";
      for (const char* name : {"wq", "wk", "wv", "wo", "fc1", "gate", "fc2"}) {
        add("{}, ", pointer(fmt::format("layers.{}.{}", i, name)));
      }
      text_ += "},\n";
    }
    text_ += "};\n";
  }

  const WeightFile& file_;
  std::string text_;
};

}  // namespace

std::string c_source(const WeightFile& file) { return Source(file).text(); }

}  // namespace microgpt::model
