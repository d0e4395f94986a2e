#pragma once

#include <vector>

#include "microgpt/autograd/val.hpp"

namespace microgpt::autograd {

/// The derivative of a fused operation; one constant per operation, in its own file.
template <class Real>
struct FusedRule {
  /// Propagates the outputs' gradients: adds to those of the operands.
  void (*backward)(Tape<Real>& tape, const FusedRecord<Real>& record);
  /// The parents of output number `i` of the record, in no particular order.
  std::vector<Parent<Real>> (*history)(Tape<Real>& tape, const FusedRecord<Real>& record,
                                       std::size_t i);
};

/// The record of one fused operation: where on the tape its operands, its outputs and the numbers
/// saved for the backward pass start. Operands are stored, local derivatives are not.
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

// Inline, so that the operations write their records in place: copying a record right after writing
// it field by field causes store-forwarding stalls.
template <class Real>
inline void Tape<Real>::push(const FusedRecord<Real>& record) {
  if (!recording_) return;
  records_.push_back({Op::fused, record.output, static_cast<Index>(fused_.size()), 0});
  fused_.push_back(record);
}

}  // namespace microgpt::autograd
