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

TEST(Gather, holds_the_rows_asked_for) {
  Tape<double> tape;
  Rng rng = rng_of(6);
  for (const std::size_t cols : {1U, 9U, 16U}) {
    const auto x = random_block(tape, rng, 3, cols);
    const Integers rows = {2, 0, 2, 2};
    const Block<double> out = gather<double>(x, rows);
    ASSERT_EQ(out.rows(), 4U);
    ASSERT_EQ(out.cols(), cols);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t c = 0; c < cols; ++c) EXPECT_EQ(out(i, c).data(), x(rows[i], c).data());
    }
  }
}

TEST(Gather, gradients_match_also_for_rows_that_are_used_often_or_never) {
  Rng rng = rng_of(7);
  for (const std::size_t cols : {1U, 9U, 17U}) {
    SCOPED_TRACE(fmt::format("{} columns", cols));
    expect_gradients_match(
        [cols](Tape<double>&, Block<double> x) {
          return weighted_sum(gather<double>(Operands(x).next(4, cols), Integers{3, 1, 3, 3, 0}));
        },
        random_numbers(rng, 4 * cols));
  }
}

TEST(Gather, of_a_row_that_is_not_there_throws) {
  Tape<double> tape;
  const Block<double> x = tape.zeros(3, 2);
  EXPECT_TRUE(contains(error_of([&] { gather<double>(x, Integers{0, 3}); }), "3 is not below 3"));
}

TEST(SumRows, adds_rows_times_their_multipliers) {
  Tape<double> tape;
  Rng rng = rng_of(1);
  const Block<double> x = random_block(tape, rng, 4, 3);
  const std::vector<double> multipliers = {1, 2, 0, -1, 0, 0};
  const Block<double> out = sum_rows<double>(x, 2, Integers{3, 0, 1, 3, 2, 2}, multipliers);
  ASSERT_EQ(out.rows(), 3U);
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(out.data()[c], x.data()[9 + c] + 2 * x.data()[c]);
    EXPECT_EQ(out.data()[3 + c], -x.data()[9 + c]);
    EXPECT_EQ(out.data()[6 + c], 0);
  }
}

TEST(SumRows, gradients_match) {
  Rng rng = rng_of(2);
  for (const std::size_t cols : {1U, 3U, 16U, 17U}) {
    SCOPED_TRACE(cols);
    expect_gradients_match(
        [cols](Tape<double>&, Block<double> x) {
          const std::vector<double> multipliers = {1, 2, 0, -1, 0.5, 1};
          return weighted_sum(sum_rows<double>(Operands(x).next(4, cols), 3,
                                               Integers{3, 3, 1, 0, 3, 2}, multipliers));
        },
        random_numbers(rng, 4 * cols));
  }
}

TEST(SumRows, of_a_row_or_a_length_that_there_is_not_throws) {
  Tape<double> tape;
  const Block<double> x = tape.zeros(3, 2);
  const std::vector<double> ones = {1, 1};
  EXPECT_TRUE(contains(error_of([&] {
                         sum_rows<double>(x, 1, Integers{0, 3}, ones);
                       }),
                       "row 3 is not below 3"));
  EXPECT_TRUE(contains(error_of([&] {
                         sum_rows<double>(x, 3, Integers{0, 1}, ones);
                       }),
                       "2 rows and 2 multipliers in sums of 3"));
}

TEST(Embed, each_row_is_the_sum_of_a_token_and_a_position) {
  Rng rng = rng_of(4);
  for (const std::size_t cols : {1U, 9U, 16U, 17U}) {
    Tape<double> tape;
    const auto tokens = random_block(tape, rng, 5, cols);
    const auto positions = random_block(tape, rng, 3, cols);
    const Integers token = {4, 0, 4, 2}, position = {0, 1, 2, 0};
    const Block<double> rows = embed(tokens, positions, token, position);
    ASSERT_EQ(rows.rows(), 4U);
    ASSERT_EQ(rows.cols(), cols);
    for (std::size_t t = 0; t < 4; ++t) {
      for (std::size_t c = 0; c < cols; ++c) {
        EXPECT_EQ(rows(t, c).data(), tokens(token[t], c).data() + positions(position[t], c).data());
      }
    }
  }
}

TEST(Embed, gradients_match_also_for_rows_that_are_used_often_or_never) {
  Rng rng = rng_of(5);
  for (const std::size_t cols : {1U, 9U, 16U}) {
    SCOPED_TRACE(fmt::format("{} columns", cols));
    expect_gradients_match(
        [cols](Tape<double>&, Block<double> x) {
          Operands operands(x);
          const Block<double> tokens = operands.next(4, cols), positions = operands.next(3, cols);
          return weighted_sum(
              embed<double>(tokens, positions, Integers{3, 3, 0, 3, 1}, Integers{0, 1, 2, 0, 0}));
        },
        random_numbers(rng, 7 * cols));
  }
}

// A record must not keep a view of the caller's lists.
TEST(Embed, remembers_the_tokens_after_the_caller_has_changed_them) {
  Tape<double> tape;
  const Block<double> tokens = tape.zeros(3, 1), positions = tape.zeros(2, 1);
  Integers token = {2, 0}, position = {1, 1};
  const Val<double> sum = mean(embed<double>(tokens, positions, token, position)) * 2;
  token.assign(2, 1);
  position.assign(2, 0);
  tape.backward(sum);
  EXPECT_EQ(copy(tokens.grad()), (std::vector<double>{1, 0, 1}));
  EXPECT_EQ(copy(positions.grad()), (std::vector<double>{0, 2}));
}

TEST(Embed, of_what_is_not_in_the_tables_throws) {
  Tape<double> tape;
  const Block<double> tokens = tape.zeros(3, 4), positions = tape.zeros(2, 4);
  const auto message = [&](Block<double> table, Integers token, Integers position) {
    return error_of([&] { embed<double>(table, positions, token, position); });
  };
  EXPECT_TRUE(contains(message(tokens, {0, 3}, {0, 1}), "token 3"));
  EXPECT_TRUE(contains(message(tokens, {0, 1}, {0, 2}), "position 2"));
  EXPECT_TRUE(contains(message(tokens, {0, 1}, {0}), "2 tokens and 1 positions"));
  EXPECT_TRUE(contains(message(tape.zeros(3, 5), {0}, {0}), "5"));
}

}  // namespace
}  // namespace microgpt::test
