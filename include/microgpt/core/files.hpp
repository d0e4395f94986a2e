#pragma once

#include "microgpt/layers.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace microgpt::core {

/// Whether anything exists at `path`. Throws Error naming the path if that cannot be found out.
bool is_there(const std::filesystem::path& path);

/// The size limit of any input file, in bytes: the tokens of so many characters can still be
/// counted in 32 bits.
inline constexpr std::size_t kLargestFile = std::size_t{1} << 31;
/// The size limit of a file of settings or genes.
inline constexpr std::size_t kLargestJson = std::size_t{1} << 24;

/// The content of a file, pipe or device; waits for a pipe's writer. Throws Error naming the path
/// if it cannot be read or has more than `most` bytes, and Stopped if a stop is requested
/// meanwhile.
std::string read_file(const std::filesystem::path& path, std::size_t most = kLargestFile);

/// The same, but in pieces, so that the whole need not fit into memory. `begin` is told the size of
/// a regular file first, 0 of a pipe or device.
void read_pieces(const std::filesystem::path& path, const std::function<void(std::size_t)>& begin,
                 const std::function<void(std::string_view)>& take);

/// The same for a file that the user did not name explicitly: anything but a regular file is
/// refused, because a pipe might never get a writer.
std::string read_regular_file(const std::filesystem::path& path, std::size_t most = kLargestFile);

/// Throws Error naming the path if something other than a regular file exists there.
void require_regular_or_absent(const std::filesystem::path& path);

/// Files that are written together: all of them or, if one cannot be written, none. Each is written
/// to a temporary file and then renamed, so that a reader sees either the old file or the complete
/// new one. Symbolic links are followed, and their target is replaced or created; an existing file
/// keeps its permissions.
///
/// Devices and pipes are opened and written to instead. So is a descriptor that this process
/// inherited, named as /dev/stdout or /dev/fd/3: whatever it refers to, the bytes are added at its
/// current position, after everything printed so far. SIGPIPE must be ignored.
class OutputFiles {
 public:
  void add(std::filesystem::path path, std::string bytes);

  /// Throws Error naming the path if one of the files cannot be written. False if all were written
  /// except for pipes whose readers closed early.
  bool commit() const;

 private:
  std::vector<std::pair<std::filesystem::path, std::string>> files_;
};

/// Writes one file as OutputFiles does. Throws Error naming the path, also if the reader of a pipe
/// closed early.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Throws Error unless a file can be written at `path`. Leaves nothing behind, overwrites nothing.
void require_writable(const std::filesystem::path& path);

/// Whether writing to `path` creates or replaces a file; false for a device, pipe or descriptor.
bool makes_a_file(const std::filesystem::path& path);

/// Whether writing to `path` would replace the file at `other`, which need not exist yet.
bool would_replace(const std::filesystem::path& path, const std::filesystem::path& other);

/// In Base64 (RFC 4648).
std::string base64(std::string_view bytes);

/// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(std::string_view piece);
  /// As 64 hexadecimal digits, as sha256sum prints it. To be called once.
  std::string digits();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// That of bytes at once.
std::string sha256(std::string_view bytes);

}  // namespace microgpt::core
