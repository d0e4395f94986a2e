#pragma once

#include <span>

#include "microgpt/evolution/finals.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/run/settings.hpp"

namespace microgpt::run {

/// The DNA of an organism that did not fail: of a finalist with what its new trainings promise, of
/// any other with the loss that the search saw.
GenomeFile genome_file_of(const Organism& organism, std::span<const Finalist> finalists,
                          const RunSettings& settings);

}  // namespace microgpt::run
