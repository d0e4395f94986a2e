// What all fused operations have in common: they mix with each other and with scalar operations.
#include "microgpt/autograd/fused.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "../support/blocks.hpp"
#include "../support/gradient_check.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

using Integers = std::vector<std::uint32_t>;
using Sequences = std::vector<Sequence>;

TEST(Fused, gradients_match_through_fused_and_scalar_operations_in_turn) {
  Rng rng = rng_of(1);
  expect_gradients_match(
      [](Tape<double>&, Block<double> x) {
        Operands operands(x);
        const auto inputs = operands.next(2, 3), weights = operands.next(3, 5);
        const Block<double> hidden = linear(inputs, weights);
        const Val<double> bent = hidden[3] / (1 + exp(-hidden[2])) + inputs[0];
        const Block<double> normal = rmsnorm(add(hidden, linear(inputs, weights)));
        const Val<double> entropy = -normal[3] * log(softmax(normal)[7]);
        return entropy + pow(mean(relu(normal)), 2) - bent * weights[0];
      },
      random_numbers(rng, 21));
}

TEST(Fused, gradients_match_through_a_layer_of_a_transformer) {
  Rng rng = rng_of(2);
  constexpr std::size_t kTokens = 4, kContext = 3, kChannels = 6;
  expect_gradients_match(
      [](Tape<double>&, Block<double> x) {
        Operands operands(x);
        const auto token_table = operands.next(kTokens, kChannels);
        const auto position_table = operands.next(kContext, kChannels);
        const auto matrix = [&] { return operands.next(kChannels, kChannels); };
        Block<double> h = embed<double>(token_table, position_table, Integers{3, 1, 1, 0, 2},
                                        Integers{0, 1, 2, 0, 1});
        const Block<double> a = rmsnorm(h);
        const auto q = linear(a, matrix()), k = linear(a, matrix()), v = linear(a, matrix());
        h = add(h, linear(attention<double>(q, k, v, 2, Sequences{{3, 3}, {2, 2}}), matrix()));
        h = add(h, linear(relu(linear(rmsnorm(h), matrix())), matrix()));
        const Block<double> logits = linear(rmsnorm(h), operands.next(kChannels, kTokens));
        return mean(cross_entropy<double>(logits, Integers{1, 1, 0, 2, 3}));
      },
      random_numbers(rng, (2 * kTokens + kContext) * kChannels + 6 * kChannels * kChannels));
}

TEST(Fused, an_output_that_is_used_twice_gathers_both_gradients) {
  Rng rng = rng_of(4);
  expect_gradients_match(
      [](Tape<double>&, Block<double> x) {
        const Block<double> y = softmax(Operands(x).next(3, 3));
        return weighted_sum(add(linear(y, y), relu(y))) + y[4] * y[4];
      },
      random_numbers(rng, 9));
}

TEST(Fused, a_step_after_a_rewind_gives_the_same_bits) {
  Tape<double> tape;
  Rng rng = rng_of(5);
  const auto x = random_block(tape, rng, 4, 6), w = random_block(tape, rng, 6, 6);
  const auto step = [&](std::uint32_t target) {
    const Tape<double>::Scope scope(tape);
    const Block<double> h = linear(rmsnorm(x), w);
    const Block<double> out = attention<double>(h, h, h, 3, Sequences{{1, 1}, {3, 3}});
    const Integers targets(4, target);
    tape.backward(mean(cross_entropy<double>(add(softmax(out), relu(h)), targets)));
    return copy(w.grad());
  };
  const std::vector<double> first = step(2);
  EXPECT_FALSE(same_bits(step(3), first));
  EXPECT_TRUE(same_bits(step(2), first));
}

}  // namespace
}  // namespace microgpt::test
