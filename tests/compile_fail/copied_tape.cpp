// Vals point to their tape, so a copy would have none.
#include "microgpt/autograd/tape.hpp"

microgpt::Tape<double> copy(const microgpt::Tape<double>& tape) { return tape; }
