// A Val must not turn into a number by accident: its history would be lost.
#include "microgpt/autograd/val.hpp"

double leak(microgpt::autograd::Val<double> value) { return value; }
