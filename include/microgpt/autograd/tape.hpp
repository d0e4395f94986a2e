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

/// The position of a value on its tape.
using Index = std::uint32_t;

/// The operations of the scalar algebra. The exponent of `pow_constant` is a constant.
enum class Op : std::uint32_t { add, sub, mul, div, neg, pow, pow_constant, exp, log, relu, fused };

/// What a backward pass does with the gradients that parameters have from earlier ones.
enum class Gradients {
  replaced,
  added_up  ///< until they are reset: for a batch that is learnt in parts
};

/// All numbers of a computation, in flat arrays, in creation order.
///
/// Creation order is topological order, so the chain rule is one loop over the records from the
/// last to the first: no search, no recursion, no allocation. Each operation adds its result and a
/// record; a leaf has no record. A scalar record refers to its two operands; a fused record stands
/// for a whole block of outputs (see FusedRecord in src/autograd/fused_record.hpp).
///
/// Parameters are created first and stay; each training step runs in a Scope, which rewinds the
/// rest. A Val points to its tape, so a tape can be neither copied nor moved.
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

  /// Sets the gradient of every value to d output / d value, or adds it to those of values older
  /// than the first record, which are the parameters. Throws Error if the output was not recorded,
  /// because recording was off.
  void backward(Val<Real> output, Gradients of_parameters = Gradients::replaced);

  /// Resets the gradients of a block of parameters to zero, lazily: zeros are written only when the
  /// gradients are read or added to, and a matrix product that comes first overwrites them.
  void reset_gradients(Index first, std::size_t count);

  Real data(Index i) const { return data_[i]; }
  Real grad(Index i) { return grad(i, 1)[0]; }
  std::span<Real> data(Index first, std::size_t count) { return {&data_[first], count}; }
  std::span<Real> grad(Index first, std::size_t count) {
    if (first < reset_end_) write_zeros(first, count);
    return {&grad_[first], count};
  }

  /// Removes every value but keeps the memory for the next model.
  void clear() { rewind({}); }

  std::size_t value_count() const { return data_.size(); }
  std::size_t record_count() const { return records_.size(); }
  bool recording() const { return recording_; }
  const Kernels<Real>& kernels() const { return *kernels_; }

  /// The parents of a value and its local derivatives; empty for a leaf.
  std::vector<Parent<Real>> history(Index i);

  /// Restores the tape to its state at construction, also on an exception.
  class Scope;
  /// Switches recording off: values are computed, but no history is kept.
  class Inference;

  // For the implementation of operations only.

  /// A new value made by a scalar operation; `b` repeats `a` where there is one operand.
  Index push(Op op, Real data, Index a, Index b);
  /// Space for `count` new values, aligned to a cache line; uninitialised.
  Index allocate(std::size_t count);
  /// Whether these gradients were reset and not touched since. If so, the caller must overwrite
  /// them.
  bool take_reset(Index first, std::size_t count);
  /// Space for `count` numbers that an operation saves for the backward pass; they are not tape
  /// values and have no gradients. Aligned like values; uninitialised.
  Index save(std::size_t count);
  std::span<Real> saved(Index first, std::size_t count) { return {&saved_[first], count}; }
  /// Space for `count` temporary numbers, valid until the next call.
  Real* scratch(std::size_t count) {
    if (scratch_.size() < count) scratch_.resize(count);
    return scratch_.data();
  }
  /// Records a fused operation; does nothing while recording is off.
  void push(const FusedRecord<Real>& record);
  /// Space for `count` integers (tokens, positions) with the lifetime of the values of this step.
  std::span<std::uint32_t> integers(std::size_t count);
  std::span<const std::uint32_t> integers(std::size_t first, std::size_t count) const {
    return {integers_.data() + first, count};
  }
  std::size_t integer_count() const { return integers_.size(); }

 private:
  struct Record {
    Op op;
    Index output;
    Index a;  // of a fused operation: its index in fused_
    Index b;
  };
  struct Position {
    std::size_t values = 0, saved = 0, records = 0, fused = 0, integers = 0;
  };
  static constexpr std::size_t kLine = Buffer<Real>::kAlignment / sizeof(Real);
  /// From here on it pays to reset the gradients of activations lazily, too.
  static constexpr std::size_t kManyBytes = 256 << 10;
  Position position() const;
  void write_zeros(Index first, std::size_t count);
  void forget_resets(std::size_t first);
  void rewind(const Position& position);

  Buffer<Real> data_, grad_;    // of the values, by index
  Buffer<std::uint8_t> reset_;  // per cache line of parameters: gradients are zero, but unwritten
  std::size_t reset_end_ = 0;   // no value at or after this index is reset
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
