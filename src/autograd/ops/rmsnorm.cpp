// rmsnorm: each row divided by its root mean square.
#include "../fused_record.hpp"
#include "../kernels.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::autograd {
namespace {

// saved: 1 / rms of each row
template <class Real>
void rmsnorm_backward(Tape<Real>& tape, const FusedRecord<Real>& r) {
  const std::size_t n = std::size_t{r.rows} * r.cols;
  tape.kernels().rmsnorm_backward(r.rows, r.cols, tape.data(r.output, n).data(),
                                  tape.saved(r.saved, r.rows).data(), tape.grad(r.output, n).data(),
                                  tape.grad(r.x, n).data());
}

// dy_j/dx_i = (delta_ij - y_i y_j / C) / rms
template <class Real>
std::vector<Parent<Real>> rmsnorm_history(Tape<Real>& tape, const FusedRecord<Real>& r,
                                          std::size_t i) {
  const Index row = static_cast<Index>(i) / r.cols, j = static_cast<Index>(i) % r.cols;
  const Index first = row * r.cols;
  const Real inverse_rms = tape.saved(r.saved + row, 1)[0], y_j = tape.data(r.output + first + j);
  std::vector<Parent<Real>> parents;
  for (Index k = 0; k < r.cols; ++k) {
    const Real y_k = tape.data(r.output + first + k);
    const Real own = k == j ? Real{1} : Real{0};
    parents.push_back(
        {{tape, r.x + first + k}, (own - y_k * y_j / static_cast<Real>(r.cols)) * inverse_rms});
  }
  return parents;
}

template <class Real>
constexpr FusedRule<Real> kRmsnorm = {rmsnorm_backward<Real>, rmsnorm_history<Real>};

}  // namespace

template <class Real>
Block<Real> rmsnorm(Block<Real> x) {
  Tape<Real>& tape = x.tape();
  const Block<Real> out(tape, tape.allocate(x.size()), x.rows(), x.cols());
  const Index saved = tape.save(x.rows());
  tape.kernels().rmsnorm(x.rows(), x.cols(), x.data().data(), out.data().data(),
                         tape.saved(saved, x.rows()).data());
  tape.push({.rule = &kRmsnorm<Real>,
             .output = out.first(),
             .x = x.first(),
             .saved = saved,
             .rows = static_cast<std::uint32_t>(x.rows()),
             .cols = static_cast<std::uint32_t>(x.cols())});
  return out;
}

template Block<double> rmsnorm(Block<double>);
template Block<float> rmsnorm(Block<float>);

}  // namespace microgpt::autograd
