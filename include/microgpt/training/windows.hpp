#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/training/dataset.hpp"

// Which parts of documents a model with a limited context learns from, and is scored on.
namespace microgpt::training {

/// Documents with at most this many predictions are small things, such as names, that begin and
/// end: they are learnt from their beginning, as far as the context reaches.
inline constexpr std::size_t kShortDocument = 32;

/// Whether a document is learnt in windows that begin anywhere.
constexpr bool is_long(std::size_t predictions, std::size_t n_ctx) {
  return predictions > std::max(n_ctx, kShortDocument);
}

/// By how many tokens the context moves on when a document is scored. In a long one each token is
/// predicted from at least half a context, where there is so much before it: the work is at most
/// twice that of the text itself. In a short one the context moves token by token.
constexpr std::size_t scoring_stride(std::size_t predictions, std::size_t n_ctx) {
  return is_long(predictions, n_ctx) ? std::max<std::size_t>(1, n_ctx / 2) : 1;
}

/// A part of a document that is learnt from at once: its tokens from `begin` on are the input, the
/// `length` tokens from `begin` + 1 on are predicted. Where it is not the document's beginning, it
/// does not begin with a delimiter.
struct Window {
  std::uint32_t document = 0, begin = 0, length = 0;

  bool operator==(const Window&) const = default;
};

/// The order in which a training sees the windows of its documents. In an epoch each token is
/// predicted once, but for those of short documents that lie beyond the context: a long document is
/// cut into windows of n_ctx tokens, the first of which has a random length, so that a context may
/// begin anywhere. Windows come in random order; if no document is long, those of the first epoch
/// come as the documents are. All of it depends on (seed, replicate, epoch) alone.
class WindowOrder {
 public:
  /// The documents must outlive it.
  WindowOrder(const Documents& documents, std::size_t n_ctx, std::uint64_t seed,
              std::uint32_t replicate);

  Window next();

 private:
  void begin_epoch();
  Window window(std::uint32_t number) const;

  const Documents& documents_;
  std::size_t n_ctx_;
  std::uint64_t seed_;
  std::uint32_t replicate_, epoch_ = 0;
  // Of this epoch. A list of windows would be three times as large as the text where they are
  // short.
  std::vector<std::uint32_t> order_;          // numbers of windows, counted over all documents
  std::vector<std::uint32_t> first_windows_;  // of each document: the number of its first
  std::vector<std::uint32_t> first_lengths_;  // and how long that is
  std::size_t place_ = 0;
};

}  // namespace microgpt::training
