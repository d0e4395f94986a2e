#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/evolution/ablation.hpp"

// The CSV files of a run folder; docs/run-folder.md describes them. All but timings.csv are
// byte-identical at any number of ranks. A missing number is an empty field.
namespace microgpt::run {

/// A field with arbitrary text, in quotes if it needs them; U+FFFD replaces invalid UTF-8.
std::string csv_field(std::string_view text);
/// The same, always in quotes.
std::string csv_quoted(std::string_view text);

std::string organisms_header();
/// One row for each member of each generation, with the means of finalists. `vocabulary` is the
/// number of tokens; islands count from 1.
std::string organisms_csv(std::span<const Organism> organisms, Precision precision,
                          std::size_t vocabulary, std::span<const Finalist> finalists = {});

std::string generations_header();
/// One row: the fitnesses of a generation of an island.
std::string generations_csv(std::span<const Organism> members);

/// A row of names.csv.
struct GeneratedName {
  std::uint64_t island = 0;
  std::uint32_t generation = 0;
  std::uint64_t id = 0;  ///< of the organism
  std::string name;
};

std::string names_header();
/// The names that the best of a generation generates, one per row.
std::string names_csv(std::span<const Organism> members);

/// The whole file: one row for each replicate of a finalist.
std::string replicates_csv(std::span<const Finalist> finalists);

/// The whole file: one row for each training of an ablation.
std::string ablations_csv(std::span<const Ablation> ablations);

/// The whole file: the Pareto fronts of loss and cost, one for each cost.
std::string pareto_csv(std::span<const Organism> history, std::size_t vocabulary);

std::string timings_header();
std::string timings_csv(std::span<const Trial> trials);

// Readers of these files. An incomplete last row is skipped: the file may be being written. They
// throw Error naming file, row, column and rule.
std::vector<Organism> read_organisms_csv(const std::filesystem::path& file);
/// Who was trained where, and for how long; nothing else of the trials.
std::vector<Trial> read_timings_csv(const std::filesystem::path& file);
std::vector<Trial> read_replicates_csv(const std::filesystem::path& file);
std::vector<GeneratedName> read_names_csv(const std::filesystem::path& file);
/// In the order of the file. Throws Error also where it does not fit the champion.
std::vector<Ablation> read_ablations_csv(const std::filesystem::path& file,
                                         const Finalist& champion);

}  // namespace microgpt::run
