#pragma once

#include <string>

#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt::apps {

/// The differences between evolve_loss and evolve.
struct SearchApp {
  std::string name, description, title;
  Objective objective;
  EvolutionConfig evolution;               ///< defaults
  SearchSpace space;                       ///< default
  std::uint32_t finalists = 3;             ///< default; 0: the champion is the best of the search
  std::string genome_out = "genome.json";  ///< default
};

/// The main function of both: parses the command line, joins the other ranks, searches, and writes
/// the champion. Returns the exit code.
int run_search(const SearchApp& app, int argc, char** argv);

}  // namespace microgpt::apps
