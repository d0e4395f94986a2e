// The table of cosines and sines, without those of libm, whose last bits differ between machines.
#include <cmath>

#include "microgpt/autograd/rotary.hpp"
#include "microgpt/core/elementary.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt::autograd {
namespace {

/// The point of the unit circle at `angle` in [0, 1], by the Taylor series of cosine and sine in
/// nested form; their first dropped terms, angle^22/22! and angle^23/23!, are below 1e-21.
struct Turn {
  double cosine, sine;

  static Turn by(double angle) {
    const double square = angle * angle;
    Turn turn = {1, 1};
    for (int k = 20; k >= 2; k -= 2) {
      turn.cosine = 1 - square / (k * (k - 1)) * turn.cosine;
      turn.sine = 1 - square / (k * (k + 1)) * turn.sine;
    }
    turn.sine *= angle;
    return turn;
  }

  /// One turn after the other: the product of two complex numbers.
  Turn operator*(const Turn& other) const {
    return {cosine * other.cosine - sine * other.sine, cosine * other.sine + sine * other.cosine};
  }
};

}  // namespace

template <class Real>
RotaryTable<Real>::RotaryTable(std::size_t positions, std::size_t pairs, double base)
    : positions_(positions), pairs_(pairs), turns_(positions * 2 * pairs) {
  require(base >= 1 && std::isfinite(base), "the base of rotary positions is {}, not at least 1",
          base);
  for (std::size_t i = 0; i < pairs; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(pairs);
    const Turn step = Turn::by(elementary::exp(-share * elementary::log(base)));
    Turn turn = {1, 0};
    for (std::size_t p = 0; p < positions; ++p, turn = turn * step) {
      turns_[p * 2 * pairs + i] = static_cast<Real>(turn.cosine);
      turns_[p * 2 * pairs + pairs + i] = static_cast<Real>(turn.sine);
    }
  }
}

template class RotaryTable<double>;
template class RotaryTable<float>;

}  // namespace microgpt::autograd
