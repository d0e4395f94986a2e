#pragma once

#include "microgpt/layers.hpp"

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace microgpt::run {

/// The files that a run writes into its folder, besides journal and run.log.
inline constexpr std::array<std::string_view, 11> kRunFiles = {
    "settings.json", "space.json",  "organisms.csv", "generations.csv",
    "names.csv",     "timings.csv", "pareto.csv",    "replicates.csv",
    "report.html",   "genome.json", "stopped"};

/// The folder of one run: experiments/<timestamp>/. Nothing outside it is written.
class RunFolder {
 public:
  /// Makes the folder; where one of that name is there already (two runs in one second), the name
  /// gets -2, -3 and so on. Throws Error naming the path if it cannot.
  RunFolder(const std::filesystem::path& experiments, const std::string& timestamp);

  /// This very folder, which is made if it is not there. Throws Error if it cannot be.
  explicit RunFolder(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  /// Writes a whole file.
  void write(const std::string& file, std::string_view text) const;
  /// Removes a file, if it is there.
  void remove(const std::string& file) const;
  /// Adds to the end of a file: all of the text, or, with an Error, nothing.
  void append(const std::string& file, std::string_view text) const;
  /// Throws Error naming what is there under the name of one of the files, but is no regular file.
  void require_regular_files() const;

 private:
  std::filesystem::path path_;
};

/// Makes `latest`, beside the folder of a run, a link to it. Where there are no links, or something
/// else has that name, nothing happens: it is a convenience.
void link_latest(const RunFolder& run);

/// Local time as 2026-11-22_13-05-59.
std::string timestamp_now();

/// Where `latest` leads in `experiments`; without it the folder there that has a journal and the
/// greatest name, which is the newest where names are timestamps. Throws Error if there is none.
std::filesystem::path latest_run(const std::filesystem::path& experiments);

}  // namespace microgpt::run
