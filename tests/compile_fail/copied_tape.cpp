// Vals point to their tape, so a copy would have none.
#include "microgpt/autograd/tape.hpp"

microgpt::autograd::Tape<double> copy(const microgpt::autograd::Tape<double>& tape) { return tape; }
