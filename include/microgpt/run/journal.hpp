#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/evolution/trial.hpp"
#include "microgpt/run/line_file.hpp"

namespace microgpt::run {

/// The file of a run from which it can go on after it was killed: first what was asked for, then
/// every evaluation as it came, each on the disk before anything is bred from it.
///
/// One record a line: 16 hexadecimal digits, a space, a JSON object. The digits begin the SHA-256
/// of the digits of the line before and this object, so no line can be changed, lost or moved
/// without notice. A last line without its end was being written when the run died, and is cut off.
class Journal {
 public:
  /// Opens the file, or makes it, and locks it for this process. Waits a few seconds for one that
  /// is about to die. Throws Error naming file, line and rule: no regular file, not readable or
  /// writable, used by another run, corrupt.
  explicit Journal(std::filesystem::path file);

  /// Whether there was nothing in the file.
  bool is_new() const { return header_.empty(); }
  /// The first record, a JSON object.
  const std::string& header() const { return header_; }
  /// Writes the first record of a new journal.
  void begin(std::string_view header);

  std::filesystem::path folder() const { return path_.parent_path(); }
  const std::vector<Trial>& entries() const { return entries_; }
  /// What the user should know: of a record that was cut off, of a lock that is not to be had.
  const std::vector<std::string>& notices() const { return notices_; }

  /// Returns when the record is on the disk. Throws Error if it cannot be written, and is then no
  /// part of the file, or if the file has been removed.
  void append(const Trial& trial);

 private:
  void write(std::string_view object);

  std::filesystem::path path_;
  LineFile file_;
  std::string header_, last_;  // the digits of the last line
  std::vector<Trial> entries_;
  std::vector<std::string> notices_;
};

/// The trials in all journals of a run: `journal`, and with several coordinators `journal-2` and so
/// on. Reads them while others may write. Throws Error as Journal does, and if one of them has
/// another first record.
std::vector<Trial> journaled(const std::filesystem::path& folder, std::string_view header);

}  // namespace microgpt::run
