#include "microgpt/model/sampler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "../support/errors.hpp"
#include "../support/gpts.hpp"

namespace microgpt::test {

using namespace model;
namespace {

constexpr Token kDelimiter = 26;

template <class Real>
std::vector<std::vector<Token>> names(Gpt<Real>& gpt, double temperature, std::uint64_t seed) {
  std::vector<std::vector<Token>> spoken;
  for (std::uint64_t i = 0; i < 50; ++i) {
    Rng rng(seed, Stream::names, i);
    spoken.push_back(sample(gpt, kDelimiter, {.temperature = temperature}, rng));
  }
  return spoken;
}

/// Samples every token with the same logits, whatever came before: one channel, which all
/// embeddings set to 1 after the norm, layers that add nothing, and the logits as the weights of
/// the head.
struct Speaker : SomeGpt<double> {
  Speaker(const std::vector<double>& logits, std::size_t context)
      : SomeGpt({.n_vocab = logits.size(), .n_emb = 1, .n_ctx = context, .n_head = 1}, 0, 0) {
    for (const NamedBlock<double>& parameter : gpt.parameters()) {
      if (parameter.name == "wte") std::ranges::fill(parameter.block.data(), 1e6);
      if (parameter.name == "lm_head") std::ranges::copy(logits, parameter.block.data().begin());
    }
  }
};

TEST(Sampler, the_same_stream_speaks_the_same_names) {
  SomeGpt<double> some({}, 1);
  const auto first = names(some.gpt, 0.8, 1);
  EXPECT_EQ(names(some.gpt, 0.8, 1), first);
  EXPECT_NE(names(some.gpt, 0.8, 2), first);
  EXPECT_GT(std::set(first.begin(), first.end()).size(), 25U) << "ids give names of their own";
}

TEST(Sampler, a_low_temperature_takes_the_likeliest_token_every_time) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SomeGpt<double> some({.n_ctx = 8}, seed);
    std::vector<Token> text = {kDelimiter};
    while (text.size() <= 8) {
      const std::vector<double> logits = logits_of(some.gpt, text);
      const auto last = logits.end() - 27;
      const auto next = static_cast<Token>(std::max_element(last, logits.end()) - last);
      if (next == kDelimiter) break;
      text.push_back(next);
    }
    Rng rng = rng_of(seed);
    text.erase(text.begin());
    EXPECT_EQ(sample(some.gpt, kDelimiter, {.temperature = 1e-9}, rng), text);
  }
}

TEST(Sampler, names_hold_no_delimiter_and_end_with_the_context) {
  SomeGpt<double> some({.n_ctx = 6}, 3);
  std::size_t longest = 0;
  for (const std::vector<Token>& name : names(some.gpt, 1, 1)) {
    EXPECT_LE(name.size(), 6U);
    EXPECT_EQ(std::count(name.begin(), name.end(), kDelimiter), 0);
    longest = std::max(longest, name.size());
  }
  EXPECT_EQ(longest, 6U);
}

TEST(Sampler, a_name_without_an_end_is_as_long_as_the_context) {
  Speaker speaker({0, 50, 0, -50}, 7);
  Rng rng = rng_of(1);
  EXPECT_EQ(sample(speaker.gpt, 3, {.temperature = 1}, rng), std::vector<Token>(7, 1));
}

TEST(Sampler, a_name_may_be_empty) {
  Speaker speaker({0, 0, 0, 50}, 7);
  Rng rng = rng_of(1);
  EXPECT_TRUE(sample(speaker.gpt, 3, {.temperature = 1}, rng).empty());
}

TEST(Sampler, draws_each_token_as_often_as_the_softmax_at_its_temperature_says) {
  const std::vector<double> logits = {0.5, -1, 2, 0};
  constexpr std::size_t kDraws = 20'000;
  for (const double temperature : {0.5, 1.0, 2.0}) {
    SCOPED_TRACE(fmt::format("temperature {}", temperature));
    Speaker speaker(logits, 1);
    Rng rng = rng_of(2);
    std::vector<std::size_t> frequency(4);
    for (std::size_t i = 0; i < kDraws; ++i) {
      const std::vector<Token> name = sample(speaker.gpt, 3, {.temperature = temperature}, rng);
      ++frequency[name.empty() ? 3 : name[0]];
    }
    double sum = 0;
    for (const double logit : logits) sum += std::exp(logit / temperature);
    for (std::size_t token = 0; token < 4; ++token) {
      const double p = std::exp(logits[token] / temperature) / sum;
      const double sigma = std::sqrt(p * (1 - p) / kDraws);
      EXPECT_NEAR(static_cast<double>(frequency[token]) / kDraws, p, 5 * sigma) << token;
    }
  }
}

TEST(Sampler, leaves_the_tape_as_it_was) {
  SomeGpt<double> some({}, 1);
  const std::size_t values = some.tape.value_count();
  names(some.gpt, 1, 1);
  EXPECT_EQ(some.tape.value_count(), values);
  EXPECT_EQ(some.tape.record_count(), 0U);
  EXPECT_TRUE(some.tape.recording());
}

template <class Real>
void expect_same_names_together(const GptConfig& config, std::size_t count) {
  SomeGpt<Real> some(config, 1);
  for (const double temperature : {0.3, 1.0}) {
    std::vector<Rng> streams;
    std::vector<std::vector<Token>> one_by_one;
    for (std::uint64_t i = 0; i < count; ++i) {
      streams.emplace_back(7, Stream::names, i);
      Rng rng(7, Stream::names, i);
      one_by_one.push_back(sample(some.gpt, kDelimiter, {.temperature = temperature}, rng));
    }
    EXPECT_EQ(sample(some.gpt, kDelimiter, {.temperature = temperature}, std::span<Rng>(streams)),
              one_by_one);
  }
}

TEST(Sampler, many_together_speak_the_same_names_as_one_by_one) {
  expect_same_names_together<double>({}, 1100);
  expect_same_names_together<float>({.n_emb = 20, .n_layer = 2, .n_head = 2}, 100);
  expect_same_names_together<double>({.n_ctx = 100}, 40);  // longer than a block of attention
  expect_same_names_together<float>({.activation = Activation::swiglu,
                                     .position = Position::both,
                                     .qk_norm = true,
                                     .lookback = 2,
                                     .ngram = 4,
                                     .ngram_rows = 100},
                                    100);
  SomeGpt<double> silent({}, 1);
  EXPECT_TRUE(sample(silent.gpt, kDelimiter, {.temperature = 1}, std::span<Rng>()).empty());
}

TEST(Sampler, at_temperature_0_takes_the_first_of_the_likeliest_tokens) {
  Speaker speaker({1, 3, 3, 0}, 5);
  Rng rng = rng_of(1);
  EXPECT_EQ(sample(speaker.gpt, 3, {.temperature = 0}, rng), std::vector<Token>(5, 1));
}

TEST(Sampler, chooses_among_the_likeliest_tokens) {
  // With these probabilities: 0.1, 0.4, 0.3, 0.2.
  Speaker speaker({std::log(0.1), std::log(0.4), std::log(0.3), std::log(0.2)}, 1);
  const auto chosen = [&](const Sampling& sampling) {
    std::set<std::size_t> tokens;
    Rng rng = rng_of(1);
    for (int i = 0; i < 200; ++i) {
      const std::vector<Token> name = sample(speaker.gpt, 3, sampling, rng);
      tokens.insert(name.empty() ? 3 : name[0]);
    }
    return tokens;
  };
  using Tokens = std::set<std::size_t>;
  EXPECT_EQ(chosen({.temperature = 1}), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(chosen({.temperature = 1, .top_k = 2}), (Tokens{1, 2}));
  EXPECT_EQ(chosen({.temperature = 1, .top_k = 100}), (Tokens{0, 1, 2, 3}));
  EXPECT_EQ(chosen({.temperature = 1, .top_p = 0.65}), (Tokens{1, 2}));
  EXPECT_EQ(chosen({.temperature = 1, .top_p = 0.75}), (Tokens{1, 2, 3}));
  EXPECT_EQ(chosen({.temperature = 1, .top_k = 1, .top_p = 0.75}), (Tokens{1}));
  EXPECT_EQ(chosen({.temperature = 1, .top_p = 1e-9}), (Tokens{1}));
}

/// Token by token, each from the last n_ctx tokens before it.
std::vector<Token> spoken_slowly(Gpt<double>& gpt, std::vector<Token> beginning, std::size_t length,
                                 Rng rng) {
  std::vector<Token> text = {kDelimiter};
  text.insert(text.end(), beginning.begin(), beginning.end());
  while (text.size() <= length) {
    const std::size_t context = std::min(text.size(), gpt.config().n_ctx);
    const auto window = std::span(text).last(context);
    const std::vector<double> logits = logits_of(gpt, window);
    const std::span<const double> last = std::span(logits).last(27);
    double sum = 0;
    for (const double logit : last) sum += std::exp(logit);
    double left = rng.uniform() * sum;
    Token token = 0;
    while (token < 26 && (left -= std::exp(last[token])) >= 0) ++token;
    if (token == kDelimiter) break;
    text.push_back(token);
  }
  return {text.begin() + 1, text.end()};
}

TEST(Sampler, continues_a_beginning_and_slides_beyond_the_context) {
  for (const Position position : {Position::learned, Position::rotary}) {
    SomeGpt<double> some({.n_ctx = 5, .position = position, .lookback = 1, .ngram = 3}, 3);
    const std::vector<std::vector<Token>> beginnings = {{}, {7}, {1, 2, 3}, {1, 2, 3, 4, 5, 6, 7}};
    for (const std::vector<Token>& beginning : beginnings) {
      std::vector<Rng> streams, again;
      for (std::uint64_t i = 0; i < 30; ++i) streams.emplace_back(7, Stream::names, i);
      again = streams;
      const Sampling sampling = {.temperature = 1, .length = 18, .beginning = beginning};
      const auto documents = sample(some.gpt, kDelimiter, sampling, std::span<Rng>(streams));
      std::size_t longest = 0;
      for (std::size_t i = 0; i < documents.size(); ++i) {
        EXPECT_EQ(documents[i], spoken_slowly(some.gpt, beginning, 18, again[i]));
        longest = std::max(longest, documents[i].size());
      }
      EXPECT_EQ(longest, 18U);
    }
  }
}

TEST(Sampler, refuses_what_no_document_can_be_drawn_with) {
  SomeGpt<double> some({}, 1);
  Rng rng = rng_of(1);
  EXPECT_EQ(error_of([&] { sample(some.gpt, kDelimiter, {.top_p = 0}, rng); }),
            "top-p (0) must be above 0 and at most 1");
  EXPECT_THROW(sample(some.gpt, kDelimiter, {.top_p = 1.1}, rng), Error);
  EXPECT_THROW(sample(some.gpt, kDelimiter, {.temperature = -1}, rng), Error);
  EXPECT_THROW(
      sample(some.gpt, kDelimiter, {.temperature = std::numeric_limits<double>::quiet_NaN()}, rng),
      Error);
}

}  // namespace
}  // namespace microgpt::test
