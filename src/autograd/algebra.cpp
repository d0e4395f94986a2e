#include "microgpt/autograd/algebra.hpp"

#include "kernels.hpp"

namespace microgpt::autograd {

namespace {

const Kernels<double>& best() {
  static const Kernels<double>& kernels = kernels_for<double>(Simd::best);
  return kernels;
}

}  // namespace

void multiply(std::size_t rows, std::size_t columns, std::size_t inner, MatrixView a, MatrixView b,
              double* product) {
  best().matmul({.rows = rows,
                 .cols = columns,
                 .inner = inner,
                 .a = a.first,
                 .a_row = a.row_step,
                 .a_inner = a.column_step,
                 .b = b.first,
                 .b_inner = b.row_step,
                 .b_col = b.column_step,
                 .c = product,
                 .c_row = columns,
                 .accumulate = false});
}

void exponentials(double* x, std::size_t count) { best().exp(count, x, x); }

}  // namespace microgpt::autograd
