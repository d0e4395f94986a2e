#pragma once

#include <cstddef>

#include "microgpt/evolution/objective.hpp"
#include "options.hpp"

namespace microgpt::apps {

/// Puts what --effort stands for in the place of the option: the search space, and other options,
/// which then are as if they had been given. Measures for a second how fast this processor trains,
/// if the effort is a time. Throws Error if it is too little.
SearchSpace choose_by_effort(SearchOptions& options, const Problem& problem, std::size_t workers);

}  // namespace microgpt::apps
