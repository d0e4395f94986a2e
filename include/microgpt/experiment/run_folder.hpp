#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "microgpt/evolution/evaluator.hpp"
#include "microgpt/evolution/finals.hpp"

namespace microgpt {

/// The folder of one run: experiments/<timestamp>/. Nothing outside it is written.
class RunFolder {
 public:
  /// Makes the folder; where one of that name is there already (two runs in one second), the name
  /// gets -2, -3 and so on. Throws Error naming the path if it cannot.
  RunFolder(const std::filesystem::path& experiments, const std::string& timestamp);

  /// This very folder, which is made if it is not there.
  explicit RunFolder(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  /// Writes a whole file.
  void write(const std::string& file, std::string_view text) const;
  /// Removes a file, if it is there.
  void remove(const std::string& file) const;
  /// Adds to the end of a file.
  void append(const std::string& file, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

/// Local time as 2026-11-22_13-05-59.
std::string timestamp_now();

/// The newest folder in `experiments` that has a journal. Throws Error if there is none.
std::filesystem::path latest_run(const std::filesystem::path& experiments);

// organisms.csv: one row for each member of each generation; the same bytes wherever the run ran.
// `vocabulary` is the number of tokens; islands count from 1.
std::string organisms_csv_header();
std::string organisms_csv(std::span<const Organism> organisms, std::size_t islands,
                          Precision precision, std::size_t vocabulary);

// replicates.csv: one row for each new training of a finalist.
std::string replicates_csv(std::span<const Finalist> finalists);

// pareto.csv: the organisms that no other beats in both loss and cost, a front for each cost.
std::string pareto_csv(std::span<const Organism> history, std::size_t vocabulary);

// timings.csv: what depends on the clock and on the ranks.
std::string timings_csv_header();
std::string timings_csv(std::span<const Work> work);

}  // namespace microgpt
