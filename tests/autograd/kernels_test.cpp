// Every instruction set gives the bits of the portable table, for every kernel and precision, and
// writes nothing past the end of an array.
#include "kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../support/numbers.hpp"
#include "microgpt/core/elementary.hpp"

namespace microgpt::test {

using namespace autograd;
namespace {

template <class Real>
class KernelTable : public ::testing::Test {
 public:
  using Reals = std::vector<Real>;
  using Arrays = std::vector<Reals>;
  static constexpr std::size_t kGuard = 20;  // longer than any vector

  /// Runs a kernel on copies of the arrays, by every table that this processor can run. Inputs are
  /// compared like outputs: a kernel must leave them as they are.
  template <class Run>
  static void expect_same_bits(const Arrays& arrays, const Run& run) {
    const Arrays expected = outcome(kernels_for<Real>(Simd::portable), arrays, run);
    for (const Simd simd : supported_simd()) {
      SCOPED_TRACE(name(simd));
      const Kernels<Real>& table = kernels_for<Real>(simd);
      ASSERT_EQ(table.simd, simd);
      const Arrays found = outcome(table, arrays, run);
      for (std::size_t i = 0; i < arrays.size(); ++i) {
        EXPECT_TRUE(same_bits(found[i], expected[i])) << "array " << i;
        const auto end = found[i].begin() + static_cast<std::ptrdiff_t>(arrays[i].size());
        EXPECT_EQ(Reals(end, found[i].end()), Reals(kGuard, kUntouched)) << "written past the end";
      }
    }
  }

  /// Calls body(rng, rows, cols) for many shapes, the seed in the message of a failure.
  template <class Body>
  static void for_random_shapes(const Body& body) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      Rng rng = rng_of(seed);
      const std::size_t rows = 1 + rng.below(20), cols = 1 + rng.below(70);
      SCOPED_TRACE(fmt::format("seed {}: {} x {}", seed, rows, cols));
      body(rng, rows, cols);
    }
  }

  static Reals numbers(Rng& rng, std::size_t count, double low = -2, double high = 2) {
    return random_numbers<Real>(rng, count, low, high);
  }

  /// Numbers of usual sizes among which are some that overflow, underflow or are none.
  static Reals numbers_and_special_ones(Rng& rng, std::size_t count) {
    using Limits = std::numeric_limits<Real>;
    Reals found = numbers(rng, count, -8, 8);
    for (const Real special : {Limits::quiet_NaN(), -Limits::quiet_NaN(), Real{0}, -Real{0},
                               Limits::infinity(), -Limits::infinity(), Limits::max(),
                               Limits::lowest(), Limits::min(), Real(1e4), Real(-1e4)}) {
      if (rng.below(2) == 0) found[rng.below(count)] = special;
    }
    for (std::size_t i = rng.below(5); i < count; i += 5) found[i] *= Real(20);
    return found;
  }

  static std::vector<std::uint32_t> targets(Rng& rng, std::size_t rows, std::size_t cols) {
    std::vector<std::uint32_t> targets(rows);
    for (std::uint32_t& target : targets) target = static_cast<std::uint32_t>(rng.below(cols));
    return targets;
  }

 private:
  static constexpr Real kUntouched = Real(12345.678);

  template <class Run>
  static Arrays outcome(const Kernels<Real>& table, Arrays arrays, const Run& run) {
    for (Reals& array : arrays) array.resize(array.size() + kGuard, kUntouched);
    run(table, arrays);
    return arrays;
  }
};

using Precisions = ::testing::Types<double, float>;
TYPED_TEST_SUITE(KernelTable, Precisions);

/// A product of matrices whose rows are `gap` numbers longer than they are used.
struct Product {
  std::size_t rows, cols, inner, gap;
  bool a_transposed, b_transposed, accumulate;

  std::size_t c_row() const { return cols + gap; }
  std::size_t b_row() const { return (b_transposed ? inner : cols) + gap; }
  std::size_t b_size() const { return (b_transposed ? cols : inner) * b_row(); }
};

/// By every table, and against the plain chain that kernels.hpp promises.
template <class Fixture, class Real = typename Fixture::Reals::value_type>
void expect_product(Rng& rng, const Product& p) {
  const auto a = Fixture::numbers(rng, p.rows * p.inner), b = Fixture::numbers(rng, p.b_size());
  const auto c = Fixture::numbers(rng, p.rows * p.c_row());
  const auto product = [&](const Kernels<Real>& kernels, auto& arrays) {
    kernels.matmul({.rows = p.rows,
                    .cols = p.cols,
                    .inner = p.inner,
                    .a = arrays[0].data(),
                    .a_row = p.a_transposed ? 1 : p.inner,
                    .a_inner = p.a_transposed ? p.rows : 1,
                    .b = arrays[1].data(),
                    .b_inner = p.b_transposed ? 1 : p.b_row(),
                    .b_col = p.b_transposed ? p.b_row() : 1,
                    .c = arrays[2].data(),
                    .c_row = p.c_row(),
                    .accumulate = p.accumulate});
  };
  Fixture::expect_same_bits({a, b, c}, product);

  std::vector<std::vector<Real>> arrays = {a, b, c};
  product(kernels_for<Real>(Simd::best), arrays);
  std::vector<Real> expected = c;  // what lies in the gap between two rows stays as it is
  for (std::size_t i = 0; i < p.rows; ++i) {
    for (std::size_t j = 0; j < p.cols; ++j) {
      Real sum = p.accumulate ? c[i * p.c_row() + j] : Real{0};
      for (std::size_t k = 0; k < p.inner; ++k) {
        const Real a_ik = p.a_transposed ? a[k * p.rows + i] : a[i * p.inner + k];
        const Real b_kj = b[p.b_transposed ? j * p.b_row() + k : k * p.b_row() + j];
        sum = std::fma(a_ik, b_kj, sum);
      }
      expected[i * p.c_row() + j] = sum;
    }
  }
  EXPECT_TRUE(same_bits(arrays[2], expected));
}

TYPED_TEST(KernelTable, matmul) {
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    expect_product<TestFixture>(rng, {.rows = rows,
                                      .cols = cols,
                                      .inner = 1 + rng.below(40),
                                      .gap = rng.below(3),
                                      .a_transposed = rng.below(2) == 1,
                                      .b_transposed = rng.below(2) == 1,
                                      .accumulate = rng.below(2) == 1});
  });
}

// Large enough for panels of all kinds: deep ones, many rows, rows that lie far apart.
TYPED_TEST(KernelTable, matmul_of_large_matrices) {
  Rng rng = rng_of(1);
  const auto any_of = [&](std::initializer_list<std::size_t> sizes) {
    return std::data(sizes)[rng.below(sizes.size())] + rng.below(9);
  };
  expect_product<TestFixture>(rng, {300, 12, 600, 0, true, true, true});
  expect_product<TestFixture>(rng, {520, 7, 700, 0, true, true, false});
  for (int round = 0; round < 60; ++round) {
    Product p = {.rows = any_of({1, 5, 13, 45, 130, 260}),
                 .cols = any_of({1, 12, 60, 250, 520}),
                 .inner = any_of({1, 30, 120, 520}),
                 .gap = rng.below(3),
                 .a_transposed = rng.below(2) == 1,
                 .b_transposed = rng.below(2) == 1,
                 .accumulate = rng.below(2) == 1};
    while (p.rows * p.cols * p.inner > 3'000'000) {
      std::size_t& longest = std::max({std::ref(p.rows), std::ref(p.cols), std::ref(p.inner)},
                                      [](std::size_t& a, std::size_t& b) { return a < b; });
      longest = longest / 2 + 1;
    }
    SCOPED_TRACE(fmt::format("{} x {} x {}, {}{}{}", p.rows, p.inner, p.cols,
                             p.a_transposed ? "A^T " : "", p.b_transposed ? "B^T " : "",
                             p.accumulate ? "added" : ""));
    expect_product<TestFixture>(rng, p);
  }
}

TYPED_TEST(KernelTable, exp) {
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    const auto x = this->numbers(rng, rows * cols, -110, 100), y = this->numbers(rng, rows * cols);
    this->expect_same_bits({x, y}, [](const auto& kernels, auto& a) {
      kernels.exp(a[1].size() - TestFixture::kGuard, a[0].data(), a[1].data());
    });
    std::vector<TypeParam> found(x.size());
    kernels_for<TypeParam>(Simd::best).exp(x.size(), x.data(), found.data());
    for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(found[i], elementary::exp(x[i]));
  });
}

TYPED_TEST(KernelTable, transpose) {
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    const auto in = this->numbers(rng, rows * cols), out = this->numbers(rng, rows * cols);
    this->expect_same_bits({in, out}, [&](const auto& kernels, auto& a) {
      kernels.transpose(rows, cols, a[0].data(), a[1].data());
      for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < cols; ++j) ASSERT_EQ(a[1][j * rows + i], in[i * cols + j]);
      }
    });
  });
}

TYPED_TEST(KernelTable, add_also_in_place) {
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    const std::size_t n = rows * cols;
    this->expect_same_bits({this->numbers(rng, n), this->numbers(rng, n), this->numbers(rng, n)},
                           [n](const auto& kernels, auto& a) {
                             kernels.add(n, a[0].data(), a[1].data(), a[2].data());
                             kernels.add(n, a[2].data(), a[1].data(), a[2].data());
                           });
  });
}

TYPED_TEST(KernelTable, relu_and_its_way_back_with_nan_and_zeros_of_both_signs) {
  using Real = TypeParam;
  constexpr Real kNaN = std::numeric_limits<Real>::quiet_NaN();
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    const std::size_t n = rows * cols;
    auto x = this->numbers(rng, n);
    for (const Real special : {kNaN, -kNaN, Real{0}, -Real{0}}) x[rng.below(n)] = special;
    this->expect_same_bits({x, this->numbers(rng, n), this->numbers(rng, n), this->numbers(rng, n)},
                           [&](const Kernels<Real>& kernels, auto& a) {
                             kernels.relu(n, a[0].data(), a[1].data());
                             kernels.relu_backward(n, a[0].data(), a[2].data(), a[3].data());
                             for (std::size_t i = 0; i < n; ++i) {
                               EXPECT_EQ(std::isnan(a[1][i]), std::isnan(x[i])) << i;
                               EXPECT_FALSE(a[1][i] < 0) << i;
                             }
                           });
  });
}

TYPED_TEST(KernelTable, relu_squared_and_its_way_back_with_special_numbers) {
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    const std::size_t n = rows * cols;
    this->expect_same_bits({this->numbers_and_special_ones(rng, n), this->numbers(rng, n),
                            this->numbers(rng, n), this->numbers(rng, n)},
                           [n](const auto& kernels, auto& a) {
                             kernels.relu_squared(n, a[0].data(), a[1].data());
                             kernels.relu_squared_backward(n, a[0].data(), a[2].data(),
                                                           a[3].data());
                           });
  });
}

TYPED_TEST(KernelTable, gelu_and_its_way_back_with_special_numbers) {
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    const std::size_t n = rows * cols;
    const auto x = this->numbers_and_special_ones(rng, n);
    this->expect_same_bits({x, this->numbers(rng, n), this->numbers(rng, n), this->numbers(rng, n)},
                           [&](const auto& kernels, auto& a) {
                             kernels.gelu(n, a[0].data(), a[1].data());
                             kernels.gelu_backward(n, a[0].data(), a[2].data(), a[3].data());
                             for (std::size_t i = 0; i < n; ++i) {
                               ASSERT_EQ(std::isnan(a[1][i]), std::isnan(x[i])) << x[i];
                               ASSERT_EQ(std::isnan(a[3][i]), std::isnan(x[i]))
                                   << "the gradient at " << x[i];
                             }
                           });
  });
}

TYPED_TEST(KernelTable, swiglu_and_its_way_back_with_special_gates) {
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    const std::size_t n = rows * cols;
    const auto gate = this->numbers_and_special_ones(rng, n);
    this->expect_same_bits({gate, this->numbers(rng, n), this->numbers(rng, n),
                            this->numbers(rng, n), this->numbers(rng, n), this->numbers(rng, n)},
                           [&](const auto& kernels, auto& a) {
                             kernels.swiglu(n, a[0].data(), a[1].data(), a[2].data());
                             kernels.swiglu_backward(n, a[0].data(), a[1].data(), a[3].data(),
                                                     a[4].data(), a[5].data());
                             for (std::size_t i = 0; i < n; ++i) {
                               for (const std::size_t array : {2U, 4U, 5U}) {
                                 ASSERT_EQ(std::isnan(a[array][i]), std::isnan(gate[i]))
                                     << array << ": " << gate[i];
                               }
                             }
                           });
  });
}

TYPED_TEST(KernelTable, rotary_and_its_way_back) {
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t width) {
    const std::size_t heads = 1 + rng.below(3), n = rows * heads * width;
    this->expect_same_bits(
        {this->numbers(rng, n), this->numbers(rng, rows * 2 * (width / 2)), this->numbers(rng, n),
         this->numbers(rng, n), this->numbers(rng, n)},
        [&](const Kernels<TypeParam>& kernels, auto& a) {
          const RotaryArguments<TypeParam> arguments = {
              .rows = rows, .heads = heads, .width = width, .turns = a[1].data()};
          kernels.rotary(arguments, a[0].data(), a[2].data());
          kernels.rotary_backward(arguments, a[3].data(), a[4].data());
        });
  });
}

TYPED_TEST(KernelTable, rmsnorm_and_its_way_back) {
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    const std::size_t n = rows * cols;
    this->expect_same_bits({this->numbers(rng, n), this->numbers(rng, n), this->numbers(rng, rows),
                            this->numbers(rng, n), this->numbers(rng, n)},
                           [&](const auto& kernels, auto& a) {
                             kernels.rmsnorm(rows, cols, a[0].data(), a[1].data(), a[2].data());
                             kernels.rmsnorm_backward(rows, cols, a[1].data(), a[2].data(),
                                                      a[3].data(), a[4].data());
                           });
  });
}

TYPED_TEST(KernelTable, softmax_and_its_way_back) {
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    const std::size_t n = rows * cols;
    this->expect_same_bits({this->numbers(rng, n, -20, 20), this->numbers(rng, n),
                            this->numbers(rng, n), this->numbers(rng, n)},
                           [&](const auto& kernels, auto& a) {
                             kernels.softmax(rows, cols, a[0].data(), a[1].data());
                             kernels.softmax_backward(rows, cols, a[1].data(), a[2].data(),
                                                      a[3].data());
                           });
  });
}

// Of two logits, 0 and x <= 0: the lanes compute elementary::exp and elementary::log, bit for bit.
TYPED_TEST(KernelTable, softmax_and_cross_entropy_use_the_elementary_functions) {
  constexpr std::uint32_t kFirst[] = {0};
  Rng rng = rng_of(1);
  auto inputs = random_numbers<TypeParam>(rng, 20'000, -800, 0);
  for (int i = 0; i < 20'000; ++i) {
    inputs.push_back(-static_cast<TypeParam>(rng.log_uniform(1e-40, 90)));
  }
  for (const Simd simd : supported_simd()) {
    SCOPED_TRACE(name(simd));
    const Kernels<TypeParam>& kernels = kernels_for<TypeParam>(simd);
    for (const TypeParam x : inputs) {
      const TypeParam logits[] = {0, x}, e = elementary::exp(x), inverse = 1 / (1 + e);
      typename TestFixture::Reals probabilities(2), loss(1);
      kernels.softmax(1, 2, logits, probabilities.data());
      ASSERT_TRUE(same_bits(probabilities, {inverse, e * inverse})) << x;
      kernels.cross_entropy(1, 2, logits, kFirst, nullptr, loss.data());
      ASSERT_TRUE(same_bits(loss, {elementary::log(1 + e)})) << x;
    }
  }
}

TYPED_TEST(KernelTable, cross_entropy_and_its_way_back) {
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    const std::size_t n = rows * cols;
    const auto target = this->targets(rng, rows, cols);
    this->expect_same_bits(
        {this->numbers(rng, n, -20, 20), this->numbers(rng, n), this->numbers(rng, rows),
         this->numbers(rng, rows), this->numbers(rng, n)},
        [&](const auto& kernels, auto& a) {
          kernels.cross_entropy(rows, cols, a[0].data(), target.data(), nullptr, a[2].data());
          const std::vector losses(a[2].begin(), a[2].begin() + static_cast<std::ptrdiff_t>(rows));
          kernels.cross_entropy(rows, cols, a[0].data(), target.data(), a[1].data(), a[2].data());
          for (std::size_t t = 0; t < rows; ++t) ASSERT_EQ(a[2][t], losses[t]) << "without p";
          kernels.cross_entropy_backward(rows, cols, a[1].data(), target.data(), a[3].data(),
                                         a[4].data());
        });
  });
}

TYPED_TEST(KernelTable, attention_and_its_way_back) {
  using Real = TypeParam;
  using Arguments = AttentionArguments<Real>;
  this->for_random_shapes([&](Rng& rng, std::size_t, std::size_t) {
    const std::size_t heads = 1 + rng.below(4), channels = heads * (1 + rng.below(20));
    std::vector<Sequence> sequences(1 + rng.below(3));
    std::size_t queries = 0, keys = 0, saved = 0, scratch = 0;
    for (Sequence& s : sequences) {
      const bool is_long = rng.below(4) == 0;
      s.queries = static_cast<std::uint32_t>(1 + rng.below(is_long             ? 200
                                                           : rng.below(2) == 0 ? 20
                                                                               : 1));
      s.keys = s.queries + static_cast<std::uint32_t>(rng.below(is_long ? 100 : 4));
      queries += s.queries * channels;
      keys += s.keys * channels;
      saved += Arguments::saved_count(s, heads);
      scratch = std::max(scratch, Arguments::scratch_count(s, channels, heads));
    }
    // q, k, v, what is saved, out, the gradients of out, q, k and v, and scratch
    std::vector<std::vector<Real>> arrays;
    for (const std::size_t n :
         {queries, keys, keys, saved, queries, queries, queries, keys, keys, scratch}) {
      arrays.push_back(this->numbers(rng, n));
    }
    this->expect_same_bits(arrays, [&](const Kernels<Real>& kernels, auto& a) {
      const Arguments arguments = {.channels = channels,
                                   .heads = heads,
                                   .sequences = sequences.data(),
                                   .sequence_count = sequences.size(),
                                   .q = a[0].data(),
                                   .k = a[1].data(),
                                   .v = a[2].data(),
                                   .saved = a[3].data(),
                                   .scratch = a[9].data()};
      kernels.attention(arguments, a[4].data());
      Arguments without = arguments;
      without.saved = nullptr;
      std::vector<Real> out(queries), memory(scratch + saved);
      without.scratch = memory.data();
      kernels.attention(without, out.data());
      ASSERT_TRUE(std::equal(out.begin(), out.end(), a[4].begin())) << "nothing is kept";
      kernels.attention_backward(arguments, a[4].data(), a[5].data(), a[6].data(), a[7].data(),
                                 a[8].data());
      std::fill_n(a[9].begin(), scratch, Real{0});  // what is left there is nobody's business
    });
  });
}

TYPED_TEST(KernelTable, adam) {
  using Real = TypeParam;
  this->for_random_shapes([&](Rng& rng, std::size_t rows, std::size_t cols) {
    const std::size_t n = rows * cols;
    std::vector<std::vector<Real>> arrays = {this->numbers(rng, n), this->numbers(rng, n),
                                             this->numbers(rng, n), this->numbers(rng, n, 0, 2)};
    for (std::size_t i = rng.below(7); i < n; i += 7) {  // of every size, down to nothing
      const auto size = static_cast<Real>(std::pow(10, rng.uniform(-70, 0)));
      for (const std::size_t array : {1U, 2U, 3U}) arrays[array][i] *= size;
    }
    const Real keep = rng.below(2) == 0 ? Real{1} : static_cast<Real>(rng.uniform());
    this->expect_same_bits(arrays, [&](const Kernels<Real>& kernels, auto& a) {
      for (const bool drop_tiny_moments : {false, true, false}) {
        kernels.adam({.count = n,
                      .weights = a[0].data(),
                      .gradients = a[1].data(),
                      .first_moment = a[2].data(),
                      .second_moment = a[3].data(),
                      .beta1 = Real(0.85),
                      .beta2 = Real(0.99),
                      .epsilon = Real(1e-8),
                      .step = Real(0.01),
                      .drop_tiny_moments = drop_tiny_moments,
                      .keep = keep});
      }
      EXPECT_TRUE(std::ranges::all_of(a[0], [](Real weight) { return std::isfinite(weight); }));
    });
  });
}

}  // namespace
}  // namespace microgpt::test
