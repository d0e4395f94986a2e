#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/run/folder.hpp"

namespace microgpt::run {

/// Files in the folder of a run that it can do without, as tables are: the journal has all that
/// they say. One that cannot be written, on a full disk for instance, gives one warning; from then
/// on its text is kept in memory, and retry() tries again.
class BestEffortFiles {
 public:
  /// `warn` is given a message that names the file. The folder must outlive this.
  BestEffortFiles(const RunFolder& folder, std::function<void(std::string_view)> warn)
      : folder_(folder), warn_(std::move(warn)) {}

  /// Replaces the file.
  void write(const std::string& file, std::string_view text) {
    put(file, {std::string(text), true});
  }
  void append(const std::string& file, std::string_view text) {
    put(file, {std::string(text), false});
  }
  /// Writes what could not be written, each file as a whole: where the end of one does not fit, a
  /// new one beside it often does. Returns the files that are complete now.
  std::vector<std::string> retry();

 private:
  struct Unwritten {
    std::string text;
    bool is_whole;  // or the end of what is there
  };
  void put(const std::string& file, Unwritten what);

  const RunFolder& folder_;
  std::function<void(std::string_view)> warn_;
  std::map<std::string, Unwritten> unwritten_;  // by file
};

}  // namespace microgpt::run
