#pragma once

#include "microgpt/layers.hpp"

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace microgpt::evolution {

/// The names that a creature may not simply repeat, in lower case.
using KnownNames = std::unordered_set<std::string>;

/// The beauty of one name in lower case: flow + 1.2 symmetry + 2 creativity, where
/// flow: -1 for each letter that continues a run of more than two vowels [aeiouy] or more than two
/// consonants, +0.5 for 4 to 8 letters;
/// symmetry: +2 for a palindrome longer than 3, +1.5 if the first half is repeated, +0.2 for an
/// end in a, n or y; creativity: -5 if the name is known, else +1.
double beauty_of(std::string_view name, const KnownNames& known);

/// The fitness of the aesthetic engine: the mean beauty of the names that count, those of three or
/// more ASCII letters; -100 if there is none. Higher is better.
double beauty_of(const std::vector<std::string>& names, const KnownNames& known);

/// ASCII letters in lower case; everything else unchanged.
std::string lower_case(std::string_view text);

}  // namespace microgpt::evolution
