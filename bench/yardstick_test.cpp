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
  std::uint64_t seed = 0;
  for (const auto size : {yardstick::Size::small, yardstick::Size::large, yardstick::Size::smallest,
                          yardstick::Size::largest}) {
    for (const std::size_t count : {1U, 1U, 1U, 16U, 5U}) {
      SCOPED_TRACE(static_cast<int>(size));
      Tape<double> tape;
      Gpt<double> gpt(tape, config_of(size));
      Rng rng(++seed, Stream::weights, 0);
      gpt.initialise(rng);
      std::vector<std::vector<Token>> documents(count);
      std::vector<std::span<const Token>> views;
      TokenBatch batch;
      std::vector<Token> targets;
      for (std::vector<Token>& document : documents) {
        document.assign(2 + rng.below(29), 26);
        for (std::size_t i = 1; i + 1 < document.size(); ++i) {
          document[i] = static_cast<Token>(rng.below(26));
        }
        views.push_back(document);
        const std::size_t predictions = std::min(gpt.config().n_ctx, document.size() - 1);
        batch.add(views.back().first(predictions));
        const auto of_document = views.back().subspan(1, predictions);
        targets.insert(targets.end(), of_document.begin(), of_document.end());
      }
      const std::unique_ptr<yardstick::Rival<double>> rival(
          yardstick::make_rival<double>(size, count == 1 ? 1 : 16));
      auto weight = rival->weights().begin();
      for (const auto& parameter : gpt.parameters()) {
        for (const double w : parameter.block.data()) *weight++ = w;
      }
      ASSERT_EQ(weight, rival->weights().end());

      const Val<double> loss = mean(cross_entropy<double>(gpt.forward(batch), targets));
      tape.backward(loss);
      EXPECT_NEAR(rival->learn(views), loss.data(), 1e-12);
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
