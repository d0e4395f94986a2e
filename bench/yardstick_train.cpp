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

template <class Real, Sizes S, int B>
class RivalOf final : public Rival<Real> {
 public:
  std::span<Real> weights() override { return {gpt_.weights(), gpt_.kParameters}; }
  std::span<const Real> gradients() override { return {gpt_.gradients(), gpt_.kParameters}; }
  Real learn(std::span<const Document> documents) override { return gpt_.learn(documents); }
  Real train(std::span<const Document> documents, Real learning_rate) override {
    const NoSubnormals mode;
    return gpt_.train(documents, learning_rate);
  }

 private:
  Gpt<Real, S, B> gpt_;
};

template <class Real, Sizes S>
Rival<Real>* of_batch(std::size_t batch) {
  if (batch == 1) return new RivalOf<Real, S, 1>;
  if (batch == 16) return new RivalOf<Real, S, 16>;
  return nullptr;
}

}  // namespace

template <class Real>
Rival<Real>* make_rival(Size size, std::size_t batch) {
  switch (size) {
    case Size::small:
      return of_batch<Real, Sizes{27, 16, 16, 1, 4, 4}>(batch);
    case Size::large:
      return of_batch<Real, Sizes{27, 32, 24, 4, 4, 4}>(batch);
    case Size::smallest:
      return of_batch<Real, Sizes{27, 8, 8, 1, 1, 1}>(batch);
    case Size::largest:
      return of_batch<Real, Sizes{27, 32, 24, 4, 1, 4}>(batch);
  }
  return nullptr;
}

template Rival<double>* make_rival(Size, std::size_t);
template Rival<float>* make_rival(Size, std::size_t);

}  // namespace microgpt::yardstick
