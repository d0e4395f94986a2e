// The gradients of a whole GPT against the same GPT in scalar algebra and against finite
// differences.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "../support/gpts.hpp"
#include "../support/gradient_check.hpp"
#include "../support/scalar_gpt.hpp"

namespace microgpt::test {

namespace {

struct LossAndGradients {
  double loss;
  std::vector<double> gradients;
};

template <class Build>
LossAndGradients differentiate(Gpt<double>& gpt, const Build& build) {
  const Tape<double>::Scope scope(gpt.tape());
  const Val<double> loss = build();
  gpt.tape().backward(loss);
  return {loss.data(), all_gradients(gpt)};
}

void expect_fused_equals_scalar(const GptConfig& config, std::size_t length, std::uint64_t seed) {
  SCOPED_TRACE(fmt::format("emb {} heads {} layers {} ff {} ctx {}, {} tokens, seed {}",
                           config.n_emb, config.n_head, config.n_layer, config.n_ff_exp,
                           config.n_ctx, length, seed));
  SomeGpt<double> some(config, seed);
  Rng rng = rng_of(seed + 1'000'000);
  const std::vector<Token> document = random_tokens(rng, length, config.n_vocab);
  const LossAndGradients fused =
      differentiate(some.gpt, [&] { return loss_of<double>(some.gpt, document); });
  const LossAndGradients scalar =
      differentiate(some.gpt, [&] { return ScalarGpt<double>(some.gpt).loss(document); });

  EXPECT_TRUE(close(fused.loss, scalar.loss, 1e-12, 0));
  double largest = 0;
  for (const double gradient : scalar.gradients) largest = std::max(largest, std::abs(gradient));
  EXPECT_GT(largest, 0);
  std::size_t at = 0;
  for (const NamedBlock<double>& parameter : some.gpt.parameters()) {
    for (std::size_t i = 0; i < parameter.block.size(); ++i, ++at) {
      ASSERT_TRUE(close(fused.gradients[at], scalar.gradients[at], 1e-12, 1e-3 * largest))
          << parameter.name << " " << i;
    }
  }
}

TEST(GptGradient, loss_and_gradients_equal_those_of_the_scalar_algebra) {
  std::uint64_t seed = 0;
  for (const std::size_t n_emb : {8U, 12U, 16U, 20U, 24U, 32U}) {
    for (const std::size_t n_head : {1U, 2U, 4U}) {
      for (const std::size_t n_layer : {1U, 2U}) {
        for (const std::size_t n_ff_exp : {1U, 4U}) {
          for (const std::size_t n_ctx : {1U, 8U}) {
            const GptConfig config = {.n_vocab = 27,
                                      .n_emb = n_emb,
                                      .n_ctx = n_ctx,
                                      .n_layer = n_layer,
                                      .n_head = n_head,
                                      .n_ff_exp = n_ff_exp};
            // Shorter than the context, just as long, and longer.
            expect_fused_equals_scalar(config, 2 + seed % 10, seed);
            ++seed;
          }
        }
      }
    }
  }
}

TEST(GptGradient, loss_and_gradients_equal_those_of_the_scalar_algebra_for_long_names) {
  for (const std::size_t n_emb : {8U, 20U, 32U}) {
    for (const std::size_t n_head : {1U, 4U}) {
      const GptConfig config = {.n_vocab = 30,
                                .n_emb = n_emb,
                                .n_ctx = 24,
                                .n_layer = 2,
                                .n_head = n_head,
                                .n_ff_exp = n_head};
      expect_fused_equals_scalar(config, 20, n_emb);
      expect_fused_equals_scalar(config, 25, n_emb + 1);
      expect_fused_equals_scalar(config, 40, n_emb + 2);
    }
  }
}

/// A GPT of each activation, position, and with and without what is on or off.
std::vector<GptConfig> all_kinds() {
  std::vector<GptConfig> kinds;
  for (const auto& activation : enum_names(Activation{}).names) {
    for (const auto& position : enum_names(Position{}).names) {
      for (const bool on : {false, true}) {
        kinds.push_back({.n_vocab = 9,
                         .n_emb = 12,
                         .n_ctx = 7,
                         .n_layer = 2,
                         .n_head = on ? 3U : 2U,
                         .n_ff_exp = 2,
                         .activation = activation.value,
                         .position = position.value,
                         .qk_norm = on,
                         .tie = on,
                         .lookback = on ? 2U : 0U,
                         .ngram = on ? 4U : 1U,
                         .ngram_rows = 13});  // so few that n-grams share them
      }
    }
  }
  return kinds;
}

TEST(GptGradient, of_each_kind_equals_that_of_the_scalar_algebra) {
  std::uint64_t seed = 100;
  for (const GptConfig& config : all_kinds()) {
    SCOPED_TRACE(
        fmt::format("{} {} {}", name(config.activation), name(config.position), config.qk_norm));
    expect_fused_equals_scalar(config, 8, seed++);
  }
}

// A newborn GPT has small weights: activations near 0, where the norms are steepest.
TEST(GptGradient, loss_and_gradients_of_a_newborn_equal_those_of_the_scalar_algebra) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Tape<double> tape;
    Gpt<double> gpt(tape, {});
    Rng rng(seed, Stream::weights, 0);
    gpt.initialise(rng);
    const std::vector<Token> document = random_tokens(rng, 9, 27);
    const auto fused = differentiate(gpt, [&] { return loss_of<double>(gpt, document); });
    const auto scalar = differentiate(gpt, [&] { return ScalarGpt<double>(gpt).loss(document); });
    EXPECT_TRUE(close(fused.loss, scalar.loss, 1e-12, 0));
    for (std::size_t i = 0; i < fused.gradients.size(); ++i) {
      ASSERT_TRUE(close(fused.gradients[i], scalar.gradients[i], 1e-12, 1e-3)) << "weight " << i;
    }
  }
}

TEST(GptGradient, matches_finite_differences_for_a_sample_of_the_parameters) {
  constexpr double kStep = 1e-5;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    SomeGpt<double> some({.n_vocab = 11,
                          .n_emb = 8,
                          .n_ctx = 6,
                          .n_layer = 2,
                          .n_head = 2,
                          .ngram = 3,
                          .ngram_rows = 20},
                         seed);
    Rng rng = rng_of(seed + 100);
    const std::vector<Token> document = random_tokens(rng, 7, 11);
    const auto loss = [&] { return loss_of<double>(some.gpt, document); };
    const std::vector<double> gradients = differentiate(some.gpt, loss).gradients;
    const auto loss_at = [&](double& place, double weight) {
      const Tape<double>::Scope scope(some.tape);
      const double before = std::exchange(place, weight);
      const double value = loss().data();
      place = before;
      return value;
    };
    std::size_t first = 0;
    for (const NamedBlock<double>& parameter : some.gpt.parameters()) {
      for (int sample = 0; sample < 12; ++sample) {
        const std::size_t place = rng.below(parameter.block.size());
        SCOPED_TRACE(fmt::format("seed {}: {} {}", seed, parameter.name, place));
        double& at = parameter.block.data()[place];
        const double weight = at, gradient = gradients[first + place];
        const double difference =
            (loss_at(at, weight + kStep) - loss_at(at, weight - kStep)) / (2 * kStep);
        ASSERT_TRUE(std::isfinite(gradient));
        EXPECT_TRUE(close(gradient, difference, 1e-8));
      }
      first += parameter.block.size();
    }
  }
}

TEST(GptGradient, equals_the_naive_chain_rule_over_the_histories) {
  SomeGpt<double> some({.n_vocab = 7, .n_emb = 8, .n_ctx = 5, .n_layer = 2, .n_head = 2}, 1);
  Rng rng = rng_of(2);
  const std::vector<Token> document = random_tokens(rng, 6, 7);
  const Val<double> loss = loss_of<double>(some.gpt, document);
  const Block<double> weights(some.tape, some.gpt.parameters()[0].block.first(), 1,
                              some.gpt.weights().size());
  const std::vector<double> by_history = gradients_by_history(loss, weights);
  some.tape.backward(loss);
  for (std::size_t i = 0; i < by_history.size(); ++i) {
    EXPECT_TRUE(close(by_history[i], weights.grad()[i], 1e-13)) << "weight " << i;
  }
}

}  // namespace
}  // namespace microgpt::test
