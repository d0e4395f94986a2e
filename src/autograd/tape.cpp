#include "microgpt/autograd/tape.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "fused_record.hpp"
#include "kernels.hpp"
#include "microgpt/autograd/val.hpp"
#include "scalar_rules.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kAlignment = 64;  // a cache line, and a whole AVX-512 register

std::size_t grown(std::size_t capacity, std::size_t needed) {
  return std::max({needed, capacity * 2, std::size_t{1024}});
}

/// A larger copy of an array; throws std::bad_alloc.
template <class T>
T* reallocated(const T* old, std::size_t used, std::size_t capacity) {
  const std::size_t bytes = (capacity * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
  void* memory = std::aligned_alloc(kAlignment, bytes);
  if (memory == nullptr) throw std::bad_alloc();
  if (used > 0) std::memcpy(memory, old, used * sizeof(T));
  return static_cast<T*>(memory);
}

}  // namespace

template <class Real>
void Tape<Real>::FreeDelete::operator()(void* memory) const {
  std::free(memory);
}

template <class Real>
Tape<Real>::Tape(Simd simd) : kernels_(&kernels_for<Real>(simd)) {}

template <class Real>
Tape<Real>::~Tape() = default;

template <class Real>
Val<Real> Tape<Real>::value(Real data) {
  if (size_ == capacity_) reserve_values(size_ + 1);
  const Index index = static_cast<Index>(size_++);
  data_[index] = data;
  grad_[index] = 0;
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
  constexpr std::size_t kLine = kAlignment / sizeof(Real);
  const std::size_t first = (size_ + kLine - 1) / kLine * kLine;
  if (first + count > capacity_) reserve_values(first + count);
  // The skipped numbers belong to nobody; as zeros they do no harm in a pass over a whole range.
  std::fill(&data_[size_], &data_[first], Real{0});
  std::fill(&grad_[size_], &grad_[first], Real{0});
  size_ = first + count;
  return static_cast<Index>(first);
}

template <class Real>
void Tape<Real>::push(const FusedRecord<Real>& record) {
  if (!recording_) return;
  if (records_size_ == records_capacity_) reserve_records(records_size_ + 1);
  records_[records_size_++] = {Op::fused, record.output, static_cast<Index>(fused_.size()), 0};
  fused_.push_back(record);
}

template <class Real>
std::span<std::uint32_t> Tape<Real>::integers(std::size_t count) {
  integers_.resize(integers_.size() + count);
  return std::span(integers_).last(count);
}

template <class Real>
std::span<const std::uint32_t> Tape<Real>::integers(std::size_t first, std::size_t count) const {
  return std::span(integers_).subspan(first, count);
}

template <class Real>
void Tape<Real>::backward(Val<Real> output) {
  require(records_size_ > 0 && output.index() >= records_[0].output,
          "backward of a value that was not recorded");
  const Index first = records_[0].output;
  std::fill(&grad_[first], &grad_[size_], Real{0});
  grad_[output.index()] = 1;
  for (std::size_t i = records_size_; i-- > 0;) {
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
std::vector<Parent<Real>> Tape<Real>::history(Index i) {
  if (records_size_ == 0 || i < records_[0].output) return {};
  // Outputs are in creation order: the record of i is the last one that starts at or before it.
  const std::span<const Record> records(records_.get(), records_size_);
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
  return {size_, records_size_, fused_.size(), integers_.size()};
}

template <class Real>
void Tape<Real>::rewind(const Position& position) {
  size_ = position.values;
  records_size_ = position.records;
  fused_.resize(position.fused);
  integers_.resize(position.integers);
}

template <class Real>
void Tape<Real>::reserve_values(std::size_t count) {
  require(count <= std::numeric_limits<Index>::max(), "the tape holds at most 2^32 - 1 values");
  const std::size_t capacity = grown(capacity_, count);
  Array<Real> data(reallocated(data_.get(), size_, capacity));
  grad_.reset(reallocated(grad_.get(), size_, capacity));
  data_ = std::move(data);
  capacity_ = capacity;
}

template <class Real>
void Tape<Real>::reserve_records(std::size_t count) {
  records_capacity_ = grown(records_capacity_, count);
  records_.reset(reallocated(records_.get(), records_size_, records_capacity_));
}

namespace detail {

template <class Real>
Real power(Real x, Real y) {
  if (y == Real(0.5) && x >= 0) return std::sqrt(x);
  if (y == Real(-0.5) && x > 0) return 1 / std::sqrt(x);
  const bool whole = y == std::floor(y);
  require(x == x && y == y ? x > 0 || (whole && (x < 0 || y >= 0)) : true,
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

}  // namespace microgpt
