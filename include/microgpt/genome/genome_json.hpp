#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "microgpt/genome/genome.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::genome {

/// The content of genome.json: a genome, what it achieved, and what makes that reproducible.
struct GenomeFile {
  Genome genome;
  double loss = 0;               ///< validation loss in nats per token: the mean of the replicates
  std::uint32_t generation = 0;  ///< the one it was born in, counted from 1
  bool evolved = false;
  // Below: not in the files of other programs of this kind.
  std::uint64_t seed = 1;
  std::string precision = "f64";
  std::string dataset;           ///< SHA-256 of the dataset file; empty if unknown
  std::string version;           ///< of the program that wrote it; empty if unknown
  std::uint32_t replicates = 0;  ///< trainings from scratch behind `loss`; 0: that of the search
  // Only where there are replicates, and standard errors, of the means, where there are several.
  double standard_error = 0;
  double test_loss = 0;  ///< on names that no decision of the search has looked at
  double test_standard_error = 0;
};

/// Reads and checks a genome. Throws Error naming file, key, value and rule: not readable, not one
/// JSON object, a key that is missing, unknown or twice there, a wrong type, an impossible value.
GenomeFile load_genome(const std::filesystem::path& path);

/// As load_genome, from text; `path` is for the messages.
GenomeFile parse_genome(const std::string& path, const std::string& text);

std::string to_json(const GenomeFile& file);
void save_genome(const std::filesystem::path& path, const GenomeFile& file);

/// Reads a search space: the fields of SearchSpace as keys; those left out keep what `base` has.
SearchSpace load_space(const std::filesystem::path& path, const SearchSpace& base);
SearchSpace parse_space(const std::string& path, const std::string& text, const SearchSpace& base);
std::string to_json(const SearchSpace& space);

}  // namespace microgpt::genome
