#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace microgpt {

/// The bytes of a regular file. Throws Error naming the path if it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Replaces `path` by a file with these bytes: written beside it, then renamed, so that a reader
/// sees the old file or the new one and never a part. Throws Error naming the path.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Throws Error unless a file can be written at `path` (nothing is left behind or overwritten).
void require_writable(const std::filesystem::path& path);

/// SHA-256 in 64 hexadecimal digits, as sha256sum prints it.
std::string sha256(std::string_view bytes);

}  // namespace microgpt
