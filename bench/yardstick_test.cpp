// The hand-written gradients of the yardstick are a third reference for the engine's, besides
// finite differences and the scalar algebra.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "microgpt/model/gpt.hpp"
#include "yardstick_train.hpp"

namespace microgpt::bench {

using namespace model;
namespace {

GptConfig config_of(yardstick::Size size) {
  switch (size) {
    case yardstick::Size::small:
      return {};
    case yardstick::Size::large:
      return {.n_emb = 32, .n_ctx = 24, .n_layer = 4};
    case yardstick::Size::smallest:
      return {.n_emb = 8, .n_ctx = 8, .n_layer = 1, .n_head = 1, .n_ff_exp = 1};
    case yardstick::Size::largest:
      return {.n_emb = 32, .n_ctx = 24, .n_layer = 4, .n_head = 1};
  }
  return {};
}

TEST(Yardstick, has_the_loss_and_the_gradients_of_the_engine) {
  for (const auto size : {yardstick::Size::small, yardstick::Size::large, yardstick::Size::smallest,
                          yardstick::Size::largest}) {
    for (const std::size_t length : {2U, 8U, 9U, 14U, 30U}) {
      SCOPED_TRACE(static_cast<int>(size));
      SCOPED_TRACE(length);
      Tape<double> tape;
      Gpt<double> gpt(tape, config_of(size));
      Rng rng(length, Stream::weights, 0);
      gpt.initialise(rng);
      std::vector<Token> document(length, 26);
      for (std::size_t i = 1; i + 1 < length; ++i) document[i] = static_cast<Token>(rng.below(26));

      const std::unique_ptr<yardstick::Rival<double>> rival(yardstick::make_rival<double>(size));
      auto weight = rival->weights().begin();
      for (const auto& parameter : gpt.parameters()) {
        for (const double w : parameter.block.data()) *weight++ = w;
      }
      ASSERT_EQ(weight, rival->weights().end());

      const std::size_t predictions = std::min(gpt.config().n_ctx, length - 1);
      TokenBatch batch;
      batch.add(std::span(document).first(predictions));
      const Val<double> loss = mean(cross_entropy(
          gpt.forward(batch), std::span<const Token>(document).subspan(1, predictions)));
      tape.backward(loss);
      EXPECT_NEAR(rival->learn(document), loss.data(), 1e-12);
      auto gradient = rival->gradients().begin();
      for (const auto& parameter : gpt.parameters()) {
        for (const double g : parameter.block.grad()) {
          EXPECT_NEAR(*gradient++, g, 1e-12) << parameter.name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace microgpt::bench
