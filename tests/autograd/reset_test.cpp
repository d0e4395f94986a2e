// Gradients that were reset are zero, whether they are first read or first added to.
#include <gtest/gtest.h>

#include <vector>

#include "../support/blocks.hpp"
#include "../support/errors.hpp"
#include "../support/gradient_check.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

using Integers = std::vector<std::uint32_t>;

/// A number that depends on every element, without scalar operations, which write all pending
/// zeros.
Val<double> number_of(Block<double> y) {
  return mean(cross_entropy<double>(y, Integers(y.rows(), 0)));
}

/// Leaves of random data, cut into operands by the computations below.
struct Parameters {
  explicit Parameters(std::size_t count) : block(tape.zeros(1, count)) {
    Rng rng = rng_of(1);
    for (double& number : block.data()) number = rng.uniform(-1, 1);
  }

  template <class Function>
  std::vector<double> gradients(const Function& f) {
    const Tape<double>::Scope scope(tape);
    tape.backward(f(block), Gradients::added_up);
    return copy(block.grad());
  }
  void reset() { tape.reset_gradients(block.first(), block.size()); }

  Tape<double> tape;
  Block<double> block;
};

template <class Function>
void expect_a_reset_forgets(std::size_t count, const Function& f) {
  Parameters parameters(count);
  const std::vector<double> first = parameters.gradients(f);
  parameters.reset();
  EXPECT_TRUE(same_bits(parameters.gradients(f), first)) << "once";
  const std::vector<double> twice = parameters.gradients(f);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(close(twice[i], 2 * first[i], 1e-14)) << "without a reset they accumulate";
  }
  parameters.reset();
  EXPECT_EQ(copy(parameters.block.grad()), std::vector<double>(count, 0)) << "looked at";
  EXPECT_TRUE(same_bits(parameters.gradients(f), first)) << "reset and looked at";
  parameters.reset();
  parameters.reset();
  EXPECT_EQ(parameters.block[count - 1].grad(), 0) << "one looked at";
  EXPECT_TRUE(same_bits(parameters.gradients(f), first)) << "reset twice";
}

TEST(ResetGradients, before_a_matrix_product) {
  expect_a_reset_forgets(64, [](Block<double> x) {
    Operands operands(x);
    const auto a = operands.next(4, 8);
    return number_of(linear(a, operands.next(8, 4)));
  });
}

TEST(ResetGradients, before_matrix_products_with_the_same_weights) {
  expect_a_reset_forgets(64, [](Block<double> x) {
    const auto square = Operands(x).next(8, 8);
    return number_of(linear(linear(square, square), square));
  });
}

TEST(ResetGradients, before_a_matrix_product_and_other_operations_on_the_same_weights) {
  expect_a_reset_forgets(64, [](Block<double> x) {
    const auto square = Operands(x).next(8, 8);
    return number_of(add(linear(relu(square), softmax(square)), linear(square, square)));
  });
}

TEST(ResetGradients, before_a_product_with_a_transposed_table_and_with_itself) {
  expect_a_reset_forgets(64, [](Block<double> x) {
    const auto table = Operands(x).next(8, 8);
    const auto rows = gather<double>(table, Integers{2, 2, 7});
    return number_of(linear(linear_transposed(rows, table), linear_transposed(table, table)));
  });
}

TEST(ResetGradients, before_scalar_operations) {
  expect_a_reset_forgets(9, [](Block<double> x) { return x[0] * x[8] + exp(x[3]) / (x[0] + 2); });
}

TEST(ResetGradients, before_scalar_operations_and_a_matrix_product) {
  expect_a_reset_forgets(64, [](Block<double> x) {
    const auto square = Operands(x).next(8, 8);
    return weighted_sum(linear(square, square)) * x[5] + x[63];
  });
}

TEST(ResetGradients, before_a_table_of_which_some_rows_are_used) {
  expect_a_reset_forgets(40, [](Block<double> x) {
    Operands operands(x);
    const auto tokens = operands.next(3, 8);
    return number_of(
        embed<double>(tokens, operands.next(2, 8), Integers{2, 2, 0}, Integers{0, 0, 0}));
  });
}

// Of operands that share a cache line, one may be overwritten and the others added to later.
TEST(ResetGradients, before_operands_that_share_a_cache_line) {
  for (std::size_t weights = 0; weights < 3; ++weights) {
    SCOPED_TRACE(fmt::format("operand {} is the matrix of weights", weights));
    expect_a_reset_forgets(27, [weights](Block<double> x) {
      Operands operands(x);
      const Block<double> parts[] = {operands.next(3, 3), operands.next(3, 3), operands.next(3, 3)};
      const auto bent = add(relu(parts[(weights + 1) % 3]), softmax(parts[(weights + 2) % 3]));
      return number_of(linear(bent, parts[weights]));
    });
  }
}

TEST(ResetGradients, leaves_other_gradients_as_they_are) {
  Tape<double> tape;
  Rng rng = rng_of(2);
  const auto kept = random_block(tape, rng, 3, 3), reset = random_block(tape, rng, 3, 5);
  const auto also_kept = random_block(tape, rng, 5, 1);
  const auto step = [&] {
    const Tape<double>::Scope scope(tape);
    tape.backward(mean(linear(linear(kept, reset), also_kept)));
  };
  step();
  const std::vector<double> before = copy(kept.grad()), also_before = copy(also_kept.grad());
  tape.reset_gradients(reset.first(), reset.size());
  EXPECT_TRUE(same_bits(copy(kept.grad()), before));
  EXPECT_TRUE(same_bits(copy(also_kept.grad()), also_before));
  EXPECT_EQ(copy(reset.grad()), std::vector<double>(15, 0));
}

TEST(ResetGradients, leaves_a_leaf_that_follows_the_block_in_the_same_cache_line) {
  Tape<double> tape;
  const Block<double> block = tape.zeros(3, 5);
  const Val<double> leaf = tape.value(2);
  tape.backward(leaf * leaf);
  tape.reset_gradients(block.first(), block.size());
  EXPECT_EQ(leaf.grad(), 4);
}

// Values created after a rewind are new, and have their own gradients.
TEST(ResetGradients, are_forgotten_with_the_scope_that_they_were_in) {
  const auto step = [](Tape<double>& tape) {
    Rng rng = rng_of(1);
    const auto x = random_block(tape, rng, 4, 8), w = random_block(tape, rng, 8, 8);
    tape.backward(number_of(linear(relu(linear(x, w)), w)));
    return copy(w.grad());
  };
  Tape<double> fresh, used;
  {
    const Tape<double>::Scope scope(used);
    const Block<double> large = used.zeros(100, 8);
    used.reset_gradients(large.first(), large.size());
  }
  EXPECT_TRUE(same_bits(step(used), step(fresh)));
}

}  // namespace
}  // namespace microgpt::test
