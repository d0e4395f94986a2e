#include "yardstick_train.hpp"

#include "yardstick.hpp"

#ifdef __SSE__
#include <xmmintrin.h>
#endif

namespace microgpt::yardstick {

namespace {

/// A program linked with -ffast-math runs with subnormal numbers switched off. So does the
/// yardstick; the engine, in the same process, does not.
class NoSubnormals {
 public:
#ifdef __SSE__
  NoSubnormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~NoSubnormals() { _mm_setcsr(before_); }
  NoSubnormals(const NoSubnormals&) = delete;
  NoSubnormals& operator=(const NoSubnormals&) = delete;

 private:
  unsigned before_;
#endif
};

template <class Real, Sizes S>
class RivalOf final : public Rival<Real> {
 public:
  std::span<Real> weights() override { return {gpt_.weights(), gpt_.kParameters}; }
  std::span<const Real> gradients() override { return {gpt_.gradients(), gpt_.kParameters}; }
  Real learn(std::span<const std::uint32_t> document) override { return gpt_.learn(document); }
  Real train(std::span<const std::uint32_t> document, Real learning_rate) override {
    const NoSubnormals mode;
    return gpt_.train(document, learning_rate);
  }

 private:
  Gpt<Real, S> gpt_;
};

}  // namespace

template <class Real>
Rival<Real>* make_rival(Size size) {
  switch (size) {
    case Size::small:
      return new RivalOf<Real, Sizes{27, 16, 16, 1, 4, 4}>;
    case Size::large:
      return new RivalOf<Real, Sizes{27, 32, 24, 4, 4, 4}>;
    case Size::smallest:
      return new RivalOf<Real, Sizes{27, 8, 8, 1, 1, 1}>;
    case Size::largest:
      return new RivalOf<Real, Sizes{27, 32, 24, 4, 1, 4}>;
  }
  return nullptr;
}

template Rival<double>* make_rival(Size);
template Rival<float>* make_rival(Size);

}  // namespace microgpt::yardstick
