#pragma once

#include <span>

#include "microgpt/evolution/finals.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/run/settings.hpp"

namespace microgpt::run {

/// The genome.json of an organism that did not fail: for a finalist with the means of its
/// replicates, for any other with its loss in the search.
GenomeFile genome_file_of(const Organism& organism, std::span<const Finalist> finalists,
                          const RunSettings& settings);

}  // namespace microgpt::run
