#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "microgpt/autograd/buffer.hpp"
#include "microgpt/autograd/simd.hpp"

namespace microgpt::autograd {

template <class Real>
class Val;
template <class Real>
class Block;
template <class Real>
struct Parent;
template <class Real>
struct Kernels;
template <class Real>
struct FusedRecord;

/// The place of a value on its tape.
using Index = std::uint32_t;

/// The operations of the scalar algebra. `pow_constant` has an exponent that is not a value.
enum class Op : std::uint32_t { add, sub, mul, div, neg, pow, pow_constant, exp, log, relu, fused };

/// All numbers of a computation, in flat arrays, in the order of their creation.
///
/// Creation order is topological order, so the chain rule is one loop over the records from the
/// last to the first: no search, no recursion, no allocation. A value made by an operation is
/// followed by its record; a leaf has none. A scalar record names its two operands; a fused record
/// stands for a whole block of outputs (see FusedRecord in src/autograd/fused_record.hpp).
///
/// Parameters are made first and stay; each training step runs in a Scope, which rewinds the rest.
/// A Val points to its tape, hence a tape is neither copied nor moved.
template <class Real>
class Tape {
 public:
  explicit Tape(Simd simd = Simd::best);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// A new leaf.
  Val<Real> value(Real data);

  /// A new block of rows x cols leaves with data 0, aligned for the kernels.
  Block<Real> zeros(std::size_t rows, std::size_t cols);

  /// Sets the gradient of every value to d output / d value. Values older than the first record
  /// (the parameters) accumulate over calls instead, until something resets their gradients.
  /// Throws Error if nothing was recorded, because recording was off.
  void backward(Val<Real> output);

  /// Sets the gradients of a block of parameters to zero, in no time: nothing is written until the
  /// gradients are looked at or added to, and a matrix product that comes first just overwrites.
  void reset_gradients(Index first, std::size_t count);

  Real data(Index i) const { return data_[i]; }
  Real grad(Index i) { return grad(i, 1)[0]; }
  std::span<Real> data(Index first, std::size_t count) { return {&data_[first], count}; }
  std::span<Real> grad(Index first, std::size_t count) {
    if (first < reset_end_) write_zeros(first, count);
    return {&grad_[first], count};
  }

  /// Forgets every value and keeps the memory, so that the next model need not ask for it again.
  void clear() { rewind({}); }

  std::size_t value_count() const { return data_.size(); }
  std::size_t record_count() const { return records_.size(); }
  bool recording() const { return recording_; }
  const Kernels<Real>& kernels() const { return *kernels_; }

  /// Parents and local derivatives of a value; empty for a leaf.
  std::vector<Parent<Real>> history(Index i);

  /// Rewinds the tape to where it was, also on an exception.
  class Scope;
  /// Switches recording off: values are computed, nothing is remembered.
  class Inference;

  // ---- For the operations themselves ----

  /// A new value made by a scalar operation; `b` repeats `a` where there is one operand.
  Index push(Op op, Real data, Index a, Index b);
  /// Room for `count` new values, aligned to a cache line; data not set.
  Index allocate(std::size_t count);
  /// Whether gradients were reset and not touched since. They are then the caller's to overwrite.
  bool take_reset(Index first, std::size_t count);
  /// Room for `count` numbers that an operation keeps for the way back: they are no values and
  /// have no gradients. Aligned like values; not set.
  Index save(std::size_t count);
  std::span<Real> saved(Index first, std::size_t count) { return {&saved_[first], count}; }
  /// Room for `count` numbers that nobody needs after the operation; void at the next call.
  Real* scratch(std::size_t count) {
    if (scratch_.size() < count) scratch_.resize(count);
    return scratch_.data();
  }
  /// Remembers a fused operation; does nothing while recording is off.
  void push(const FusedRecord<Real>& record);
  /// Room for `count` integers (tokens, positions) that live as long as the values of this step.
  std::span<std::uint32_t> integers(std::size_t count);
  std::span<const std::uint32_t> integers(std::size_t first, std::size_t count) const {
    return {integers_.data() + first, count};
  }
  std::size_t integer_count() const { return integers_.size(); }

 private:
  struct Record {
    Op op;
    Index output;
    Index a;  // of a fused operation: its number in fused_
    Index b;
  };
  struct Position {
    std::size_t values = 0, saved = 0, records = 0, fused = 0, integers = 0;
  };
  static constexpr std::size_t kLine = Buffer<Real>::kAlignment / sizeof(Real);
  Position position() const;
  void write_zeros(Index first, std::size_t count);
  void forget_resets(std::size_t first);
  void rewind(const Position& position);

  Buffer<Real> data_, grad_;    // of the values, by index
  Buffer<std::uint8_t> reset_;  // for each cache line of parameters: gradients are zero, unwritten
  std::size_t reset_end_ = 0;   // no value from here on is reset
  bool scalar_records_ = false;
  Buffer<Real> saved_, scratch_;
  Buffer<Record> records_;
  Buffer<FusedRecord<Real>> fused_;
  Buffer<std::uint32_t> integers_;
  bool recording_ = true;
  const Kernels<Real>* kernels_;
};

template <class Real>
class Tape<Real>::Scope {
 public:
  explicit Scope(Tape& tape) : tape_(tape), start_(tape.position()) {}
  ~Scope() { tape_.rewind(start_); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  Tape& tape_;
  Position start_;
};

template <class Real>
class Tape<Real>::Inference {
 public:
  explicit Inference(Tape& tape) : tape_(tape), before_(tape.recording_) {
    tape.recording_ = false;
  }
  ~Inference() { tape_.recording_ = before_; }
  Inference(const Inference&) = delete;
  Inference& operator=(const Inference&) = delete;

 private:
  Tape& tape_;
  bool before_;
};

template <class Real>
inline Index Tape<Real>::push(Op op, Real data, Index a, Index b) {
  const Index output = static_cast<Index>(data_.size());
  data_.push_back(data);
  grad_.resize(data_.size());
  if (recording_) {
    records_.push_back({op, output, a, b});
    scalar_records_ = true;
  }
  return output;
}

}  // namespace microgpt::autograd
