#include "microgpt/model/weights.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "../support/errors.hpp"
#include "../support/gpts.hpp"
#include "../support/temporary_folder.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::test {

using namespace model;
namespace {

const GptConfig kSmall = {
    .n_vocab = 3, .n_emb = 4, .n_ctx = 2, .n_layer = 2, .n_head = 2, .n_ff_exp = 3};

template <class Real>
WeightFile file_of(const Gpt<Real>& gpt) {
  WeightFile file = weights_of(gpt);
  std::u32string characters;
  for (char32_t c = U'à'; characters.size() + 1 < gpt.config().n_vocab; ++c) characters += c;
  file.vocabulary = Vocabulary(characters);
  file.seed = 18446744073709551615U;
  return file;
}

WeightFile small_file(std::uint64_t seed = 1) { return file_of(SomeGpt<double>(kSmall, seed).gpt); }

std::vector<GptConfig> some_configs() {
  return {
      {},
      kSmall,
      {.n_vocab = 5, .n_emb = 9, .n_ctx = 20, .n_layer = 11, .n_head = 3, .n_ff_exp = 2},
      {.n_vocab = 1, .n_emb = 1, .n_ctx = 1, .n_layer = 1, .n_head = 1, .n_ff_exp = 1},
      {.activation = Activation::swiglu, .position = Position::rotary, .tie = true, .lookback = 2},
      {.activation = Activation::gelu, .position = Position::both, .qk_norm = true},
      {.n_emb = 4, .ngram = 3, .ngram_rows = 10}};
}

template <class Real>
class WeightsOf : public ::testing::Test {};
using Precisions = ::testing::Types<double, float>;
TYPED_TEST_SUITE(WeightsOf, Precisions);

TYPED_TEST(WeightsOf, a_gpt_survives_its_file_to_the_last_bit) {
  for (const GptConfig& config : some_configs()) {
    SomeGpt<TypeParam> saved(config, 1), loaded(config, 2);
    const std::string bytes = to_bytes(file_of(saved.gpt));
    const WeightFile file = parse_weights("w", bytes);
    set_weights(loaded.gpt, file);
    EXPECT_TRUE(same_bits(all_weights(loaded.gpt), all_weights(saved.gpt)));
    EXPECT_EQ(to_bytes(file), bytes);
    EXPECT_EQ(to_bytes(file_of(loaded.gpt)), bytes);
    EXPECT_EQ(file.vocabulary, file_of(saved.gpt).vocabulary);
    EXPECT_EQ(file.seed, 18446744073709551615U);
    EXPECT_EQ(file.type, sizeof(TypeParam) == 8 ? NumberType::f64 : NumberType::f32);
    EXPECT_EQ(file.config.n_layer, config.n_layer);
    EXPECT_EQ(file.config.n_head, config.n_head);
    EXPECT_EQ(file.config.n_ctx, config.n_ctx);
    EXPECT_EQ(file.config.activation, config.activation);
    EXPECT_EQ(file.config.position, config.position);
    EXPECT_EQ(file.config.qk_norm, config.qk_norm);
    EXPECT_EQ(file.config.tie, config.tie);
    EXPECT_EQ(file.config.lookback, config.lookback);
    EXPECT_EQ(file.config.ngram, config.ngram);
    EXPECT_EQ(file.config.ngram_rows, config.has_ngrams() ? config.ngram_rows : 1024);
  }
}

TEST(Weights, rows_of_matrices_are_outputs_and_rows_of_embeddings_are_what_is_embedded) {
  Tape<float> tape;
  Gpt<float> gpt(tape, {.n_vocab = 3, .n_emb = 2, .n_ctx = 1, .n_head = 1, .n_ff_exp = 2});
  float number = 0;
  for (const NamedBlock<float>& parameter : gpt.parameters()) {
    for (float& weight : parameter.block.data()) weight = number++;
  }
  const WeightFile file = file_of(gpt);
  const std::vector<Tensor> expected = {{"wte", 3, 2, {0, 1, 2, 3, 4, 5}},
                                        {"wpe", 1, 2, {6, 7}},
                                        {"layers.0.wq", 2, 2, {8, 10, 9, 11}},
                                        {"layers.0.wk", 2, 2, {12, 14, 13, 15}},
                                        {"layers.0.wv", 2, 2, {16, 18, 17, 19}},
                                        {"layers.0.wo", 2, 2, {20, 22, 21, 23}},
                                        {"layers.0.fc1", 4, 2, {24, 28, 25, 29, 26, 30, 27, 31}},
                                        {"layers.0.fc2", 2, 4, {32, 34, 36, 38, 33, 35, 37, 39}},
                                        {"lm_head", 3, 2, {40, 43, 41, 44, 42, 45}}};
  EXPECT_EQ(file.tensors, expected);

  const std::string bytes = to_bytes(file);
  EXPECT_TRUE(contains(
      bytes, R"({"__metadata__":{"n_head":"1","rms_eps":"1e-05","seed":"18446744073709551615",)"
             R"("vocab":"àá"},"wte":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]},)"));
  using namespace std::string_view_literals;
  EXPECT_TRUE(
      bytes.ends_with("\0\0\x24\x42\0\0\x30\x42\0\0\x28\x42\0\0\x34\x42"sv));  // 41 44 42 45
}

TEST(Weights, the_other_precision_is_converted) {
  const SomeGpt<double> original(kSmall, 1);
  SomeGpt<float> f32(kSmall, 2);
  set_weights(f32.gpt, parse_weights("w", to_bytes(file_of(original.gpt))));
  std::vector<Tensor> rounded = file_of(original.gpt).tensors;
  for (Tensor& tensor : rounded) {
    for (double& value : tensor.values) value = static_cast<double>(static_cast<float>(value));
  }
  EXPECT_NE(rounded, file_of(original.gpt).tensors);
  EXPECT_EQ(file_of(f32.gpt).tensors, rounded);

  SomeGpt<double> f64(kSmall, 3);
  set_weights(f64.gpt, parse_weights("w", to_bytes(file_of(f32.gpt))));
  EXPECT_EQ(file_of(f64.gpt).tensors, rounded);
}

TEST(Weights, every_prefix_is_refused_with_the_name_of_the_file) {
  const std::string bytes = to_bytes(small_file());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::string message =
        error_of([&] { parse_weights("a/w", std::string_view(bytes).substr(0, i)); });
    EXPECT_TRUE(message.starts_with("a/w: ")) << message;
  }
}

TEST(Weights, a_file_with_changed_bytes_is_refused_or_holds_a_gpt) {
  const std::string bytes = to_bytes(small_file());
  std::size_t held = 0;
  for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng = rng_of(seed);
    std::string changed = bytes;
    changed[rng.below(changed.size())] = static_cast<char>(rng.below(256));
    try {
      const WeightFile file = parse_weights("w", changed);
      SomeGpt<double> some(file.config, 1);
      set_weights(some.gpt, file);
      EXPECT_EQ(file.vocabulary.size(), file.config.n_vocab);
      for (const double weight : some.gpt.weights()) ASSERT_TRUE(std::isfinite(weight));
      ++held;
    } catch (const Error& error) {
      EXPECT_TRUE(std::string(error.what()).starts_with("w: ")) << error.what();
    }
  }
  EXPECT_GT(held, 2'000U);
  EXPECT_LT(held, 18'000U);
}

/// The message with which a changed file is refused.
template <class Change>
std::string refusal(const Change& change) {
  Safetensors file = parse_safetensors(to_bytes(small_file()));
  change(file);
  return error_of([&] { parse_weights("w", to_bytes(file)); });
}

Tensor& tensor(Safetensors& file, std::string_view name) {
  return *std::find_if(file.tensors.begin(), file.tensors.end(),
                       [&](const Tensor& tensor) { return tensor.name == name; });
}

TEST(Weights, a_file_that_lacks_a_tensor_or_has_another_is_refused) {
  for (std::size_t i = 0; i < 15; ++i) {
    std::string name;
    const std::string message = refusal([&](Safetensors& file) {
      ASSERT_EQ(file.tensors.size(), 15U);
      name = file.tensors[i].name;
      file.tensors.erase(file.tensors.begin() + static_cast<std::ptrdiff_t>(i));
    });
    // Without its fc1 a layer is one that does not exist, and what it has is foreign.
    EXPECT_TRUE(name == "layers.1.fc1" ? contains(message, "not part of a GPT with n_layer 1")
                                       : contains(message, "\"" + name + "\" is missing"));
  }
  for (const char* name : {"extra", "layers.2.wq", "layers.01.wq", "wte\n\x1b[31m"}) {
    const std::string message = refusal([&](Safetensors& file) {
      file.tensors.push_back({name, 1, 1, {0}});
    });
    EXPECT_TRUE(contains(message, "not part of a GPT with n_layer 2"));
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(Weights, a_table_of_ngrams_has_its_entry_in_the_metadata_and_the_other_way_round) {
  const auto message = [](const char* ngram, std::vector<Tensor> tables) {
    return refusal([&](Safetensors& file) {
      if (*ngram != 0) file.metadata["ngram"] = ngram;
      for (Tensor& table : tables) file.tensors.push_back(std::move(table));
    });
  };
  const std::vector<Tensor> table = {{"ngram", 2, 4, std::vector<double>(8)}};
  EXPECT_TRUE(contains(message("", table), "must both be there"));
  EXPECT_TRUE(contains(message("3", {}), "must both be there"));
  EXPECT_TRUE(contains(message("1", table), "ngram (1) in the metadata must be from 2 to 8"));
  EXPECT_TRUE(contains(message("9", table), "ngram (9) in the metadata must be from 2 to 8"));
  EXPECT_TRUE(contains(message("x", table), "must be a whole number"));
  EXPECT_TRUE(contains(message("3", {{"ngram", 2, 3, std::vector<double>(6)}}),
                       "\"ngram\": its shape is [2, 3], but beside the others it must be [2, 4]"));
}

TEST(Weights, shapes_that_do_not_fit_one_another_are_refused) {
  const auto reshaped = [](const char* name, std::size_t rows, std::size_t cols) {
    return refusal([&](Safetensors& file) {
      tensor(file, name) = {name, rows, cols, std::vector<double>(rows * cols)};
    });
  };
  EXPECT_TRUE(contains(reshaped("wte", 4, 4),
                       "\"wte\": it has 4 rows, but the vocabulary has 2 characters"));
  EXPECT_TRUE(contains(reshaped("wte", 3, 6),
                       "\"wpe\": its shape is [2, 4], but beside the others it must be [2, 6]"));
  EXPECT_TRUE(contains(reshaped("wpe", 2, 5), "\"wpe\": its shape is [2, 5]"));
  EXPECT_TRUE(contains(reshaped("lm_head", 4, 3), "\"lm_head\": its shape is [4, 3]"));
  EXPECT_TRUE(contains(reshaped("layers.1.wv", 4, 8), "\"layers.1.wv\": its shape is [4, 8]"));
  EXPECT_TRUE(contains(reshaped("layers.0.fc1", 13, 4), "multiple of n_emb (4)"));
  EXPECT_TRUE(contains(reshaped("layers.0.fc1", 1, 4), "multiple of n_emb (4)"));
  EXPECT_TRUE(contains(reshaped("layers.0.fc1", 8, 4),
                       "\"layers.0.fc2\": its shape is [4, 12], but beside the others it must be "
                       "[4, 8]"));
  EXPECT_TRUE(contains(reshaped("layers.1.fc2", 12, 4), "\"layers.1.fc2\": its shape is [12, 4]"));
}

TEST(Weights, metadata_that_is_missing_or_wrong_is_refused) {
  const auto with = [](const char* key, const std::string& value) {
    return refusal([&](Safetensors& file) { file.metadata[key] = value; });
  };
  for (const char* key : {"vocab", "n_head", "rms_eps"}) {
    EXPECT_TRUE(contains(refusal([&](Safetensors& file) { file.metadata.erase(key); }),
                         "\"" + std::string(key) + "\" is missing"));
  }
  EXPECT_TRUE(contains(with("vocab", "abc"), "the vocabulary has 3 characters"));
  EXPECT_TRUE(contains(with("vocab", ""), "the vocabulary has 0 characters"));
  EXPECT_TRUE(contains(with("n_head", "3"), "n_emb (4) must be a multiple of n_head (3)"));
  EXPECT_TRUE(contains(with("n_head", "0"), "positive"));
  for (const char* number : {"-1", "2.0", "", " 2", "2 ", "two", "99999999999999999999"}) {
    EXPECT_TRUE(contains(with("n_head", number), "in the metadata must be a whole number"));
    EXPECT_TRUE(contains(with("seed", number), "in the metadata must be a whole number"));
  }
  EXPECT_TRUE(contains(with("rms_eps", "1e-06"), "rms_eps (1e-06) must be 1e-05"));
  EXPECT_TRUE(contains(with("rms_eps", "nan"), "must be 1e-05"));
  EXPECT_TRUE(contains(with("rms_eps", "small"), "must be a number"));
}

TEST(Weights, of_bytes_and_byte_pairs_survive_their_file) {
  for (const Vocabulary& vocabulary :
       {Vocabulary(TokenKind::bytes, "\nA\xFF", {}), Vocabulary(TokenKind::bpe, "\nA\xFF", {}),
        Vocabulary(TokenKind::bpe, "\nA\xFF", {{1, 1}, {3, 2}, {4, 4}})}) {
    WeightFile file = weights_of(SomeGpt<double>({.n_vocab = vocabulary.size()}, 1).gpt);
    file.vocabulary = vocabulary;
    const WeightFile read = parse_weights("w", to_bytes(file));
    EXPECT_EQ(read.vocabulary, vocabulary);
    EXPECT_TRUE(read.notes.empty());
    EXPECT_EQ(to_bytes(read), to_bytes(file));
  }
}

TEST(Weights, of_bytes_or_byte_pairs_that_cannot_be_are_refused) {
  const auto with = [](const std::string& tokens) {
    return refusal([&](Safetensors& file) {  // which has two tokens and the delimiter
      file.metadata.erase("vocab");
      file.metadata["tokens"] = tokens;
    });
  };
  EXPECT_TRUE(contains(with(R"({"kind":"bpe","bytes":[97,98],"merges":[0,0]})"),
                       "the vocabulary has 3 tokens (2 bytes and 1 merges)"));
  for (const auto& [tokens, rule] :
       {std::pair{"", "tokens in the metadata: "},
        {"[]", "must be an object"},
        {R"({"kind":"words","bytes":[97],"merges":[]})", "words"},
        {R"({"kind":"characters","bytes":[97],"merges":[]})", "must be bytes or bpe"},
        {R"({"kind":"bytes","merges":[]})", "\"bytes\" is missing"},
        {R"({"kind":"bytes","bytes":[97,256],"merges":[]})", "\"bytes\" must be below 256"},
        {R"({"kind":"bytes","bytes":[97,-1],"merges":[]})", "must be a list of whole numbers"},
        {R"({"kind":"bytes","bytes":[98,97],"merges":[]})", "sorted and distinct"},
        {R"({"kind":"bytes","bytes":[97],"merges":[0,0]})", "of bpe only"},
        {R"({"kind":"bpe","bytes":[97],"merges":[0]})", "must be pairs"},
        {R"({"kind":"bpe","bytes":[97],"merges":[0,1]})", "merge 1 joins tokens 0 and 1"},
        {R"({"kind":"bpe","bytes":[97],"merges":[0,4294967296]})", "4294967295"}}) {
    EXPECT_TRUE(contains(with(tokens), rule)) << tokens << ": " << with(tokens);
  }
}

TEST(Weights, metadata_of_others_and_other_spellings_of_a_number_do_not_matter) {
  Safetensors file = parse_safetensors(to_bytes(small_file()));
  file.metadata["format"] = "pt";
  file.metadata["rms_eps"] = "0.00001";
  file.metadata.erase("seed");
  const WeightFile read = parse_weights("w", to_bytes(file));
  EXPECT_EQ(read.tensors, small_file().tensors);
  EXPECT_FALSE(read.seed.has_value());
}

TEST(Weights, tensors_may_come_in_any_order) {
  Safetensors file = parse_safetensors(to_bytes(small_file()));
  std::reverse(file.tensors.begin(), file.tensors.end());
  EXPECT_EQ(parse_weights("w", to_bytes(file)).tensors, small_file().tensors);
}

TEST(Weights, a_value_that_is_not_finite_is_neither_read_nor_written) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double value : {kInfinity, -kInfinity, std::nan("")}) {
    EXPECT_TRUE(contains(
        refusal([&](Safetensors& file) { tensor(file, "layers.1.fc1").values[4 * 7 + 2] = value; }),
        "w: not the weights of a GPT: tensor \"layers.1.fc1\": its value at [7, 2] ("));
    WeightFile file = small_file();
    file.tensors[0].values[0] = value;
    EXPECT_TRUE(contains(error_of([&] { to_bytes(file); }), "not finite in F64"));
  }
}

TEST(Weights, a_gpt_of_other_sizes_refuses_them_and_stays_as_it_was) {
  const auto message = [](const GptConfig& config) {
    SomeGpt<double> some(config, 3);
    const std::vector<double> before = copy(some.gpt.weights());
    const std::string text = error_of([&] { set_weights(some.gpt, small_file()); });
    EXPECT_TRUE(same_bits(copy(some.gpt.weights()), before));
    return text;
  };
  GptConfig config = kSmall;
  config.n_emb = 6;
  EXPECT_EQ(message(config), "tensor \"wte\": its shape is [3, 4], but the model needs [3, 6]");
  config = kSmall;
  config.n_ctx = 7;
  EXPECT_EQ(message(config), "tensor \"wpe\": its shape is [2, 4], but the model needs [7, 4]");
  config = kSmall;
  config.n_ff_exp = 1;
  EXPECT_EQ(message(config),
            "tensor \"layers.0.fc1\": its shape is [12, 4], but the model needs [4, 4]");
  config = kSmall;
  config.n_layer = 3;
  EXPECT_EQ(message(config), "tensor \"layers.2.wq\": there is none, but the model needs [4, 4]");
  config.n_layer = 1;
  EXPECT_EQ(message(config),
            "tensor \"layers.1.fc1\": its shape is [12, 4], but the model has none of that name");
  config = kSmall;
  config.n_head = 4;
  EXPECT_EQ(message(config), "n_head is 2, but the model has 4");
}

TEST(Weights, a_gpt_with_other_ngrams_refuses_them) {
  GptConfig config = kSmall;
  config.ngram = 3, config.ngram_rows = 10;
  const WeightFile file = file_of(SomeGpt<double>(config, 1).gpt);
  const auto message = [&] {
    SomeGpt<double> some(config, 2);
    const std::vector<double> before = all_weights(some.gpt);
    const std::string text = error_of([&] { set_weights(some.gpt, file); });
    EXPECT_TRUE(same_bits(all_weights(some.gpt), before));
    return text;
  };
  config.ngram = 4;
  EXPECT_EQ(message(), "ngram is 3, but the model's is 4");
  config.ngram_rows = 11;
  EXPECT_EQ(message(), "tensor \"ngram\": its shape is [10, 4], but the model needs [11, 4]");
}

TEST(Weights, a_value_too_large_for_single_precision_is_refused) {
  SomeGpt<float> some(kSmall, 3);
  const std::vector<float> before = copy(some.gpt.weights());
  WeightFile file = small_file();
  file.tensors.back().values.back() = -1e39;
  EXPECT_TRUE(contains(error_of([&] { set_weights(some.gpt, file); }),
                       "\"lm_head\": its value at [2, 3] (-1e+39) is not finite in F32"));
  EXPECT_TRUE(same_bits(copy(some.gpt.weights()), before));
}

TEST(Weights, a_file_is_read_from_disk) {
  const TemporaryFolder folder;
  const std::string bytes = to_bytes(small_file());
  EXPECT_EQ(to_bytes(load_weights(folder.file("w", bytes))), bytes);
  EXPECT_TRUE(
      contains(error_of([&] { load_weights(folder / "missing"); }), "missing: no such file"));
}

}  // namespace
}  // namespace microgpt::test
