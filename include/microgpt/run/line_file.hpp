#pragma once

#include "microgpt/layers.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace microgpt::run {

/// A regular file that grows line by line; other processes may have it open as well.
class LineFile {
 public:
  enum class Use {
    append,  ///< and read; the file is created if necessary
    read
  };
  /// Opens the file. Throws Error naming it if that fails, or if it is a pipe or a device, on which
  /// a run could wait forever.
  explicit LineFile(std::filesystem::path path, Use use = Use::append);
  ~LineFile();
  LineFile(LineFile&& other) noexcept;
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  enum class Lock {
    held,        ///< until unlock(), or the end of the process
    taken,       ///< another process held it all the time
    unsupported  ///< by this file system
  };
  Lock lock(std::chrono::milliseconds patience) const;
  void unlock() const;

  std::string read() const;
  /// Whether the path still refers to the file.
  bool is_in_place() const;
  /// Whether the last line is incomplete.
  bool is_torn() const;
  /// Appends all of the text, or throws Error and leaves the file unchanged.
  void append(std::string_view text) const;
  /// Returns once everything is on disk.
  void sync() const;
  void cut(std::size_t size) const;

 private:
  std::size_t size() const;
  [[noreturn]] void fail_to(std::string_view what, int error) const;

  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace microgpt::run
