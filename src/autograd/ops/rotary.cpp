// rotary: pairs of channels turned by an angle that depends on the position of the row.
#include "microgpt/autograd/rotary.hpp"

#include <algorithm>

#include "../fused_record.hpp"
#include "../kernels.hpp"
#include "microgpt/autograd/fused.hpp"

namespace microgpt::autograd {
namespace {

// inner: heads; saved: the turns of each row, the cosines of all pairs and then their sines. They
// are a copy, so that the record does not refer to the table.
template <class Real>
void rotary_backward(Tape<Real>& tape, const FusedRecord<Real>& r) {
  const std::size_t n = std::size_t{r.rows} * r.cols, width = r.cols / r.inner;
  const Real* turns = tape.saved(r.saved, r.rows * (width / 2 * 2)).data();
  tape.kernels().rotary_backward({.rows = r.rows, .heads = r.inner, .width = width, .turns = turns},
                                 tape.grad(r.output, n).data(), tape.grad(r.x, n).data());
}

// Of the pair (a, b): a cos - b sin, and a sin + b cos.
template <class Real>
std::vector<Parent<Real>> rotary_history(Tape<Real>& tape, const FusedRecord<Real>& r,
                                         std::size_t i) {
  const Index row = static_cast<Index>(i) / r.cols, channel = static_cast<Index>(i) % r.cols;
  const Index width = r.cols / r.inner, pairs = width / 2, place = channel % width;
  const Index x = r.x + static_cast<Index>(i);
  if (place == 2 * pairs) return {{{tape, x}, 1}};
  const Index pair = place % pairs;
  const auto turns = tape.saved(r.saved + row * 2 * pairs, 2 * pairs);
  const Real cosine = turns[pair], sine = turns[pairs + pair];
  if (place < pairs) return {{{tape, x}, cosine}, {{tape, x + pairs}, -sine}};
  return {{{tape, x - pairs}, sine}, {{tape, x}, cosine}};
}

template <class Real>
constexpr FusedRule<Real> kRotary = {rotary_backward<Real>, rotary_history<Real>};

template <class Real>
void check(Block<Real> x, std::size_t heads, std::span<const std::uint32_t> positions,
           const RotaryTable<Real>& table) {
  require(heads > 0 && x.cols() % heads == 0, "rotary: {} channels for {} heads", x.cols(), heads);
  require(positions.size() == x.rows(), "rotary: {} positions for {} rows", positions.size(),
          x.rows());
  require(table.pairs() == x.cols() / heads / 2,
          "rotary: a table of {} pairs for {} channels of a head", table.pairs(), x.cols() / heads);
  for (const std::uint32_t position : positions) {
    require(position < table.positions(), "rotary: position {} is not below {}", position,
            table.positions());
  }
}

}  // namespace

template <class Real>
Block<Real> rotary(Block<Real> x, std::size_t heads, std::span<const std::uint32_t> positions,
                   const RotaryTable<Real>& table) {
  check(x, heads, positions, table);
  const std::size_t row_turns = 2 * table.pairs(), count = x.rows() * row_turns;
  if (row_turns == 0) return x;  // heads of a single channel
  Tape<Real>& tape = x.tape();
  const Block<Real> out(tape, tape.allocate(x.size()), x.rows(), x.cols());
  const Index saved = tape.recording() ? tape.save(count) : 0;
  Real* turns = tape.recording() ? tape.saved(saved, count).data() : tape.scratch(count);
  for (std::size_t t = 0; t < x.rows(); ++t) {
    std::ranges::copy(table.turns(positions[t]), turns + t * row_turns);
  }
  tape.kernels().rotary(
      {.rows = x.rows(), .heads = heads, .width = x.cols() / heads, .turns = turns},
      x.data().data(), out.data().data());
  tape.push({.rule = &kRotary<Real>,
             .output = out.first(),
             .x = x.first(),
             .saved = saved,
             .rows = static_cast<std::uint32_t>(x.rows()),
             .cols = static_cast<std::uint32_t>(x.cols()),
             .inner = static_cast<std::uint32_t>(heads)});
  return out;
}

#define MICROGPT_INSTANTIATE(Real)                                                      \
  template Block<Real> rotary(Block<Real>, std::size_t, std::span<const std::uint32_t>, \
                              const RotaryTable<Real>&);
MICROGPT_INSTANTIATE(double)
MICROGPT_INSTANTIATE(float)

}  // namespace microgpt::autograd
