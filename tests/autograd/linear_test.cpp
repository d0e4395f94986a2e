#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../support/blocks.hpp"
#include "../support/errors.hpp"
#include "../support/gradient_check.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

struct Sizes {
  std::size_t rows, inputs, outputs;
};
constexpr Sizes kSizes[] = {{1, 1, 1},  {1, 9, 1},   {3, 1, 17}, {2, 5, 9},   {9, 4, 3},
                            {4, 8, 16}, {13, 17, 5}, {1, 3, 40}, {5, 12, 27}, {8, 2, 8}};

TEST(Linear, value_is_the_sum_of_inputs_times_weights) {
  Rng rng = rng_of(1);
  for (const auto& [rows, inputs, outputs] : kSizes) {
    SCOPED_TRACE(fmt::format("{} x {} times {} x {}", rows, inputs, inputs, outputs));
    Tape<double> tape;
    const auto x = random_block(tape, rng, rows, inputs);
    const auto w = random_block(tape, rng, inputs, outputs);
    const Block<double> y = linear(x, w);
    ASSERT_EQ(y.rows(), rows);
    ASSERT_EQ(y.cols(), outputs);
    for (std::size_t t = 0; t < rows; ++t) {
      for (std::size_t o = 0; o < outputs; ++o) {
        double sum = 0;
        for (std::size_t i = 0; i < inputs; ++i) sum += x(t, i).data() * w(i, o).data();
        EXPECT_TRUE(close(y(t, o).data(), sum, 1e-14));
      }
    }
  }
}

TEST(Linear, gradients_match) {
  Rng rng = rng_of(2);
  for (const auto& [rows, inputs, outputs] : kSizes) {
    SCOPED_TRACE(fmt::format("{} x {} times {} x {}", rows, inputs, inputs, outputs));
    expect_gradients_match(
        [rows = rows, inputs = inputs, outputs = outputs](Tape<double>&, Block<double> numbers) {
          Operands operands(numbers);
          const Block<double> x = operands.next(rows, inputs);
          return weighted_sum(linear(x, operands.next(inputs, outputs)));
        },
        random_numbers(rng, (rows + outputs) * inputs));
  }
}

TEST(Linear, gradients_match_for_one_block_on_both_sides) {
  Rng rng = rng_of(3);
  expect_gradients_match(
      [](Tape<double>&, Block<double> x) {
        const Block<double> square = Operands(x).next(3, 3);
        return weighted_sum(linear(linear(square, square), square));
      },
      random_numbers(rng, 9));
}

TEST(Linear, of_sizes_that_do_not_fit_throws) {
  Tape<double> tape;
  EXPECT_TRUE(contains(error_of([&] { linear(tape.zeros(2, 3), tape.zeros(4, 5)); }), "4 x 5"));
  EXPECT_THROW(linear(tape.zeros(3, 2), tape.zeros(3, 2)), Error);
}

TEST(LinearTransposed, is_linear_of_the_transposed_weights_bit_for_bit) {
  Rng rng = rng_of(4);
  for (const auto& [rows, inputs, outputs] : kSizes) {
    SCOPED_TRACE(fmt::format("{} x {} times {} x {}", rows, inputs, inputs, outputs));
    Tape<double> tape;
    const auto x = random_block(tape, rng, rows, inputs);
    const auto w = random_block(tape, rng, outputs, inputs), turned = tape.zeros(inputs, outputs);
    for (std::size_t o = 0; o < outputs; ++o) {
      for (std::size_t i = 0; i < inputs; ++i) turned.data()[i * outputs + o] = w(o, i).data();
    }
    const Block<double> y = linear_transposed(x, w);
    ASSERT_EQ(y.rows(), rows);
    ASSERT_EQ(y.cols(), outputs);
    EXPECT_TRUE(same_bits(copy(y.data()), copy(linear(x, turned).data())));
  }
}

TEST(LinearTransposed, gradients_match) {
  Rng rng = rng_of(5);
  for (const auto& [rows, inputs, outputs] : kSizes) {
    SCOPED_TRACE(fmt::format("{} x {} times {} x {}", rows, inputs, inputs, outputs));
    expect_gradients_match(
        [rows = rows, inputs = inputs, outputs = outputs](Tape<double>&, Block<double> numbers) {
          Operands operands(numbers);
          const Block<double> x = operands.next(rows, inputs);
          return weighted_sum(linear_transposed(x, operands.next(outputs, inputs)));
        },
        random_numbers(rng, (rows + outputs) * inputs));
  }
}

// As an output head that shares the table of tokens.
TEST(LinearTransposed, gradients_match_for_weights_that_are_also_a_table_of_tokens) {
  Rng rng = rng_of(6);
  expect_gradients_match(
      [](Tape<double>&, Block<double> numbers) {
        using Integers = std::vector<std::uint32_t>;
        const Block<double> table = Operands(numbers).next(5, 3);
        const Block<double> x = gather<double>(table, Integers{4, 0, 4, 2});
        return mean(cross_entropy<double>(linear_transposed(x, table), Integers{0, 4, 2, 2})) +
               weighted_sum(linear_transposed(table, table));
      },
      random_numbers(rng, 15));
}

TEST(LinearTransposed, of_sizes_that_do_not_fit_throws) {
  Tape<double> tape;
  const std::string message =
      error_of([&] { linear_transposed(tape.zeros(2, 3), tape.zeros(4, 5)); });
  EXPECT_TRUE(contains(message, "3 inputs"));
  EXPECT_TRUE(contains(message, "4 x 5"));
  EXPECT_THROW(linear_transposed(tape.zeros(2, 3), tape.zeros(3, 2)), Error);
}

}  // namespace
}  // namespace microgpt::test
