// A Val must not turn into a number by accident: its history would be lost.
#include "microgpt/autograd/val.hpp"

using Val = microgpt::autograd::Val<double>;

double on_purpose(Val value) { return value.data(); }
#ifdef MICROGPT_OFFENDS
double leak(Val value) { return value; }
#endif
