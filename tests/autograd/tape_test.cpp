#include "microgpt/autograd/tape.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>

#include "../support/blocks.hpp"
#include "../support/errors.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

TEST(Tape, backward_gives_the_output_the_gradient_1) {
  Tape<double> tape;
  const Val<double> y = tape.value(2) * 3;
  tape.backward(y);
  EXPECT_EQ(y.grad(), 1);
}

TEST(Tape, only_what_the_output_depends_on_has_a_gradient) {
  Tape<double> tape;
  const Val<double> a = tape.value(2), b = tape.value(3);
  const Val<double> before = a * b, y = a + 1, after = exp(b);
  tape.backward(y);
  EXPECT_EQ(a.grad(), 1);
  EXPECT_EQ(b.grad(), 0);
  EXPECT_EQ(before.grad(), 0);
  EXPECT_EQ(after.grad(), 0);
}

TEST(Tape, a_second_backward_starts_anew_unless_parameters_are_to_add_up) {
  Tape<double> tape;
  const Val<double> parameter = tape.value(3);
  const Val<double> square = parameter * parameter;
  const Val<double> young = tape.value(10);  // a leaf, but younger than the first record
  const Val<double> y = square * young;
  for (int i = 0; i < 2; ++i) {
    tape.backward(y);
    EXPECT_EQ(square.grad(), 10);
    EXPECT_EQ(young.grad(), 9);
    EXPECT_EQ(parameter.grad(), 60);
  }
  tape.backward(y, Gradients::added_up);
  EXPECT_EQ(square.grad(), 10);
  EXPECT_EQ(young.grad(), 9);
  EXPECT_EQ(parameter.grad(), 120);
  tape.backward(square, Gradients::added_up);
  EXPECT_EQ(square.grad(), 1);
  EXPECT_EQ(young.grad(), 0);
  EXPECT_EQ(parameter.grad(), 126);
  tape.backward(square);
  EXPECT_EQ(parameter.grad(), 6);
}

TEST(Tape, a_leaf_can_be_set) {
  Tape<double> tape;
  const Val<double> parameter = tape.value(3);
  for (const double value : {2.0, 5.0}) {
    const Tape<double>::Scope scope(tape);
    parameter.set(value);
    const Val<double> square = parameter * parameter;
    tape.backward(square);
    EXPECT_EQ(square.data(), value * value);
    EXPECT_EQ(parameter.grad(), 2 * value);
  }
}

TEST(Tape, parameters_accumulate_over_scopes) {
  Tape<double> tape;
  const Val<double> parameter = tape.value(3);
  for (int step = 1; step <= 3; ++step) {
    const Tape<double>::Scope scope(tape);
    tape.backward(parameter * static_cast<double>(step), Gradients::added_up);
  }
  EXPECT_EQ(parameter.grad(), 6);
}

TEST(Tape, the_output_may_be_a_leaf) {
  Tape<double> tape;
  const Val<double> a = tape.value(2);
  const Val<double> y = a * a;
  const Val<double> leaf = tape.value(5);
  tape.backward(leaf);
  EXPECT_EQ(leaf.grad(), 1);
  EXPECT_EQ(y.grad(), 0);
  EXPECT_EQ(a.grad(), 0);
}

TEST(Tape, backward_throws_where_nothing_was_recorded) {
  Tape<double> tape;
  const Val<double> leaf = tape.value(1);
  EXPECT_THROW(tape.backward(leaf), Error);
  const Val<double> sum = leaf + leaf;
  EXPECT_THROW(tape.backward(leaf), Error) << "a parameter has no history";
  EXPECT_NO_THROW(tape.backward(sum));
}

TEST(Tape, numbers_survive_its_growth) {
  Tape<double> tape;
  const Val<double> first = tape.value(0.5);
  const Block<double> block = tape.zeros(3, 5);
  block.data()[14] = 7;
  Val<double> sum = first;
  for (int i = 0; i < 100'000; ++i) sum = sum + 1;
  EXPECT_EQ(first.data(), 0.5);
  EXPECT_EQ(block(2, 4).data(), 7);
  EXPECT_EQ(sum.data(), 100'000.5);
  tape.backward(sum);
  EXPECT_EQ(first.grad(), 1);
}

template <class Real>
bool aligned(Block<Real> block) {
  return reinterpret_cast<std::uintptr_t>(block.data().data()) % 64 == 0;
}

TEST(Tape, blocks_start_at_a_cache_line) {
  Tape<double> doubles;
  Tape<float> floats;
  for (std::size_t size = 1; size < 40; ++size) {
    doubles.value(1);
    floats.value(1);
    EXPECT_TRUE(aligned(doubles.zeros(1, size)));
    EXPECT_TRUE(aligned(floats.zeros(1, size)));
  }
}

TEST(Tape, elements_of_a_block_are_values_like_any_other) {
  Tape<double> tape;
  const Block<double> block = tape.zeros(2, 3);
  EXPECT_EQ(block.rows(), 2U);
  EXPECT_EQ(block.cols(), 3U);
  EXPECT_EQ(block.size(), 6U);
  block.data()[5] = 4;
  EXPECT_EQ(block(1, 2).index(), block[5].index());
  tape.backward(block(1, 2) * block(1, 2));
  EXPECT_EQ(block.grad()[5], 8);
  EXPECT_EQ(block[5].grad(), 8);
}

TEST(Scope, rewinds_values_records_and_integers) {
  Tape<double> tape;
  Rng rng = rng_of(1);
  const Block<double> table = random_block(tape, rng, 3, 4);
  const Val<double> kept = table[0] * 2;
  const std::size_t values = tape.value_count(), records = tape.record_count(),
                    integers = tape.integer_count();
  {
    const Tape<double>::Scope scope(tape);
    const std::vector<std::uint32_t> places = {1, 2};
    mean(embed<double>(table, table, places, places));
    exp(table[0]);
    EXPECT_GT(tape.value_count(), values);
    EXPECT_GT(tape.record_count(), records);
    EXPECT_GT(tape.integer_count(), integers);
  }
  EXPECT_EQ(tape.value_count(), values);
  EXPECT_EQ(tape.record_count(), records);
  EXPECT_EQ(tape.integer_count(), integers);
  tape.backward(kept);
  EXPECT_EQ(table[0].grad(), 2);
}

TEST(Scope, rewinds_on_an_exception) {
  Tape<double> tape;
  const Val<double> x = tape.value(1);
  const std::size_t values = tape.value_count();
  EXPECT_THROW(
      {
        const Tape<double>::Scope scope(tape);
        exp(x) / (x - x);
      },
      Error);
  EXPECT_EQ(tape.value_count(), values);
  EXPECT_EQ(tape.record_count(), 0U);
}

TEST(Scope, nests) {
  Tape<double> tape;
  const Val<double> x = tape.value(2);
  const Tape<double>::Scope outer(tape);
  const Val<double> square = x * x;
  {
    const Tape<double>::Scope inner(tape);
    tape.backward(exp(square));
  }
  EXPECT_EQ(tape.record_count(), 1U);
  tape.backward(square);
  EXPECT_EQ(x.grad(), 4);
}

// The memory is reused, and still holds the numbers of earlier steps.
TEST(Scope, what_comes_after_it_sees_nothing_of_what_was_in_it) {
  Tape<double> tape;
  const Val<double> parameter = tape.value(3);
  {
    const Tape<double>::Scope scope(tape);
    Val<double> y = parameter;
    for (int i = 0; i < 100; ++i) y = y * 1.5 + exp(parameter);
    tape.backward(y);
  }
  EXPECT_EQ(tape.value(5).grad(), 0);
  const Block<double> zeros = tape.zeros(2, 9);
  EXPECT_EQ(copy(zeros.data()), std::vector<double>(18, 0));
  EXPECT_EQ(copy(zeros.grad()), std::vector<double>(18, 0));
  tape.backward(parameter * parameter);
  EXPECT_EQ(parameter.grad(), 6);
}

TEST(Inference, computes_but_records_nothing) {
  Tape<double> tape;
  Rng rng = rng_of(2);
  const Block<double> x = random_block(tape, rng, 2, 3), w = random_block(tape, rng, 3, 2);
  const double recorded = mean(softmax(linear(x, w))).data();
  const std::size_t records = tape.record_count();
  const Tape<double>::Inference inference(tape);
  EXPECT_FALSE(tape.recording());
  const Val<double> y = mean(softmax(linear(x, w)));
  EXPECT_EQ(y.data(), recorded);
  EXPECT_EQ((y * y).data(), recorded * recorded);
  EXPECT_EQ(tape.record_count(), records);
}

TEST(Inference, leaves_nothing_to_differentiate) {
  Tape<double> tape;
  const Tape<double>::Inference inference(tape);
  const Val<double> y = exp(tape.value(1));
  EXPECT_TRUE(y.history().empty());
  EXPECT_THROW(tape.backward(y), Error);
}

TEST(Inference, ends_with_its_block_also_nested_and_on_an_exception) {
  Tape<double> tape;
  {
    const Tape<double>::Inference outer(tape);
    EXPECT_THROW(
        {
          const Tape<double>::Inference inner(tape);
          log(tape.value(-1));
        },
        Error);
    EXPECT_FALSE(tape.recording());
  }
  EXPECT_TRUE(tape.recording());
}

TEST(History, of_a_leaf_is_empty) {
  Tape<double> tape;
  const Val<double> before = tape.value(1);
  const Block<double> block = tape.zeros(2, 2);
  EXPECT_TRUE(before.history().empty());
  const Val<double> sum = before + block[3];
  const Val<double> between = tape.value(2);
  softmax(block);
  const Val<double> after = tape.value(3);
  for (const Val<double> leaf : {before, block[0], block[3], between, after}) {
    EXPECT_TRUE(leaf.history().empty()) << leaf.index();
  }
  EXPECT_EQ(sum.history().size(), 2U);
}

TEST(History, names_the_parents_and_their_local_derivatives) {
  Tape<double> tape;
  const Val<double> a = tape.value(2), b = tape.value(5);
  const auto expect_parents = [&](Val<double> y, std::vector<std::pair<Index, double>> expected) {
    std::vector<std::pair<Index, double>> found;
    for (const auto& [parent, derivative] : y.history()) {
      found.emplace_back(parent.index(), derivative);
    }
    EXPECT_EQ(found, expected);
  };
  expect_parents(a + b, {{a.index(), 1}, {b.index(), 1}});
  expect_parents(a - b, {{a.index(), 1}, {b.index(), -1}});
  expect_parents(a * b, {{a.index(), 5}, {b.index(), 2}});
  expect_parents(b / a, {{b.index(), 0.5}, {a.index(), -1.25}});
  expect_parents(-a, {{a.index(), -1}});
  expect_parents(pow(b, 2), {{b.index(), 10}});
  expect_parents(exp(a), {{a.index(), elementary::exp(2.0)}});
  expect_parents(log(b), {{b.index(), 0.2}});
  expect_parents(relu(a), {{a.index(), 1}});
  expect_parents(a * a, {{a.index(), 2}, {a.index(), 2}});
}

TEST(Simd, the_portable_one_is_always_there_and_the_last) {
  const std::vector<Simd> supported = supported_simd();
  ASSERT_FALSE(supported.empty());
  EXPECT_EQ(supported.back(), Simd::portable);
  for (const Simd simd : supported) EXPECT_NO_THROW(Tape<float>{simd}) << name(simd);
}

TEST(Simd, what_the_processor_does_not_have_throws_with_its_name) {
  const std::vector<Simd> supported = supported_simd();
  for (const Simd simd : {Simd::avx2, Simd::avx512, Simd::neon}) {
    if (std::find(supported.begin(), supported.end(), simd) != supported.end()) continue;
    EXPECT_TRUE(contains(error_of([&] { Tape<double> tape(simd); }), name(simd)));
  }
}

}  // namespace
}  // namespace microgpt::test
