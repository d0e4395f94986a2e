#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/evolution/trial.hpp"
#include "microgpt/run/line_file.hpp"

namespace microgpt::run {

/// The file from which a killed run resumes: first its options and settings, then every evaluation
/// in order of arrival, with how the organism was born, each on disk before anything is bred from
/// it; between them, what the run was extended with.
///
/// One record per line: 16 hexadecimal digits, a space, a JSON object. The digits are the start of
/// the SHA-256 of the previous line's digits and this object, so changed, lost or moved lines are
/// detected. An incomplete last line was being written when the run died, and is cut off.
class Journal {
 public:
  /// Opens or creates the file and locks it for this process, waiting a few seconds for a process
  /// that is about to exit. Throws Error naming file, line and rule if it is not a regular file,
  /// not readable or writable, in use by another run, or corrupt.
  explicit Journal(std::filesystem::path file);

  /// Whether the file was empty.
  bool is_new() const { return header_.empty(); }
  /// The first record, a JSON object.
  const std::string& header() const { return header_; }
  /// Writes the first record of a new journal.
  void begin(std::string_view header);

  /// Options that the run was extended with later, in order, as --name=value.
  const std::vector<std::string>& extensions() const { return extensions_; }
  /// Records that it goes on with these.
  void extend(const std::vector<std::string>& options);

  std::filesystem::path folder() const { return path_.parent_path(); }
  const std::vector<Trial>& entries() const { return entries_; }
  /// Messages for the user: a record was cut off, or locks are not supported.
  const std::vector<std::string>& notices() const { return notices_; }

  /// Throws Error if the file has been removed or the record cannot be written; then it is not part
  /// of the file.
  void append(const Trial& trial);
  /// Returns once all records are on disk.
  void sync();

 private:
  void write(std::string_view object);

  std::filesystem::path path_;
  LineFile file_;
  std::string header_, last_;  // the digits of the last line
  bool is_synced_ = true;
  std::vector<std::string> extensions_;
  std::vector<Trial> entries_;
  std::vector<std::string> notices_;
};

/// The trials in all journals of a run: `journal`, and with several coordinators `journal-2` and so
/// on. Reads them while others may write. Throws Error as Journal does, and if one of them has
/// another first record.
std::vector<Trial> journaled(const std::filesystem::path& folder, std::string_view header);

/// How the organisms of these trials were born.
RecordedBirths births_of(std::span<const Trial> trials);

}  // namespace microgpt::run
