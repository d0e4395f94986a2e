#pragma once

#include "microgpt/layers.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace microgpt::run {

/// A regular file that grows line by line; other processes may have it open, too.
class LineFile {
 public:
  enum class Use {
    append,  ///< and read; the file is made if it is not there
    read
  };
  /// Opens the file. Throws Error naming it if it cannot be used so, or is a pipe or a device, for
  /// which a run would wait for ever.
  explicit LineFile(std::filesystem::path path, Use use = Use::append);
  ~LineFile();
  LineFile(LineFile&& other) noexcept;
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  enum class Lock {
    held,        ///< until unlock(), or the end of the process
    taken,       ///< somebody else has it, and has had it all the time
    unsupported  ///< this file system knows no locks
  };
  Lock lock(std::chrono::milliseconds patience) const;
  void unlock() const;

  std::string read() const;
  /// Whether the path still leads to the file.
  bool is_in_place() const;
  /// Whether the last byte is not the end of a line.
  bool is_torn() const;
  /// Adds all of the text, or throws Error and leaves the file as it was.
  void append(std::string_view text) const;
  /// Returns when all is on the disk.
  void sync() const;
  void cut(std::size_t size) const;

 private:
  std::size_t size() const;
  [[noreturn]] void fail_to(std::string_view what, int error) const;

  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace microgpt::run
