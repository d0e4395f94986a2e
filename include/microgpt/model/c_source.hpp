#pragma once

#include <string>

#include "microgpt/model/weights.hpp"

namespace microgpt::model {

/// A C99 header that holds a GPT and speaks with it, and needs nothing but the standard library:
/// the numbers in the type of the file, the tokens as texts, and the forward pass with a cache of
/// keys and values. With MICROGPT_MAIN defined it is a program.
std::string c_source(const WeightFile& file);

}  // namespace microgpt::model
