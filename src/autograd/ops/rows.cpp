// gather, sum_rows, embed: rearranging values.
#include <algorithm>

#include "../fused_record.hpp"
#include "../kernels.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::autograd {
namespace {

// integers: the rows of x; inner: how many x has
template <class Real>
constexpr FusedRule<Real> kGather = {
    .backward =
        [](Tape<Real>& tape, const FusedRecord<Real>& r) {
          const auto rows = tape.integers(r.integers, r.integer_count);
          const std::size_t C = r.cols;
          const Real* grad_out = tape.grad(r.output, r.rows * C).data();
          Real* grad_x = tape.grad(r.x, r.inner * C).data();
          for (std::size_t i = 0; i < r.rows; ++i, grad_out += C) {
            Real* row = grad_x + rows[i] * C;
            tape.kernels().add(C, row, grad_out, row);
          }
        },
    .history =
        [](Tape<Real>& tape, const FusedRecord<Real>& r, std::size_t i) {
          const Index row = static_cast<Index>(i) / r.cols, col = static_cast<Index>(i) % r.cols;
          const Index from = tape.integers(r.integers, r.integer_count)[row];
          return std::vector<Parent<Real>>{{{tape, r.x + from * r.cols + col}, 1}};
        }};

// integers: the rows of x; saved: their multipliers; inner: how many a row of the result has
template <class Real>
constexpr FusedRule<Real> kSumRows = {
    .backward =
        [](Tape<Real>& tape, const FusedRecord<Real>& r) {
          const auto rows = tape.integers(r.integers, r.integer_count);
          const std::span<const Real> multipliers = tape.saved(r.saved, rows.size());
          const std::size_t C = r.cols;
          const Real* grad_out = tape.grad(r.output, r.rows * C).data();
          for (std::size_t i = 0; i < rows.size(); ++i) {
            if (multipliers[i] == 0) continue;
            const Real* of_sum = grad_out + i / r.inner * C;
            Real* row = tape.grad(r.x + static_cast<Index>(rows[i] * C), C).data();
            for (std::size_t c = 0; c < C; ++c) row[c] += multipliers[i] * of_sum[c];
          }
        },
    .history =
        [](Tape<Real>& tape, const FusedRecord<Real>& r, std::size_t i) {
          const auto rows = tape.integers(r.integers, r.integer_count);
          const std::size_t first = i / r.cols * r.inner;
          std::vector<Parent<Real>> parents;
          for (std::size_t j = first; j < first + r.inner; ++j) {
            const auto place = static_cast<Index>(rows[j] * r.cols + i % r.cols);
            parents.push_back({{tape, r.x + place}, tape.saved(r.saved, rows.size())[j]});
          }
          return parents;
        }};

// integers: the tokens, the positions, then the rows of both tables
template <class Real>
constexpr FusedRule<Real> kEmbed = {
    .backward =
        [](Tape<Real>& tape, const FusedRecord<Real>& r) {
          const auto integers = tape.integers(r.integers, r.integer_count);
          const std::size_t T = r.rows, C = r.cols;
          const Real* grad_out = tape.grad(r.output, T * C).data();
          Real* grad_token = tape.grad(r.x, integers[2 * T] * C).data();
          Real* grad_position = tape.grad(r.y, integers[2 * T + 1] * C).data();
          for (std::size_t t = 0; t < T; ++t, grad_out += C) {
            for (Real* row : {grad_token + integers[t] * C, grad_position + integers[T + t] * C}) {
              tape.kernels().add(C, row, grad_out, row);
            }
          }
        },
    .history =
        [](Tape<Real>& tape, const FusedRecord<Real>& r, std::size_t i) {
          const auto integers = tape.integers(r.integers, r.integer_count);
          const Index row = static_cast<Index>(i) / r.cols, col = static_cast<Index>(i) % r.cols;
          return std::vector<Parent<Real>>{
              {{tape, r.x + integers[row] * r.cols + col}, 1},
              {{tape, r.y + integers[r.rows + row] * r.cols + col}, 1}};
        }};

}  // namespace

template <class Real>
Block<Real> gather(Block<Real> x, std::span<const std::uint32_t> rows) {
  Tape<Real>& tape = x.tape();
  const std::size_t C = x.cols();
  const Block<Real> out(tape, tape.allocate(rows.size() * C), rows.size(), C);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require(rows[i] < x.rows(), "gather: row {} is not below {}", rows[i], x.rows());
    std::copy_n(&x.data()[rows[i] * C], C, &out.data()[i * C]);
  }
  const std::size_t first = tape.integer_count();
  std::copy(rows.begin(), rows.end(), tape.integers(rows.size()).begin());
  tape.push({.rule = &kGather<Real>,
             .output = out.first(),
             .x = x.first(),
             .rows = static_cast<std::uint32_t>(rows.size()),
             .cols = static_cast<std::uint32_t>(C),
             .inner = static_cast<std::uint32_t>(x.rows()),
             .integers = static_cast<std::uint32_t>(first),
             .integer_count = static_cast<std::uint32_t>(rows.size())});
  return out;
}

template <class Real>
Block<Real> sum_rows(Block<Real> x, std::size_t width, std::span<const std::uint32_t> rows,
                     std::span<const Real> multipliers) {
  require(width > 0 && rows.size() % width == 0 && multipliers.size() == rows.size(),
          "sum_rows: {} rows and {} multipliers in sums of {}", rows.size(), multipliers.size(),
          width);
  Tape<Real>& tape = x.tape();
  const std::size_t C = x.cols(), sums = rows.size() / width;
  const Block<Real> out(tape, tape.allocate(sums * C), sums, C);
  std::ranges::fill(out.data(), Real{0});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require(rows[i] < x.rows(), "sum_rows: row {} is not below {}", rows[i], x.rows());
    if (multipliers[i] == 0) continue;
    const Real* row = &x.data()[rows[i] * C];
    Real* sum = &out.data()[i / width * C];
    for (std::size_t c = 0; c < C; ++c) sum[c] += multipliers[i] * row[c];
  }
  if (!tape.recording()) return out;
  const std::size_t first = tape.integer_count();
  std::ranges::copy(rows, tape.integers(rows.size()).begin());
  const Index saved = tape.save(rows.size());
  std::ranges::copy(multipliers, tape.saved(saved, rows.size()).begin());
  tape.push({.rule = &kSumRows<Real>,
             .output = out.first(),
             .x = x.first(),
             .saved = saved,
             .rows = static_cast<std::uint32_t>(sums),
             .cols = static_cast<std::uint32_t>(C),
             .inner = static_cast<std::uint32_t>(width),
             .integers = static_cast<std::uint32_t>(first),
             .integer_count = static_cast<std::uint32_t>(rows.size())});
  return out;
}

template <class Real>
Block<Real> embed(Block<Real> token_table, Block<Real> position_table,
                  std::span<const std::uint32_t> tokens, std::span<const std::uint32_t> positions) {
  const std::size_t T = tokens.size(), C = token_table.cols();
  require(positions.size() == T && position_table.cols() == C,
          "embed: {} tokens and {} positions, tables of {} and {} columns", T, positions.size(), C,
          position_table.cols());
  Tape<Real>& tape = token_table.tape();
  const Block<Real> out(tape, tape.allocate(T * C), T, C);
  for (std::size_t t = 0; t < T; ++t) {
    require(tokens[t] < token_table.rows(), "embed: token {} is not below {}", tokens[t],
            token_table.rows());
    require(positions[t] < position_table.rows(), "embed: position {} is not below {}",
            positions[t], position_table.rows());
    tape.kernels().add(C, &token_table.data()[tokens[t] * C],
                       &position_table.data()[positions[t] * C], &out.data()[t * C]);
  }
  const std::size_t first = tape.integer_count();
  const auto integers = tape.integers(2 * T + 2);
  integers[2 * T] = static_cast<std::uint32_t>(token_table.rows());
  integers[2 * T + 1] = static_cast<std::uint32_t>(position_table.rows());
  std::copy(tokens.begin(), tokens.end(), integers.begin());
  std::copy(positions.begin(), positions.end(), integers.begin() + static_cast<std::ptrdiff_t>(T));
  tape.push({.rule = &kEmbed<Real>,
             .output = out.first(),
             .x = token_table.first(),
             .y = position_table.first(),
             .rows = static_cast<std::uint32_t>(T),
             .cols = static_cast<std::uint32_t>(C),
             .integers = static_cast<std::uint32_t>(first),
             .integer_count = static_cast<std::uint32_t>(2 * T + 2)});
  return out;
}

#define MICROGPT_INSTANTIATE(Real)                                                        \
  template Block<Real> gather(Block<Real>, std::span<const std::uint32_t>);               \
  template Block<Real> sum_rows(Block<Real>, std::size_t, std::span<const std::uint32_t>, \
                                std::span<const Real>);                                   \
  template Block<Real> embed(Block<Real>, Block<Real>, std::span<const std::uint32_t>,    \
                             std::span<const std::uint32_t>);
MICROGPT_INSTANTIATE(double)
MICROGPT_INSTANTIATE(float)

}  // namespace microgpt::autograd
