#include "microgpt/autograd/tape.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "fused_record.hpp"
#include "kernels.hpp"
#include "microgpt/autograd/val.hpp"
#include "scalar_rules.hpp"

namespace microgpt::autograd {

template <class Real>
Tape<Real>::Tape(Simd simd) : kernels_(&kernels_for<Real>(simd)) {}

template <class Real>
Tape<Real>::~Tape() = default;

template <class Real>
Val<Real> Tape<Real>::value(Real data) {
  const Index index = static_cast<Index>(data_.size());
  data_.push_back(data);
  grad_.push_back(0);
  return {*this, index};
}

template <class Real>
Block<Real> Tape<Real>::zeros(std::size_t rows, std::size_t cols) {
  const Index first = allocate(rows * cols);
  std::fill_n(&data_[first], rows * cols, Real{0});
  std::fill_n(&grad_[first], rows * cols, Real{0});
  return {*this, first, rows, cols};
}

template <class Real>
Index Tape<Real>::allocate(std::size_t count) {
  const std::size_t end = data_.size(), first = (end + kLine - 1) / kLine * kLine;
  if (first + count > std::numeric_limits<Index>::max()) fail("the tape is full: 2^32 numbers");
  data_.resize(first + count);
  grad_.resize(first + count);
  // The padding is zeroed, so that passes over a whole range are harmless.
  for (std::size_t i = end; i < first; ++i) data_[i] = grad_[i] = 0;
  return static_cast<Index>(first);
}

template <class Real>
Index Tape<Real>::save(std::size_t count) {
  const std::size_t first = (saved_.size() + kLine - 1) / kLine * kLine;
  saved_.resize(first + count);
  return static_cast<Index>(first);
}

template <class Real>
std::span<std::uint32_t> Tape<Real>::integers(std::size_t count) {
  const std::size_t first = integers_.size();
  integers_.resize(first + count);
  return {integers_.data() + first, count};
}

template <class Real>
void Tape<Real>::backward(Val<Real> output, Gradients of_parameters) {
  require(records_.size() > 0 && output.index() >= records_[0].output,
          "backward of a value that was not recorded");
  const Index first = records_[0].output;
  if (of_parameters == Gradients::replaced) reset_gradients(0, first);
  if (scalar_records_) grad(0, first);  // the loop below ignores pending resets
  const std::size_t count = grad_.size() - first;
  if (!scalar_records_ && first % kLine == 0 && count * sizeof(Real) > kManyBytes) {
    reset_gradients(first, count);
    grad(output.index());  // its cache line gets its zeros before the one is written
  } else {
    std::fill_n(grad_.data() + first, count, Real{0});
  }
  grad_[output.index()] = 1;
  for (std::size_t i = records_.size(); i-- > 0;) {
    const Record& record = records_[i];
    if (record.op == Op::fused) {
      const FusedRecord<Real>& fused = fused_[record.a];
      fused.rule->backward(*this, fused);
      continue;
    }
    const Real gradient = grad_[record.output];
    const auto local =
        local_derivatives(record.op, data_[record.a], data_[record.b], data_[record.output]);
    grad_[record.a] += gradient * local.a;
    if (has_two_parents(record.op)) grad_[record.b] += gradient * local.b;
  }
}

template <class Real>
void Tape<Real>::reset_gradients(Index first, std::size_t count) {
  require(first % kLine == 0, "only whole blocks can be reset");
  const std::size_t begin = first / kLine, end = (first + count) / kLine;
  for (std::size_t line = reset_.size(); line < end; ++line) reset_.push_back(0);
  std::fill(reset_.data() + begin, reset_.data() + end, std::uint8_t{1});
  reset_end_ = std::max(reset_end_, end * kLine);
  // The last cache line may be shared with a value that follows.
  std::fill(&grad_[end * kLine], &grad_[first + count], Real{0});
}

template <class Real>
void Tape<Real>::write_zeros(Index first, std::size_t count) {
  const std::size_t end = std::min((first + count + kLine - 1) / kLine, reset_end_ / kLine);
  std::uint8_t* line = reset_.data() + first / kLine;
  std::uint8_t* const last = reset_.data() + end;
  while (line < last) {
    line = static_cast<std::uint8_t*>(std::memchr(line, 1, static_cast<std::size_t>(last - line)));
    if (line == nullptr) return;
    std::uint8_t* const run = line;
    while (line < last && *line != 0) *line++ = 0;
    std::fill_n(grad_.data() + (run - reset_.data()) * std::ptrdiff_t{kLine},
                static_cast<std::size_t>(line - run) * kLine, Real{0});
  }
}

template <class Real>
bool Tape<Real>::take_reset(Index first, std::size_t count) {
  const std::size_t begin = first / kLine, lines = (first + count + kLine - 1) / kLine - begin;
  if (first % kLine != 0 || (begin + lines) * kLine > reset_end_) return false;
  if (std::memchr(reset_.data() + begin, 0, lines) != nullptr) return false;
  std::memset(reset_.data() + begin, 0, lines);
  // Other gradients in the last cache line were reset with it.
  std::fill(&grad_[first + count], &grad_[(begin + lines) * kLine], Real{0});
  return true;
}

template <class Real>
std::vector<Parent<Real>> Tape<Real>::history(Index i) {
  if (records_.size() == 0 || i < records_[0].output) return {};
  // Outputs are in creation order: the record of i is the last one that starts at or before it.
  const std::span<const Record> records(records_.data(), records_.size());
  const auto after =
      std::upper_bound(records.begin(), records.end(), i,
                       [](Index index, const Record& r) { return index < r.output; });
  const Record& record = after[-1];
  if (record.op == Op::fused) {
    const FusedRecord<Real>& fused = fused_[record.a];
    const std::size_t offset = i - fused.output;
    if (offset >= std::size_t{fused.rows} * fused.cols) return {};
    return fused.rule->history(*this, fused, offset);
  }
  if (record.output != i) return {};
  const auto local = local_derivatives(record.op, data_[record.a], data_[record.b], data_[i]);
  std::vector<Parent<Real>> parents = {{Val<Real>(*this, record.a), local.a}};
  if (has_two_parents(record.op)) parents.push_back({Val<Real>(*this, record.b), local.b});
  return parents;
}

template <class Real>
auto Tape<Real>::position() const -> Position {
  return {data_.size(), saved_.size(), records_.size(), fused_.size(), integers_.size()};
}

template <class Real>
void Tape<Real>::rewind(const Position& position) {
  data_.resize(position.values);
  grad_.resize(position.values);
  saved_.resize(position.saved);
  records_.resize(position.records);
  scalar_records_ = scalar_records_ && position.records > 0;
  fused_.resize(position.fused);
  integers_.resize(position.integers);
  if (reset_end_ > position.values) forget_resets(position.values);
}

template <class Real>
void Tape<Real>::forget_resets(std::size_t first) {
  const std::size_t begin = (first + kLine - 1) / kLine;
  const std::size_t end = reset_end_ / kLine;
  if (begin < end) std::fill(reset_.data() + begin, reset_.data() + end, std::uint8_t{0});
  reset_end_ = std::min(reset_end_, begin * kLine);
}

namespace detail {

template <class Real>
Real power(Real x, Real y) {
  if (y == Real(0.5) && x >= 0) return std::sqrt(x);
  if (y == Real(-0.5) && x > 0) return 1 / std::sqrt(x);
  const bool whole = y == std::floor(y);
  require(std::isnan(x) || std::isnan(y) || x > 0 || (x < 0 && whole) || (x == 0 && y >= 0),
          "pow of {} to {} is not a real number", x, y);
  if (whole && std::abs(y) <= 64) {
    Real result = 1;
    for (int i = 0; i < static_cast<int>(std::abs(y)); ++i) result *= x;
    return y < 0 ? 1 / result : result;
  }
  if (x == 0) return 0;
  const Real magnitude = elementary::exp(y * elementary::log(std::abs(x)));
  const bool odd = whole && std::fmod(y, Real{2}) != 0;
  return x < 0 && odd ? -magnitude : magnitude;
}

template double power(double, double);
template float power(float, float);

}  // namespace detail

template class Tape<double>;
template class Tape<float>;

}  // namespace microgpt::autograd
