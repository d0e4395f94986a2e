#pragma once

#include <vector>

#include "microgpt/autograd/val.hpp"

namespace microgpt::autograd {

/// How a fused operation is differentiated; one constant per operation, in its own file.
template <class Real>
struct FusedRule {
  /// Adds to the operands' gradients what the outputs' gradients say.
  void (*backward)(Tape<Real>& tape, const FusedRecord<Real>& record);
  /// The parents of output number `i` of the record, in no particular order.
  std::vector<Parent<Real>> (*history)(Tape<Real>& tape, const FusedRecord<Real>& record,
                                       std::size_t i);
};

/// What is remembered of one fused operation: where its operands, its outputs and the numbers that
/// it saved for the way back start on the tape. Operands are stored, local derivatives are not.
template <class Real>
struct FusedRecord {
  const FusedRule<Real>* rule;
  Index output;
  Index x, y = 0, z = 0;     // first values of the operands
  Index saved = 0;           // first of the numbers in Tape::saved
  std::uint32_t rows, cols;  // shape of the output
  std::uint32_t inner = 0;   // summed dimension, rows of a second operand, or heads
  std::uint32_t integers = 0, integer_count = 0;
};

// Here, so that the operations write their records in place: copying a record that was just put
// together field by field stalls the processor.
template <class Real>
inline void Tape<Real>::push(const FusedRecord<Real>& record) {
  if (!recording_) return;
  records_.push_back({Op::fused, record.output, static_cast<Index>(fused_.size()), 0});
  fused_.push_back(record);
}

}  // namespace microgpt::autograd
