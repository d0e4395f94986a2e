#pragma once

#include <string>
#include <vector>

#include "core/json.hpp"
#include "microgpt/genome/own_space.hpp"

namespace microgpt::genome {

/// A condition on some genes: {"solver": "cg", "passes": [2, 4]}, or "solver == cg and passes > 1".
/// Throws Error, beginning with `where`, that says what the condition is of.
Condition read_condition(const json::Value& value, const std::string& where,
                         const std::vector<Gene>& genes);

}  // namespace microgpt::genome
