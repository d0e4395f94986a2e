#pragma once

#include <cstddef>

/// The kernels that are of use outside of networks. The same bits on every machine, with the
/// instructions of this one.
namespace microgpt::autograd {

/// Where the numbers of a matrix are: [row][column] at first[row * row_step + column *
/// column_step]. One of the steps is 1.
struct MatrixView {
  const double* first;
  std::size_t row_step, column_step = 1;
};

/// product (rows x columns, row by row) = a (rows x inner) b (inner x columns). Each element is one
/// chain of fused multiply-adds over `inner`, in order.
void multiply(std::size_t rows, std::size_t columns, std::size_t inner, MatrixView a, MatrixView b,
              double* product);

/// x[i] becomes e^x[i], for i below count.
void exponentials(double* x, std::size_t count);

}  // namespace microgpt::autograd
