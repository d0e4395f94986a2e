#pragma once

#include <string>

#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt::apps {

/// What tells evolve_loss and evolve apart.
struct SearchApp {
  std::string name, description, title;
  Objective objective;
  EvolutionConfig evolution;    ///< defaults
  SearchSpace space;            ///< default
  std::uint32_t finalists = 3;  ///< default; 0: the champion is who looked best in the search
};

/// The body of both: parses the command line, joins the other ranks, searches, and writes the
/// champion. Returns the exit code.
int run_search(const SearchApp& app, int argc, char** argv);

}  // namespace microgpt::apps
