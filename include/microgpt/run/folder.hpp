#pragma once

#include "microgpt/layers.hpp"

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace microgpt::run {

/// The files that a run writes into its folder, besides the journal and run.log.
inline constexpr std::array<std::string_view, 13> kRunFiles = {
    "settings.json", "space.json", "organisms.csv",       "generations.csv", "names.csv",
    "timings.csv",   "pareto.csv", "replicates.csv",      "ablations.csv",   "report.html",
    "genome.json",   "stopped",    "champion.safetensors"};

/// The folder of one run: `experiments/<timestamp>/`. Nothing outside it is written.
class RunFolder {
 public:
  /// Creates the folder; if the name is taken (two runs in one second), appends -2, -3 and so on.
  /// Throws Error naming the path if that fails.
  RunFolder(const std::filesystem::path& experiments, const std::string& timestamp);

  /// Uses this folder, creating it if necessary. Throws Error if that fails.
  explicit RunFolder(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  /// Writes a whole file.
  void write(const std::string& file, std::string_view text) const;
  /// Removes a file, if it exists.
  void remove(const std::string& file) const;
  /// Appends to a file: all of the text, or nothing and throws Error.
  void append(const std::string& file, std::string_view text) const;
  /// Throws Error naming the path if one of the files exists but is not a regular file.
  void require_regular_files() const;

 private:
  std::filesystem::path path_;
};

/// Makes `latest`, next to the folder of a run, a link to it. Does nothing if links are not
/// supported or the name is taken by something else: it is a convenience.
void link_latest(const RunFolder& run);

/// Local time as 2026-11-22_13-05-59.
std::string timestamp_now();

/// The folder that `latest` in `experiments` links to; without it, the folder with a journal whose
/// name sorts last, which is the newest if names are timestamps. Throws Error if there is none.
std::filesystem::path latest_run(const std::filesystem::path& experiments);

}  // namespace microgpt::run
