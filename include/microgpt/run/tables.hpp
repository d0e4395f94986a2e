#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "microgpt/evolution/finals.hpp"

// The CSV files of a run folder; docs/run-folder.md describes them. All but timings.csv are
// byte-identical at any number of ranks. A missing number is an empty field.
namespace microgpt::run {

/// A field with arbitrary text; U+FFFD replaces invalid UTF-8.
std::string csv_field(std::string_view text);

std::string organisms_header();
/// One row for each member of each generation, with the means of finalists. `vocabulary` is the
/// number of tokens; islands count from 1.
std::string organisms_csv(std::span<const Organism> organisms, std::size_t islands,
                          Precision precision, std::size_t vocabulary,
                          std::span<const Finalist> finalists = {});

inline constexpr std::string_view kGenerationsHeader =
    "island,generation,members,failed,diversity,best_id,best,mean,q10,q25,median,q75,q90,worst\n";
/// One row: the fitness statistics of a generation of an island.
std::string generations_csv(std::span<const Organism> members, std::size_t islands);

inline constexpr std::string_view kNamesHeader = "island,generation,id,name\n";
/// The names that the best of a generation generates, one per row.
std::string names_csv(std::span<const Organism> members, std::size_t islands);

inline constexpr std::string_view kReplicatesHeader =
    "id,replicate,fitness,validation_loss,test_loss,failure\n";
/// One row for each replicate of a finalist.
std::string replicates_csv(std::span<const Finalist> finalists);

/// The Pareto fronts of loss and cost, one for each kind of cost.
std::string pareto_csv(std::span<const Organism> history, std::size_t vocabulary);

inline constexpr std::string_view kTimingsHeader = "id,replicate,rank,host,start,seconds\n";
std::string timings_csv(std::span<const Trial> trials);

// Readers of these files. An incomplete last row is skipped: the file may be being written. They
// throw Error naming file, row, column and rule.
std::vector<Organism> read_organisms_csv(const std::filesystem::path& file);
/// Who was trained where, and for how long; nothing else of the trials.
std::vector<Trial> read_timings_csv(const std::filesystem::path& file);
std::vector<Trial> read_replicates_csv(const std::filesystem::path& file);
/// Pairs of an organism's id and a name.
std::vector<std::pair<std::uint64_t, std::string>> read_names_csv(
    const std::filesystem::path& file);

}  // namespace microgpt::run
