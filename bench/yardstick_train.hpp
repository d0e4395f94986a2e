#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// The yardstick at the sizes that are measured; compiled apart, with flags of its own.
namespace microgpt::yardstick {

enum class Size { small, large, smallest, largest };  ///< S, L and two corners of the search space

using Document = std::span<const std::uint32_t>;

/// A yardstick GPT of one of the sizes, for a vocabulary of 27.
template <class Real>
class Rival {
 public:
  virtual ~Rival() = default;
  /// In the order and layout of microgpt::Gpt: wte, wpe, layers, lm_head; rows are inputs.
  virtual std::span<Real> weights() = 0;
  virtual std::span<const Real> gradients() = 0;
  virtual Real learn(std::span<const Document> documents) = 0;
  virtual Real train(std::span<const Document> documents, Real learning_rate) = 0;
};

/// For batches of at most `batch` documents: 1 or 16. The caller owns the result.
template <class Real>
Rival<Real>* make_rival(Size size, std::size_t batch);

}  // namespace microgpt::yardstick
