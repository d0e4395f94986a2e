// A run of 20 steps whose every bit is pinned: the primordial model, twelve names, seed 42.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../support/corpus.hpp"
#include "../support/gpts.hpp"
#include "../support/plain_adam.hpp"
#include "../support/scalar_gpt.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/model/sampler.hpp"
#include "microgpt/training/trainer.hpp"

namespace microgpt::test {

using namespace training;
namespace {

constexpr std::size_t kSteps = 20;

// After an intended change of the numbers, the failing test prints the new lists:
//   training_test --gtest_filter='Golden.*'
const std::vector<double> kLosses = {
    0x1.a0a5ad857b7p+1,   0x1.cb0c54830a764p+1, 0x1.a5f08a2a4171ep+1, 0x1.9190d004e1d3dp+1,
    0x1.8aca5eacc5d0ap+1, 0x1.7c481b01e6095p+1, 0x1.72741e123d139p+1, 0x1.73ba0e86f6b06p+1,
    0x1.6dc054fc764d8p+1, 0x1.642a69d56cb64p+1, 0x1.4df66ec96f1f4p+1, 0x1.4d23b44eb61bfp+1,
    0x1.17d8cb5aa5fabp+1, 0x1.4e3c7a11583a3p+1, 0x1.59244f4b03db9p+1, 0x1.3ae4ba4b84e47p+1,
    0x1.480d1c66d445p+1,  0x1.31aae8a1547edp+1, 0x1.438c601a4203p+1,  0x1.3fa2ea1d895bbp+1};
const std::vector<float> kFloatLosses = {
    0x1.a0a5aep+1f, 0x1.cb0c56p+1f, 0x1.a5f08cp+1f, 0x1.9190cep+1f, 0x1.8aca6p+1f,
    0x1.7c481ap+1f, 0x1.72741ep+1f, 0x1.73ba0ep+1f, 0x1.6dc054p+1f, 0x1.642a6ap+1f,
    0x1.4df66ep+1f, 0x1.4d23b6p+1f, 0x1.17d8cap+1f, 0x1.4e3c7ep+1f, 0x1.59245p+1f,
    0x1.3ae4bap+1f, 0x1.480d2p+1f,  0x1.31aaeap+1f, 0x1.438c62p+1f, 0x1.3fa2ecp+1f};

template <class Real>
Gpt<Real> newborn(Tape<Real>& tape) {
  Gpt<Real> gpt(tape, {});
  Rng rng(42, Stream::weights, 0);
  gpt.initialise(rng);
  return gpt;
}

template <class Real>
std::vector<Real> losses(Simd simd) {
  Tape<Real> tape(simd);
  Gpt<Real> gpt = newborn(tape);
  const Documents documents = repeated(some_names(), 2);
  Trainer<Real> trainer(gpt, documents, {.steps = kSteps, .learning_rate = 0.01});
  std::vector<Real> losses;
  while (!trainer.finished()) losses.push_back(static_cast<Real>(trainer.step()));
  return losses;
}

template <class Real>
std::string as_code(const std::vector<Real>& numbers) {
  std::string code;
  for (const Real number : numbers) {
    code += fmt::format("{:a}{}, ", number, sizeof(Real) == 4 ? "f" : "");
  }
  return code;
}

TEST(Golden, losses_of_20_steps_are_these_on_every_instruction_set) {
  for (const Simd simd : supported_simd()) {
    const std::vector<double> found = losses<double>(simd);
    EXPECT_TRUE(same_bits(found, kLosses)) << name(simd) << ":\n" << as_code(found);
  }
}

TEST(Golden, losses_of_20_steps_in_single_precision_are_these_on_every_instruction_set) {
  for (const Simd simd : supported_simd()) {
    const std::vector<float> found = losses<float>(simd);
    EXPECT_TRUE(same_bits(found, kFloatLosses)) << name(simd) << ":\n" << as_code(found);
  }
}

// The same run implemented independently: scalar operations, a plain Adam, no kernel.
TEST(Golden, losses_of_20_steps_are_those_of_the_scalar_algebra) {
  ASSERT_EQ(kLosses.size(), kSteps);
  Tape<double> tape;
  Gpt<double> gpt = newborn(tape);
  const Documents documents = some_names();
  PlainAdam adam(gpt.weights().size(), {});
  std::vector<double> weights = copy(gpt.weights());
  for (std::size_t step = 0; step < kSteps; ++step) {
    const Tape<double>::Scope scope(tape);
    std::copy(weights.begin(), weights.end(), gpt.weights().begin());
    const Val<double> loss = ScalarGpt<double>(gpt).loss(documents[step % documents.size()]);
    tape.backward(loss);
    EXPECT_TRUE(close(loss.data(), kLosses[step], 1e-10, 0)) << "step " << step;
    const double left = 1 - static_cast<double>(step) / kSteps;
    adam.step(weights, copy(gpt.gradients()), 0.01 * left);
  }
}

// All bits of all weights after 200 steps of a model with odd sizes. Holds for every instruction
// set and, since the test is part of every build, for every compiler and optimisation: see
// scripts/same_bits.sh.
template <class Real>
std::string hash_of_weights(Simd simd, const GptConfig& config, const Documents& documents,
                            const TrainConfig& training) {
  Tape<Real> tape(simd);
  Gpt<Real> gpt(tape, config);
  Rng rng(42, Stream::weights, 0);
  gpt.initialise(rng);
  Trainer<Real>(gpt, documents, training).run();
  const auto hash = [](std::span<const Real> weights) {
    return sha256({reinterpret_cast<const char*>(weights.data()), weights.size_bytes()});
  };
  const std::string all = hash(gpt.weights());
  return gpt.ngram_table() ? sha256(all + hash(gpt.ngram_table()->data())) : all;
}

void expect_hashes(const GptConfig& config, const Documents& documents, const TrainConfig& training,
                   const char* f64, const char* f32) {
  for (const Simd simd : supported_simd()) {
    EXPECT_EQ(hash_of_weights<double>(simd, config, documents, training), f64) << name(simd);
    EXPECT_EQ(hash_of_weights<float>(simd, config, documents, training), f32) << name(simd);
  }
}

constexpr GptConfig kOdd = {.n_emb = 12, .n_ctx = 9, .n_layer = 2, .n_head = 3, .n_ff_exp = 3};

TEST(Golden, weights_after_200_steps_have_this_hash_on_every_instruction_set) {
  expect_hashes(kOdd, repeated(some_names(), 17),
                {.steps = 200, .learning_rate = 0.01},  // one epoch
                "67cbdd75f0ed7c7b2d10374b43eff7d5e2752607beef1cd6a2ed707c64be8a52",
                "3cac1f2a3f927befa5b5a79e3173004bf97d1db541b0734a2d36e88a1aaa0bed");
}

// In parts of several documents, over many epochs.
TEST(Golden, weights_after_200_batches_of_8_have_this_hash_on_every_instruction_set) {
  expect_hashes(kOdd, some_names(), {.steps = 200, .batch = 8, .learning_rate = 0.01},
                "a58965bf1d2e781923ed81674d226461a67a020a74cd353f9ec96ff59c70147a",
                "8c2639bcf484a56d9aeaf5b5cc9afa55821f27805102f3ab4b6921566f22f995");
}

TEST(Golden, weights_with_ngrams_after_200_batches_have_this_hash_on_every_instruction_set) {
  GptConfig config = kOdd;
  config.n_emb = 15, config.ngram = 4, config.ngram_rows = 101;
  expect_hashes(config, some_names(),
                {.steps = 200,
                 .batch = 3,
                 .learning_rate = 0.01,
                 .ngram_dropout = 0.5,
                 .adam = {.weight_decay = 0.1}},
                "3c9a2342bc5c2d173cb7c939c92559a3166d108e8fd18b1734ae47ea8b6647e8",
                "3cdfc1113e252fa1f14c92300867ba1a59d3633da75a9f32a005e6525c02530a");
}

TEST(Golden, names_spoken_after_200_steps_are_these) {
  Tape<double> tape;
  Gpt<double> gpt = newborn(tape);
  const Documents documents = repeated(some_names(), 17);
  Trainer<double>(gpt, documents, {.steps = 200, .learning_rate = 0.01}).run();
  std::vector<std::string> names;
  for (std::uint64_t i = 0; i < 5; ++i) {
    Rng rng(42, Stream::names, i);
    names.push_back(
        letters().decode(sample(gpt, letters().delimiter(), {.temperature = 0.8}, rng)));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"jelan", "imaro", "lia", "enela", "jelancan"}));
}

}  // namespace
}  // namespace microgpt::test
