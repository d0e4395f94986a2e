#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace microgpt {

/// Whether there is anything of that name. Throws Error naming the path if that cannot be seen.
bool is_there(const std::filesystem::path& path);

/// The bytes of a file, or all that comes out of a pipe. Throws Error naming the path if it cannot
/// be read.
std::string read_file(const std::filesystem::path& path);

/// Replaces `path` by a file with these bytes: written beside it, then renamed, so that a reader
/// sees the old file or the new one and never a part. A link stays, and what it leads to is
/// replaced; a file keeps its permissions. What is no regular file (a device, a pipe) is written to
/// instead. Throws Error naming the path.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Throws Error unless a file can be written at `path` (nothing is left behind or overwritten).
void require_writable(const std::filesystem::path& path);

/// SHA-256 in 64 hexadecimal digits, as sha256sum prints it.
std::string sha256(std::string_view bytes);

}  // namespace microgpt
