#pragma once

#include <cstddef>
#include <vector>

#include "microgpt/model/vocabulary.hpp"

namespace microgpt::training {

/// Byte-pair encoding (Sennrich, Haddow and Birch, "Neural machine translation of rare words with
/// subword units", 2016): at most `count` times the pair of neighbours that is most frequent in
/// some sequences of tokens is joined into a new token; of equally frequent ones, the smallest pair
/// of tokens. A joined token is white space followed by something else, or one of these, so that it
/// reaches into no second word. It ends early when no pair occurs twice.
std::vector<Merge> learn_merges(const Vocabulary& bytes,
                                const std::vector<std::vector<Token>>& sequences,
                                std::size_t count);

}  // namespace microgpt::training
