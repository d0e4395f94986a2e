#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "microgpt/genome/genome.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::genome {

/// The content of genome.json: a genome, its scores, and what is needed to reproduce them.
struct GenomeFile {
  Genome genome = GptGenome();   ///< of GPTs, whatever the program searches
  double loss = 0;               ///< validation loss in nats per character: mean of the replicates
  std::uint32_t generation = 0;  ///< in which it was born, from 1
  bool evolved = false;
  // The members below are not in the files of similar programs.
  std::uint64_t seed = 1;
  std::string precision = "f64";
  std::string dataset;                      ///< SHA-256 of the dataset file; empty if unknown
  std::string dataset_name;                 ///< of the file, without folders; empty if unknown
  std::string documents;                    ///< what a document is; empty: lines, or unknown
  std::string tokenizer = "characters";     ///< what it is cut into: see --tokens
  std::optional<std::uint64_t> split_seed;  ///< of the held-out documents; none: the seed
  std::string fitness;                      ///< of the search; empty: its held-out loss, or unknown
  std::string version;                      ///< of the program that wrote it; empty if unknown
  std::uint32_t replicates = 0;  ///< number behind `loss`; 0: `loss` is that of the search
  // Only with replicates; standard errors of the means only with several.
  double standard_error = 0;
  double test_loss = 0;  ///< on names that influenced no decision of the search
  double test_standard_error = 0;
};

/// Reads and checks a genome. Throws Error naming file, key, value and rule if the file is not
/// readable or not one JSON object, a key is missing, unknown or duplicated, or a value is invalid.
GenomeFile load_genome(const std::filesystem::path& path);

/// As load_genome(), from text; `path` is for messages.
GenomeFile parse_genome(const std::string& path, const std::string& text);

std::string to_json(const GenomeFile& file);
void save_genome(const std::filesystem::path& path, const GenomeFile& file);

/// Reads a search space. Genes that the file leaves out keep their primordial value.
/// docs/search-spaces.md has the grammar. In files with the keys of earlier versions ("lr_min")
/// what is left out is that of `earlier_base`. Throws Error naming file, gene, value and rule.
SearchSpace load_space(const std::filesystem::path& path, const SearchSpace& earlier_base);
/// As load_space(), from text; `path` is for messages.
SearchSpace parse_space(const std::string& path, const std::string& text,
                        const SearchSpace& earlier_base);
/// On one line; optional genes only if they differ from the primordial value.
std::string to_json(const SearchSpace& space);

}  // namespace microgpt::genome
