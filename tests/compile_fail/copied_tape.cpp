// Vals point to their tape, so a copy would have none.
#include "microgpt/autograd/tape.hpp"

using Tape = microgpt::autograd::Tape<double>;

const Tape& borrow(const Tape& tape) { return tape; }
#ifdef MICROGPT_OFFENDS
Tape copy(const Tape& tape) { return tape; }
#endif
