#include "microgpt/training/trainer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <set>
#include <vector>

#include "../support/corpus.hpp"
#include "../support/errors.hpp"
#include "../support/gpts.hpp"
#include "microgpt/training/baselines.hpp"
#include "microgpt/training/scoring.hpp"

namespace microgpt::test {

using namespace training;
namespace {

TEST(Trainer, a_step_is_the_loss_of_the_next_document_and_a_step_of_adam) {
  const Documents documents = repeated(some_names(), 3);
  const TrainConfig config = {.steps = 30, .learning_rate = 0.01, .adam = {.beta1 = 0.9}};
  SomeGpt<double> trained({.n_ctx = 8}, 1), by_hand({.n_ctx = 8}, 1);
  Trainer<double> trainer(trained.gpt, documents, config);
  Gpt<double>& gpt = by_hand.gpt;
  Adam<double> adam(gpt.weights().size(), by_hand.tape.kernels(), config.adam);
  for (std::size_t step = 0; step < 30; ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    double loss = 0;
    {
      const Tape<double>::Scope scope(by_hand.tape);
      const Val<double> mean_loss = loss_of<double>(gpt, documents[step]);
      by_hand.tape.backward(mean_loss);
      loss = mean_loss.data();
    }
    const double left = 1 - static_cast<double>(step) / 30;  // the rate decays to 0
    adam.step(gpt.weights(), gpt.gradients(), 0.01 * left);
    EXPECT_EQ(trainer.step(), loss);
    ASSERT_TRUE(same_bits(copy(trained.gpt.weights()), copy(gpt.weights())));
  }
}

// Of the table of n-grams a step changes the rows that it reads, each by Adam as if it were alone.
TEST(Trainer, a_step_of_adam_leaves_the_ngrams_that_were_not_read_alone) {
  const GptConfig config = {.n_emb = 8, .n_ctx = 8, .n_head = 2, .ngram = 3, .ngram_rows = 200};
  const Documents documents = some_names();
  const TrainConfig training = {.steps = 40, .batch = 2, .adam = {.weight_decay = 0.1}};
  SomeGpt<double> trained(config, 1), by_hand(config, 1);
  Trainer<double> trainer(trained.gpt, documents, training);
  Gpt<double>& gpt = by_hand.gpt;
  const Block<double>& table = *gpt.ngram_table();
  std::map<std::size_t, std::pair<std::vector<double>, std::vector<double>>> moments;  // by row
  Adam<double> adam(gpt.weights().size(), by_hand.tape.kernels(), training.adam);
  std::size_t untouched = 0;
  for (std::size_t step = 0; step < training.steps; ++step) {
    SCOPED_TRACE(fmt::format("step {}", step));
    trainer.step();
    const double rate = 0.005 * (1 - static_cast<double>(step) / 40);
    {
      const Tape<double>::Scope scope(by_hand.tape);
      TokenBatch batch;
      std::vector<Token> targets;
      for (const Window& window : trainer.last_windows()) {
        const std::vector<Token> document = documents[window.document];
        batch.add(std::span(document).first(window.length));
        const auto next = std::span(document).subspan(1, window.length);
        targets.insert(targets.end(), next.begin(), next.end());
      }
      by_hand.tape.backward(mean(cross_entropy<double>(gpt.forward(batch), targets)));
    }
    const double correction1 = 1 - std::pow(0.85, static_cast<double>(step + 1));
    const double correction2 = 1 - std::pow(0.99, static_cast<double>(step + 1));
    untouched += 200 - gpt.ngrams_read().size();
    for (const std::uint32_t row : gpt.ngrams_read()) {
      auto& [m, v] = moments[row];
      m.resize(8, 0), v.resize(8, 0);
      for (std::size_t c = 0; c < 8; ++c) {
        const double gradient = table.grad()[row * 8 + c];
        m[c] = 0.85 * m[c] + 0.15 * gradient;
        v[c] = 0.99 * v[c] + 0.01 * gradient * gradient;
        double& weight = table.data()[row * 8 + c];
        weight = weight * (1 - rate * 0.1) -
                 rate * (m[c] / correction1) / (std::sqrt(v[c] / correction2) + 1e-8);
      }
    }
    adam.step(gpt.weights(), gpt.gradients(), rate);
    gpt.reset_gradients();
    const std::vector<double> found = all_weights(trained.gpt), expected = all_weights(gpt);
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_TRUE(close(found[i], expected[i], 1e-9, 1e-3)) << "weight " << i;
    }
  }
  EXPECT_GT(untouched, 40 * 100U);
}

/// The gradients that a step leaves to Adam: of a training that cannot move, since its rate is 0.
std::vector<double> gradients_of(Gpt<double>& gpt, const Documents& documents) {
  gpt.reset_gradients();
  const Tape<double>::Scope scope(gpt.tape());
  TokenBatch batch;
  std::vector<Token> targets;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::vector<Token> document = documents[i];
    const std::size_t n = std::min(gpt.config().n_ctx, document.size() - 1);
    batch.add(std::span(document).first(n));
    for (const Token target : std::span(document).subspan(1, n)) targets.push_back(target);
  }
  gpt.tape().backward(mean(cross_entropy<double>(gpt.forward(batch), targets)));
  return copy(gpt.gradients());
}

TEST(Trainer, gradients_of_a_batch_are_the_mean_of_single_ones_weighted_by_their_tokens) {
  const Documents documents = some_names();
  for (const std::size_t n_ctx : {4U, 16U}) {
    SomeGpt<double> some({.n_ctx = n_ctx, .n_layer = 2}, 1);
    const std::vector<double> together = gradients_of(some.gpt, documents);
    std::vector<double> sum(together.size(), 0);
    double tokens = 0;
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const std::vector<Token> document = documents[i];
      const std::vector<double> alone =
          gradients_of(some.gpt, chosen(documents, {documents.places()[i]}));
      const auto n = static_cast<double>(std::min(n_ctx, document.size() - 1));
      for (std::size_t w = 0; w < sum.size(); ++w) sum[w] += n * alone[w];
      tokens += n;
    }
    for (std::size_t w = 0; w < sum.size(); ++w) {
      EXPECT_NEAR(together[w], sum[w] / tokens, 1e-12);
    }
  }
}

// Large batches are learnt in parts. What these leave must not depend on where they end.
TEST(Trainer, a_step_of_a_batch_is_one_of_the_mean_loss_over_its_documents) {
  const Documents documents = some_names();
  for (const std::size_t batch : {2U, 5U, 12U, 40U}) {  // 40: several parts, and several epochs
    SCOPED_TRACE(fmt::format("batch {}", batch));
    SomeGpt<double> trained({.n_ctx = 8}, 1), by_hand({.n_ctx = 8}, 1);
    Trainer<double> trainer(trained.gpt, documents, {.steps = 1, .batch = batch});
    WindowOrder order(documents, 8, 1, 0);
    std::vector<Extent> places;
    for (std::size_t i = 0; i < batch; ++i) {
      places.push_back(documents.places()[order.next().document]);
    }
    const std::vector<double> gradients = gradients_of(by_hand.gpt, chosen(documents, places));
    Adam<double> adam(gradients.size(), by_hand.tape.kernels());
    adam.step(by_hand.gpt.weights(), gradients, 0.005);
    trainer.step();
    EXPECT_TRUE(same_bits(copy(trained.gpt.weights()), copy(by_hand.gpt.weights())));
    EXPECT_EQ(trainer.last_windows().size(), batch);
  }
}

/// So many documents of such lengths.
Documents documents_with(std::size_t count, std::size_t shortest, std::size_t longest) {
  Documents documents;
  Rng rng = rng_of(1);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t length = shortest + rng.below(longest - shortest + 1);
    documents.add(std::string(length, static_cast<char>('a' + i % 26)), letters());
  }
  return documents;
}

std::vector<Window> windows_of(const Documents& documents, std::size_t n_ctx, std::size_t count,
                               std::uint64_t seed = 1, std::uint32_t replicate = 0) {
  WindowOrder order(documents, n_ctx, seed, replicate);
  std::vector<Window> windows;
  while (windows.size() < count) windows.push_back(order.next());
  return windows;
}

TEST(WindowOrder, of_short_documents_is_theirs_and_then_new_in_each_epoch) {
  const Documents documents = documents_with(50, 1, 31);
  const auto epochs = [&](std::uint64_t seed, std::uint32_t replicate) {
    std::vector<std::vector<std::uint32_t>> result(4);
    const std::vector<Window> all = windows_of(documents, 8, 200, seed, replicate);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::size_t predictions = documents[all[i].document].size() - 1;
      EXPECT_EQ(all[i].begin, 0U);
      EXPECT_EQ(all[i].length, std::min<std::size_t>(8, predictions));
      result[i / 50].push_back(all[i].document);
    }
    return result;
  };
  const auto first = epochs(1, 0);
  std::vector<std::uint32_t> in_order(50);
  std::iota(in_order.begin(), in_order.end(), 0U);
  EXPECT_EQ(first[0], in_order);
  for (std::size_t i = 1; i < first.size(); ++i) {
    EXPECT_NE(first[i], first[i - 1]);
    EXPECT_TRUE(std::ranges::is_permutation(first[i], in_order));
  }
  EXPECT_EQ(epochs(1, 0), first);
  EXPECT_NE(epochs(2, 0)[1], first[1]);
  EXPECT_NE(epochs(1, 1)[1], first[1]);
}

TEST(WindowOrder, predicts_each_token_of_long_documents_once_an_epoch) {
  for (const std::size_t n_ctx : {1U, 7U, 32U, 100U}) {
    SCOPED_TRACE(n_ctx);
    const Documents documents = documents_with(30, 20, 400);
    WindowOrder order(documents, n_ctx, 1, 0);
    std::set<std::uint32_t> firsts;  // lengths of first windows
    for (int epoch = 0; epoch < 3; ++epoch) {
      std::map<std::pair<std::uint32_t, std::uint32_t>, int> times;
      std::size_t expected = 0, predicted = 0;
      for (std::size_t i = 0; i < documents.size(); ++i) {
        const std::size_t predictions = documents[i].size() - 1;
        expected += is_long(predictions, n_ctx) ? predictions : std::min(predictions, n_ctx);
      }
      while (predicted < expected) {
        const Window w = order.next();
        ASSERT_LE(w.length, n_ctx);
        ASSERT_GT(w.length, 0U);
        ASSERT_LT(w.begin + w.length, documents[w.document].size());
        if (w.begin == 0) firsts.insert(w.length);
        predicted += w.length;
        for (std::uint32_t t = 0; t < w.length; ++t) {
          EXPECT_EQ(++times[std::pair(w.document, w.begin + t)], 1);
        }
      }
      EXPECT_EQ(predicted, expected);
    }
    EXPECT_GE(firsts.size(), std::min<std::size_t>(n_ctx, 10)) << "a context may begin anywhere";
  }
  const Documents documents = documents_with(10, 100, 200);
  EXPECT_EQ(windows_of(documents, 8, 50), windows_of(documents, 8, 50));
  EXPECT_NE(windows_of(documents, 8, 50), windows_of(documents, 8, 50, 2));
  EXPECT_NE(windows_of(documents, 8, 50), windows_of(documents, 8, 50, 1, 1));
}

TEST(Trainer, counts_its_steps_and_finishes) {
  const Documents documents = some_names();
  SomeGpt<double> some({}, 1);
  Trainer<double> trainer(some.gpt, documents, {.steps = 5});
  EXPECT_FALSE(trainer.finished());
  trainer.step();
  trainer.step();
  EXPECT_EQ(trainer.steps_done(), 2U);
  trainer.run();
  EXPECT_EQ(trainer.steps_done(), 5U);
  EXPECT_TRUE(trainer.finished());
  trainer.run();
  EXPECT_EQ(trainer.steps_done(), 5U);
}

TEST(Trainer, run_gives_the_weights_of_single_steps) {
  const Documents documents = some_names();
  SomeGpt<double> at_once({}, 1), by_step({}, 1);
  Trainer<double>(at_once.gpt, documents, {.steps = 20}).run();
  Trainer<double> trainer(by_step.gpt, documents, {.steps = 20});
  while (!trainer.finished()) trainer.step();
  EXPECT_TRUE(same_bits(copy(at_once.gpt.weights()), copy(by_step.gpt.weights())));
}

TEST(Trainer, a_step_leaves_the_tape_as_it_was_and_the_gradients_at_zero) {
  const Documents documents = some_names();
  SomeGpt<double> some({}, 1);
  const std::size_t values = some.tape.value_count();
  Trainer<double> trainer(some.gpt, documents, {.steps = 5});
  trainer.step();
  EXPECT_EQ(some.tape.value_count(), values);
  EXPECT_EQ(some.tape.record_count(), 0U);
  EXPECT_EQ(some.tape.integer_count(), 0U);
  const std::vector<double> gradients = copy(some.gpt.gradients());
  EXPECT_EQ(gradients, std::vector<double>(gradients.size(), 0));
}

TEST(Trainer, weights_between_the_parameters_stay_zero) {
  const Documents documents = some_names();
  SomeGpt<double> some({.n_emb = 9, .n_head = 3, .n_ff_exp = 1}, 1);
  const std::vector<double> before = copy(some.gpt.weights());
  Trainer<double>(some.gpt, documents, {.steps = 20}).run();
  std::size_t padding = before.size();
  for (const auto& parameter : some.gpt.parameters()) padding -= parameter.block.size();
  std::size_t zeros = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == 0 && some.gpt.weights()[i] == 0) ++zeros;
  }
  EXPECT_GT(padding, 0U);
  EXPECT_EQ(zeros, padding);
}

template <class Real>
class Learning : public ::testing::Test {};
using Precisions = ::testing::Types<double, float>;
TYPED_TEST_SUITE(Learning, Precisions);

TYPED_TEST(Learning, lowers_the_loss_far_below_that_of_knowing_nothing) {
  const Documents documents = some_names();
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Tape<TypeParam> tape;
    Gpt<TypeParam> gpt(tape, {});
    Rng rng(seed, Stream::weights, 0);
    gpt.initialise(rng);
    const double newborn = held_out_loss(gpt, documents);
    EXPECT_NEAR(newborn, uniform_loss(letters()), 0.2);
    Trainer<TypeParam>(gpt, documents, {.steps = 300, .learning_rate = 0.02}).run();
    EXPECT_LT(held_out_loss(gpt, documents), 0.5 * newborn);
  }
}

TEST(Learning, gets_one_name_by_heart) {
  const Documents documents = documents_of({"abracadabra"});
  SomeGpt<double> some({}, 1);
  Trainer<double> trainer(some.gpt, documents, {.steps = 200, .learning_rate = 0.01});
  trainer.run();
  EXPECT_LT(held_out_loss(some.gpt, documents), 0.05);
}

TEST(Divergence, throws_with_the_step_and_the_loss) {
  const Documents documents = some_names();
  SomeGpt<double> some({}, 1);
  Trainer<double> trainer(some.gpt, documents, {.steps = 50, .learning_rate = 1e300});
  const std::string message = error_of([&] { trainer.run(); });
  EXPECT_TRUE(contains(message, "diverged"));
  EXPECT_TRUE(contains(message, fmt::format("step {}", trainer.steps_done() + 1)));
  EXPECT_TRUE(contains(message, "nan"));
  EXPECT_LT(trainer.steps_done(), 50U);
  EXPECT_EQ(some.tape.record_count(), 0U);
}

// Single precision overflows sooner.
TEST(Divergence, throws_in_single_precision) {
  const Documents documents = some_names();
  SomeGpt<float> some({}, 1);
  Trainer<float> trainer(some.gpt, documents, {.steps = 50, .learning_rate = 1e30});
  EXPECT_TRUE(contains(error_of([&] { trainer.run(); }), "diverged"));
}

// The norms keep a GPT with absurd weights finite: bad, but it can still be scored.
TEST(Divergence, a_learning_rate_of_a_million_gives_a_large_but_finite_loss) {
  const Documents documents = some_names();
  SomeGpt<double> some({}, 1);
  Trainer<double>(some.gpt, documents, {.steps = 50, .learning_rate = 1e6}).run();
  EXPECT_GT(held_out_loss(some.gpt, documents), 100);
}

TEST(Divergence, of_the_held_out_loss_throws) {
  SomeGpt<double> some({}, 1);
  some.gpt.weights()[0] = std::numeric_limits<double>::quiet_NaN();
  const Documents documents = documents_of({"a"});  // token 0, whose embedding is broken
  EXPECT_TRUE(contains(error_of([&] { held_out_loss(some.gpt, documents); }), "diverged"));
}

// One tape may serve one model after another.
TEST(Trainer, a_model_on_a_rewound_tape_learns_as_on_a_new_one) {
  const Documents documents = some_names();
  const auto train = [&](Tape<double>& tape, const GptConfig& config) {
    const Tape<double>::Scope scope(tape);
    Gpt<double> gpt(tape, config);
    Rng rng = rng_of(1);
    gpt.initialise(rng);
    Trainer<double>(gpt, documents, {.steps = 5}).run();
    return copy(gpt.weights());
  };
  Tape<double> used, fresh;
  train(used, {.n_emb = 32, .n_layer = 2});
  EXPECT_TRUE(same_bits(train(used, {.n_emb = 8}), train(fresh, {.n_emb = 8})));
}

TEST(Trainer, without_a_document_throws) {
  SomeGpt<double> some({}, 1);
  const Documents none;
  EXPECT_TRUE(
      contains(error_of([&] { Trainer<double>(some.gpt, none, {.steps = 1}); }), "no document"));
}

/// The rate of each step, seen in one weight that always has the same gradient: from the second
/// step on Adam moves it by the rate.
std::vector<double> rates(TrainConfig config) {
  config.adam = {.beta1 = 0, .beta2 = 0, .epsilon = 1e-12};  // a step is the rate, up or down
  SomeGpt<double> some({.n_emb = 8, .n_head = 1}, 1);
  const Documents documents = repeated(some_names(), 20);
  Trainer<double> trainer(some.gpt, documents, config);
  std::vector<double> found;
  while (!trainer.finished()) {
    const std::vector<double> before = copy(some.gpt.weights());
    trainer.step();
    double largest = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      largest = std::max(largest, std::abs(some.gpt.weights()[i] - before[i]));
    }
    found.push_back(largest);
  }
  return found;
}

TEST(Trainer, the_rate_follows_its_schedule) {
  constexpr double kRate = 0.001;
  const auto expect = [&](TrainConfig config, const std::vector<double>& shares) {
    config.steps = shares.size(), config.learning_rate = kRate;
    const std::vector<double> found = rates(config);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      EXPECT_NEAR(found[i] / kRate, shares[i], 1e-6) << "step " << i;
    }
  };
  using enum RateSchedule;
  expect({}, {1, 0.8, 0.6, 0.4, 0.2});
  expect({.warmup = 0.4}, {1.0 / 3, 2.0 / 3, 1, 2.0 / 3, 1.0 / 3});
  expect({.warmup = 0.19}, {1, 0.8, 0.6, 0.4, 0.2});  // less than a step
  expect({.schedule = constant}, {1, 1, 1, 1, 1, 1, 1, 1, 0.2 / 0.3, 0.1 / 0.3});
  std::vector<double> cosines;
  for (int i = 0; i < 8; ++i)
    cosines.push_back(0.1 + 0.45 * (1 + std::cos(std::numbers::pi * i / 8)));
  expect({.schedule = cosine}, cosines);
}

TEST(Trainer, dropout_depends_on_seed_replicate_and_step_and_not_on_scoring) {
  const Documents documents = repeated(some_names(), 20);
  const auto losses = [&](double rate, std::uint64_t seed, std::uint32_t replicate) {
    SomeGpt<float> some({}, 1);
    const TrainConfig config = {
        .steps = 20, .batch = 3, .dropout = rate, .seed = seed, .replicate = replicate};
    Trainer<float> trainer(some.gpt, documents, config);
    std::vector<double> found = {held_out_loss(some.gpt, documents)};
    while (!trainer.finished()) found.push_back(trainer.step());
    found.push_back(held_out_loss(some.gpt, documents));
    EXPECT_EQ(found.back(), held_out_loss(some.gpt, documents));
    return found;
  };
  const std::vector<double> with = losses(0.2, 1, 0), without = losses(0, 1, 0);
  EXPECT_EQ(with[0], without[0]);  // scoring drops nothing
  EXPECT_NE(with[1], without[1]);
  EXPECT_EQ(with, losses(0.2, 1, 0));
  EXPECT_NE(with[1], losses(0.2, 2, 0)[1]);
  EXPECT_NE(with[1], losses(0.2, 1, 1)[1]);
  EXPECT_EQ(without[1], losses(0, 2, 1)[1]);
}

TEST(Trainer, dropout_of_ngrams_drops_nothing_else) {
  const Documents documents = some_names();
  const auto losses = [&](const GptConfig& gpt, double rate) {
    SomeGpt<double> some(gpt, 1);
    Trainer<double> trainer(some.gpt, documents,
                            {.steps = 5, .batch = 3, .ngram_dropout = rate, .seed = 3});
    std::vector<double> found;
    while (!trainer.finished()) found.push_back(trainer.step());
    found.push_back(held_out_loss(some.gpt, documents));
    return found;
  };
  const GptConfig with_ngrams = {.ngram = 3, .ngram_rows = 100};
  EXPECT_EQ(losses({}, 0.5), losses({}, 0));
  EXPECT_NE(losses(with_ngrams, 0.5)[0], losses(with_ngrams, 0)[0]);
  EXPECT_EQ(losses(with_ngrams, 0.5), losses(with_ngrams, 0.5));
}

}  // namespace
}  // namespace microgpt::test
