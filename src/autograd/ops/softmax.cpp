// softmax and cross_entropy: from logits to probabilities, and to losses.
#include <algorithm>

#include "../fused_record.hpp"
#include "../kernels.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::autograd {
namespace {

template <class Real>
void softmax_backward(Tape<Real>& tape, const FusedRecord<Real>& r) {
  const std::size_t n = std::size_t{r.rows} * r.cols;
  tape.kernels().softmax_backward(r.rows, r.cols, tape.data(r.output, n).data(),
                                  tape.grad(r.output, n).data(), tape.grad(r.x, n).data());
}

// dy_j/dx_i = y_j (delta_ij - y_i)
template <class Real>
std::vector<Parent<Real>> softmax_history(Tape<Real>& tape, const FusedRecord<Real>& r,
                                          std::size_t i) {
  const Index first = static_cast<Index>(i) / r.cols * r.cols, j = static_cast<Index>(i) - first;
  const Real y_j = tape.data(r.output + first + j);
  std::vector<Parent<Real>> parents;
  for (Index k = 0; k < r.cols; ++k) {
    const Real own = k == j ? Real{1} : Real{0};
    parents.push_back({{tape, r.x + first + k}, y_j * (own - tape.data(r.output + first + k))});
  }
  return parents;
}

template <class Real>
constexpr FusedRule<Real> kSoftmax = {softmax_backward<Real>, softmax_history<Real>};

// saved: the probabilities, rows x inner; integers: the targets
template <class Real>
void cross_entropy_backward(Tape<Real>& tape, const FusedRecord<Real>& r) {
  const std::size_t n = std::size_t{r.rows} * r.inner;
  tape.kernels().cross_entropy_backward(
      r.rows, r.inner, tape.saved(r.saved, n).data(), tape.integers(r.integers, r.rows).data(),
      tape.grad(r.output, r.rows).data(), tape.grad(r.x, n).data());
}

// dloss/dx_i = p_i - [i = target]
template <class Real>
std::vector<Parent<Real>> cross_entropy_history(Tape<Real>& tape, const FusedRecord<Real>& r,
                                                std::size_t i) {
  const Index row = static_cast<Index>(i), first = row * r.inner;
  const std::uint32_t target = tape.integers(r.integers, r.rows)[row];
  std::vector<Parent<Real>> parents;
  for (Index k = 0; k < r.inner; ++k) {
    const Real probability = tape.saved(r.saved + first + k, 1)[0];
    parents.push_back({{tape, r.x + first + k}, probability - (k == target ? Real{1} : Real{0})});
  }
  return parents;
}

template <class Real>
constexpr FusedRule<Real> kCrossEntropy = {cross_entropy_backward<Real>,
                                           cross_entropy_history<Real>};

}  // namespace

template <class Real>
Block<Real> softmax(Block<Real> x) {
  Tape<Real>& tape = x.tape();
  const Block<Real> out(tape, tape.allocate(x.size()), x.rows(), x.cols());
  tape.kernels().softmax(x.rows(), x.cols(), x.data().data(), out.data().data());
  tape.push({.rule = &kSoftmax<Real>,
             .output = out.first(),
             .x = x.first(),
             .rows = static_cast<std::uint32_t>(x.rows()),
             .cols = static_cast<std::uint32_t>(x.cols())});
  return out;
}

template <class Real>
Block<Real> cross_entropy(Block<Real> logits, std::span<const std::uint32_t> targets) {
  require(targets.size() == logits.rows(), "cross_entropy: {} targets for {} rows of logits",
          targets.size(), logits.rows());
  for (const std::uint32_t target : targets) {
    require(target < logits.cols(), "cross_entropy: target {} is not below {}", target,
            logits.cols());
  }
  Tape<Real>& tape = logits.tape();
  const std::size_t T = logits.rows();
  const Block<Real> out(tape, tape.allocate(T), T, 1);
  const Index saved = tape.recording() ? tape.save(logits.size()) : 0;
  Real* probabilities = tape.recording() ? tape.saved(saved, logits.size()).data() : nullptr;
  tape.kernels().cross_entropy(T, logits.cols(), logits.data().data(), targets.data(),
                               probabilities, out.data().data());
  const std::size_t integers = tape.integer_count();
  std::copy(targets.begin(), targets.end(), tape.integers(T).begin());
  tape.push({.rule = &kCrossEntropy<Real>,
             .output = out.first(),
             .x = logits.first(),
             .saved = saved,
             .rows = static_cast<std::uint32_t>(T),
             .cols = 1,
             .inner = static_cast<std::uint32_t>(logits.cols()),
             .integers = static_cast<std::uint32_t>(integers),
             .integer_count = static_cast<std::uint32_t>(T)});
  return out;
}

#define MICROGPT_INSTANTIATE(Real)           \
  template Block<Real> softmax(Block<Real>); \
  template Block<Real> cross_entropy(Block<Real>, std::span<const std::uint32_t>);
MICROGPT_INSTANTIATE(double)
MICROGPT_INSTANTIATE(float)

}  // namespace microgpt::autograd
