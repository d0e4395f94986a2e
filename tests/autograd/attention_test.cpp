#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

#include "../support/blocks.hpp"
#include "../support/errors.hpp"
#include "../support/gradient_check.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

using Sequences = std::vector<Sequence>;

struct Case {
  std::size_t channels, heads;
  Sequences sequences;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      {1, 1, {{1, 1}}},
      {4, 2, {{3, 3}}},
      {9, 1, {{2, 2}, {3, 3}}},
      {9, 3, {{1, 4}}},
      {8, 4, {{2, 5}, {1, 1}, {3, 4}}},
      {17, 17, {{4, 4}}},
      {16, 2, {{1, 1}, {1, 1}, {2, 3}}},
      {34, 2, {{2, 2}}},
      {6, 2, {{8, 8}, {9, 9}}},
      {5, 1, {{17, 19}}},
      {4, 2, {{70, 70}}},
      {3, 1, {{3, 5}, {66, 130}, {1, 65}}},
  };
  return kCases;
}

std::size_t count(const Sequences& sequences, std::uint32_t Sequence::*what) {
  std::size_t sum = 0;
  for (const Sequence& sequence : sequences) sum += sequence.*what;
  return sum;
}
std::size_t queries(const Case& c) { return count(c.sequences, &Sequence::queries); }
std::size_t keys(const Case& c) { return count(c.sequences, &Sequence::keys); }

std::string describe(const Case& c) {
  std::string text = fmt::format("{} channels, {} heads", c.channels, c.heads);
  for (const Sequence& s : c.sequences) text += fmt::format(", {} of {}", s.queries, s.keys);
  return text;
}

/// Channel `channel` of what one query sees: its keys are rows [first, first + seen) of k and v.
double naive_attention(Block<double> q, Block<double> k, Block<double> v, std::size_t width,
                       std::size_t row, std::size_t channel, std::size_t first, std::size_t seen) {
  const std::size_t head = channel / width * width;
  double sum = 0, weighted = 0;
  for (std::size_t s = first; s < first + seen; ++s) {
    double score = 0;
    for (std::size_t c = head; c < head + width; ++c) score += q(row, c).data() * k(s, c).data();
    const double weight = std::exp(score / std::sqrt(static_cast<double>(width)));
    sum += weight;
    weighted += weight * v(s, channel).data();
  }
  return weighted / sum;
}

TEST(Attention, value_is_the_mean_of_the_values_weighted_by_the_softmax_of_the_scores) {
  Rng rng = rng_of(1);
  for (const Case& c : cases()) {
    SCOPED_TRACE(describe(c));
    Tape<double> tape;
    const auto q = random_block(tape, rng, queries(c), c.channels);
    const auto k = random_block(tape, rng, keys(c), c.channels);
    const auto v = random_block(tape, rng, keys(c), c.channels);
    const Block<double> out = attention<double>(q, k, v, c.heads, c.sequences);
    ASSERT_EQ(out.rows(), queries(c));
    ASSERT_EQ(out.cols(), c.channels);
    std::size_t row = 0, first = 0;
    for (const Sequence& s : c.sequences) {
      for (std::size_t t = 0; t < s.queries; ++t, ++row) {
        for (std::size_t channel = 0; channel < c.channels; ++channel) {
          const double expected = naive_attention(q, k, v, c.channels / c.heads, row, channel,
                                                  first, s.keys - s.queries + t + 1);
          EXPECT_TRUE(close(out(row, channel).data(), expected, 1e-14));
        }
      }
      first += s.keys;
    }
  }
}

TEST(Attention, gradients_match) {
  Rng rng = rng_of(2);
  for (const Case& c : cases()) {
    SCOPED_TRACE(describe(c));
    expect_gradients_match(
        [&](Tape<double>&, Block<double> x) {
          Operands operands(x);
          const auto q = operands.next(queries(c), c.channels);
          const auto k = operands.next(keys(c), c.channels);
          const auto v = operands.next(keys(c), c.channels);
          return weighted_sum(attention<double>(q, k, v, c.heads, c.sequences));
        },
        random_numbers(rng, (queries(c) + 2 * keys(c)) * c.channels, -2, 2));
  }
}

TEST(Attention, gradients_match_for_one_block_in_all_three_roles) {
  Rng rng = rng_of(3);
  expect_gradients_match(
      [](Tape<double>&, Block<double> x) {
        const Block<double> block = Operands(x).next(5, 6);
        return weighted_sum(attention<double>(block, block, block, 2, Sequences{{2, 2}, {3, 3}}));
      },
      random_numbers(rng, 30, -2, 2));
}

TEST(Attention, is_causal) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Rng rng = rng_of(seed);
    const std::size_t heads = 1 + rng.below(3), channels = heads * (1 + rng.below(9));
    const std::size_t length = 2 + rng.below(8), changed = rng.below(length);
    const Sequences sequence = {
        {static_cast<std::uint32_t>(length), static_cast<std::uint32_t>(length)}};
    Tape<double> tape;
    const auto q = random_block(tape, rng, length, channels);
    const auto k = random_block(tape, rng, length, channels);
    const auto v = random_block(tape, rng, length, channels);
    const auto before = copy(attention<double>(q, k, v, heads, sequence).data());
    for (std::size_t c = 0; c < channels; ++c) {
      k.data()[changed * channels + c] = rng.uniform(-50, 50);
      v.data()[changed * channels + c] = rng.uniform(-50, 50);
    }
    const auto after = copy(attention<double>(q, k, v, heads, sequence).data());
    const std::size_t unchanged = changed * channels;
    EXPECT_TRUE(same_bits(std::vector(after.begin(), after.begin() + std::ptrdiff_t(unchanged)),
                          std::vector(before.begin(), before.begin() + std::ptrdiff_t(unchanged))));
    EXPECT_NE(after[unchanged], before[unchanged]) << "the changed token itself sees the change";
  }
}

TEST(Attention, a_packed_sequence_gets_the_same_bits_as_alone) {
  Rng rng = rng_of(4);
  for (const Case& c : cases()) {
    SCOPED_TRACE(describe(c));
    Tape<double> tape;
    const auto q = random_block(tape, rng, queries(c), c.channels);
    const auto k = random_block(tape, rng, keys(c), c.channels);
    const auto v = random_block(tape, rng, keys(c), c.channels);
    const auto packed = copy(attention<double>(q, k, v, c.heads, c.sequences).data());
    std::vector<double> alone;
    std::size_t row = 0, first = 0;
    for (const Sequence& s : c.sequences) {
      const auto rows_of = [&](Block<double> block, std::size_t from, std::size_t rows) {
        return Block<double>(tape, block(from, 0).index(), rows, c.channels);
      };
      const Block<double> out =
          attention<double>(rows_of(q, row, s.queries), rows_of(k, first, s.keys),
                            rows_of(v, first, s.keys), c.heads, Sequences{s});
      alone.insert(alone.end(), out.data().begin(), out.data().end());
      row += s.queries;
      first += s.keys;
    }
    EXPECT_TRUE(same_bits(packed, alone));
  }
}

// What a query gets depends on its place and on what it sees alone: a long sequence may be
// processed in pieces, with the keys of earlier ones from a cache.
TEST(Attention, of_a_piece_of_a_sequence_has_the_bits_of_the_whole) {
  Rng rng = rng_of(6);
  for (int round = 0; round < 40; ++round) {
    const auto length = static_cast<std::uint32_t>(1 + rng.below(200));
    const auto first = static_cast<std::uint32_t>(rng.below(length));
    const auto count = static_cast<std::uint32_t>(1 + rng.below(length - first));
    SCOPED_TRACE(fmt::format("{} queries from {} on, of {}", count, first, length));
    constexpr std::size_t kChannels = 6;
    Tape<double> tape;
    const auto q = random_block(tape, rng, length, kChannels);
    const auto k = random_block(tape, rng, length, kChannels);
    const auto v = random_block(tape, rng, length, kChannels);
    const auto rows = [&](Block<double> block, std::size_t from, std::size_t n) {
      return Block<double>(tape, block(from, 0).index(), n, kChannels);
    };
    const auto whole = attention<double>(q, k, v, 2, Sequences{{length, length}});
    const auto piece =
        attention<double>(rows(q, first, count), rows(k, 0, first + count),
                          rows(v, 0, first + count), 2, Sequences{{count, first + count}});
    EXPECT_TRUE(same_bits(copy(piece.data()), copy(rows(whole, first, count).data())));
  }
}

TEST(Attention, a_second_backward_adds_the_same_gradients_again) {
  Rng rng = rng_of(5);
  for (const Case& c : cases()) {
    SCOPED_TRACE(describe(c));
    Tape<double> tape;
    const auto q = random_block(tape, rng, queries(c), c.channels);
    const auto k = random_block(tape, rng, keys(c), c.channels);
    const auto v = random_block(tape, rng, keys(c), c.channels);
    const Val<double> sum = weighted_sum(attention<double>(q, k, v, c.heads, c.sequences));
    tape.backward(sum);
    std::vector<std::vector<double>> once;
    for (const Block<double>& block : {q, k, v}) once.push_back(copy(block.grad()));
    tape.backward(sum, Gradients::added_up);
    for (const auto& [block, before] :
         {std::pair(q, once[0]), std::pair(k, once[1]), std::pair(v, once[2])}) {
      for (std::size_t i = 0; i < block.size(); ++i) {
        EXPECT_TRUE(close(block.grad()[i], 2 * before[i], 1e-14));
      }
    }
  }
}

TEST(Attention, of_huge_scores_neither_overflows_nor_divides_by_zero) {
  Tape<double> tape;
  const Block<double> q = tape.zeros(2, 1), k = tape.zeros(2, 1), v = tape.zeros(2, 1);
  q.data()[0] = q.data()[1] = 1e100;
  k.data()[0] = -1e100, k.data()[1] = 1e100;
  v.data()[0] = 3, v.data()[1] = 5;
  const Block<double> out = attention<double>(q, k, v, 1, Sequences{{2, 2}});
  EXPECT_EQ(out.data()[0], 3);
  EXPECT_EQ(out.data()[1], 5);
}

TEST(Attention, of_shapes_that_do_not_fit_throws) {
  Tape<double> tape;
  const auto message = [&](Block<double> q, Block<double> k, Block<double> v, std::size_t heads,
                           Sequences sequences) {
    return error_of([&] { attention<double>(q, k, v, heads, sequences); });
  };
  const Block<double> three = tape.zeros(3, 4), two = tape.zeros(2, 4), wide = tape.zeros(3, 6);
  EXPECT_TRUE(contains(message(three, two, two, 1, {{3, 2}}), "3 queries but 2 keys"));
  EXPECT_TRUE(contains(message(three, three, three, 3, {{3, 3}}), "3 heads"));
  EXPECT_TRUE(contains(message(three, three, three, 0, {{3, 3}}), "0 heads"));
  EXPECT_TRUE(contains(message(three, three, three, 2, {{2, 2}}), "shapes"));
  EXPECT_TRUE(contains(message(two, three, three, 2, {{2, 2}}), "shapes"));
  EXPECT_TRUE(contains(message(two, three, two, 2, {{2, 3}}), "shapes"));
  EXPECT_TRUE(contains(message(three, wide, three, 2, {{3, 3}}), "shapes"));
  EXPECT_TRUE(contains(message(three, three, wide, 2, {{3, 3}}), "shapes"));
}

}  // namespace
}  // namespace microgpt::test
