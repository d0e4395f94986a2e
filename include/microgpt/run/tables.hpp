#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/finals.hpp"

// The CSV files of a run folder; docs/run-folder.md says what is in them. All but timings.csv have
// the same bytes wherever the run ran. A number that is not there is an empty field.
namespace microgpt::run {

/// A field that may hold anything, with U+FFFD in place of what is no UTF-8.
std::string csv_field(std::string_view text);

std::string organisms_header();
/// One row for each member of each generation. `vocabulary` is the number of tokens; islands count
/// from 1. What is known of finalists stands in their rows.
std::string organisms_csv(std::span<const Organism> organisms, std::size_t islands,
                          Precision precision, std::size_t vocabulary,
                          std::span<const Finalist> finalists = {});

std::string generations_header();
/// One row: the fitnesses of a generation of an island.
std::string generations_csv(std::span<const Organism> members, std::size_t islands);

/// A row of names.csv.
struct SpokenName {
  std::uint64_t island = 0;
  std::uint32_t generation = 0;
  std::uint64_t id = 0;  ///< of who speaks it
  std::string name;
};

std::string names_header();
/// The names that the best of a generation speaks, one a row.
std::string names_csv(std::span<const Organism> members, std::size_t islands);

/// The whole file: one row for each new training of a finalist.
std::string replicates_csv(std::span<const Finalist> finalists);

/// The whole file: the organisms that no other beats in both loss and cost, a front for each cost.
std::string pareto_csv(std::span<const Organism> history, std::size_t vocabulary);

std::string timings_header();
std::string timings_csv(std::span<const Work> work);

// What the files say. Rows whose end is missing, because the file is being written, are left out.
// Throw Error naming file, row, column and rule.
std::vector<Organism> read_organisms_csv(const std::filesystem::path& file);
std::vector<Timing> read_timings_csv(const std::filesystem::path& file);
std::vector<Result> read_replicates_csv(const std::filesystem::path& file);
std::vector<SpokenName> read_names_csv(const std::filesystem::path& file);

}  // namespace microgpt::run
