#pragma once

#include <span>
#include <string>

#include "microgpt/evolution/finals.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/run/settings.hpp"

namespace microgpt::run {

/// The genome.json of an organism that did not fail: for a finalist with the means of its
/// replicates, for any other with its loss in the search.
GenomeFile genome_file_of(const Organism& organism, std::span<const Finalist> finalists,
                          const RunSettings& settings);

/// What genome.json holds of such an organism; of a trial its genes, its result and its id.
std::string genome_json_of(const Organism& organism, std::span<const Finalist> finalists,
                           const RunSettings& settings);

/// What a genome was evolved for, to tell those of different searches apart: "loss on names.txt
/// (3f2a...)".
std::string kind_of_genome(const RunSettings& settings);
/// The same of a file's content; empty if it does not say. Throws Error if it is no genome.
std::string kind_of_genome(const std::string& path, const std::string& content);

}  // namespace microgpt::run
