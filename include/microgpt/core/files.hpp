#pragma once

#include "microgpt/layers.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace microgpt::core {

/// Whether there is anything of that name. Throws Error naming the path if that cannot be seen.
bool is_there(const std::filesystem::path& path);

/// The most that is read of any file, in bytes: of so many characters the tokens can still be
/// counted in 32 bits.
inline constexpr std::size_t kLargestFile = std::size_t{1} << 31;
/// The most that is read of a file of settings or genes.
inline constexpr std::size_t kLargestJson = std::size_t{1} << 24;

/// The bytes of a file, or all that comes out of a pipe or a device, which is waited for: at most
/// `most` of them. Throws Error naming the path if it cannot be read or there are more, and Stopped
/// if the process should stop while it waits.
std::string read_file(const std::filesystem::path& path, std::size_t most = kLargestFile);

/// The same of a file that nobody has named: what is no regular file is refused, for nobody may
/// ever write to a pipe.
std::string read_regular_file(const std::filesystem::path& path, std::size_t most = kLargestFile);

/// Throws Error naming the path if something is there that is no regular file.
void require_regular_or_absent(const std::filesystem::path& path);

/// Files that are written together: either all of them or, if one cannot be, none. Each is written
/// beside its place and then renamed, so that a reader sees the old file or the new one and never a
/// part. A link stays, and what it leads to is replaced or made; a file keeps its permissions.
///
/// What is no regular file (a device, a pipe) is written to instead, and so is a descriptor that
/// this process was given, named as /dev/stdout or /dev/fd/3: whatever it leads to, bytes are added
/// where it stands, after all that has been printed. SIGPIPE must be ignored.
class OutputFiles {
 public:
  void add(std::filesystem::path path, std::string bytes);

  /// Throws Error naming the path if one of the files cannot be written. False if all of them are
  /// written but for pipes whose readers did not want to have everything.
  bool commit() const;

 private:
  std::vector<std::pair<std::filesystem::path, std::string>> files_;
};

/// Writes one file in the way of OutputFiles. Throws Error naming the path, also if the reader of a
/// pipe has left.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Throws Error unless a file can be written at `path` (nothing is left behind or overwritten).
void require_writable(const std::filesystem::path& path);

/// Whether writing `path` makes or replaces a file, and not to a device, a pipe or a descriptor.
bool makes_a_file(const std::filesystem::path& path);

/// Whether writing `path` would replace what `other` leads to, be it there by now or not.
bool would_replace(const std::filesystem::path& path, const std::filesystem::path& other);

/// SHA-256 in 64 hexadecimal digits, as sha256sum prints it.
std::string sha256(std::string_view bytes);

}  // namespace microgpt::core
