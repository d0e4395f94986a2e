#pragma once

#include <cstddef>
#include <string>

#include "microgpt/evolution/objective.hpp"
#include "options.hpp"

namespace microgpt::apps {

/// What --effort asks for: a time, or a number of floating-point operations.
struct Effort {
  double seconds = 0, flops = 0;  ///< one of them is 0
};

/// "90s", "10m", "2h" and "1d" are times, "3e13" is a number of operations. Throws Error naming the
/// option, its value and the rule.
Effort parse_effort(const std::string& text);

/// Puts what --effort stands for in the place of the option: the search space, and other options,
/// which then are as if they had been given. Measures for a second how fast this processor trains,
/// if the effort is a time. Throws Error if it is too little.
SearchSpace choose_by_effort(SearchOptions& options, const Problem& problem, std::size_t workers);

}  // namespace microgpt::apps
