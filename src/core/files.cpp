#include "microgpt/core/files.hpp"

#include <nettle/sha2.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "microgpt/core/error.hpp"

namespace microgpt {

namespace {

std::filesystem::path temporary_beside(const std::filesystem::path& path) {
  std::filesystem::path temporary = path;
  temporary += fmt::format(".{}.tmp", ::getpid());
  return temporary;
}

}  // namespace

bool is_there(const std::filesystem::path& path) {
  std::error_code failure;
  const std::filesystem::file_status status = std::filesystem::status(path, failure);
  require(status.type() != std::filesystem::file_type::none, "{}: cannot be looked at: {}",
          path.string(), failure.message());
  return std::filesystem::exists(status);
}

std::string read_file(const std::filesystem::path& path) {
  std::error_code ignored;
  require(is_there(path), "{}: no such file", path.string());
  require(!std::filesystem::is_directory(path, ignored), "{}: is a directory, not a file",
          path.string());
  std::ifstream file(path, std::ios::binary);
  require(file.good(), "{}: cannot be opened: {}", path.string(), std::strerror(errno));
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  require(!file.bad(), "{}: cannot be read: {}", path.string(), std::strerror(errno));
  return bytes;
}

namespace {

/// What a path leads to, if it is a link.
std::filesystem::path target_of(const std::filesystem::path& path) {
  std::error_code failure;
  if (!std::filesystem::is_symlink(path, failure)) return path;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, failure);
  require(!failure, "{}: leads nowhere: {}", path.string(), failure.message());
  return target;
}

/// Something that is no file and cannot be replaced by one: a device, a pipe.
bool is_special(const std::filesystem::path& path) {
  std::error_code failure;
  const auto status = std::filesystem::status(path, failure);
  return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
}

void write_bytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  require(file.good(), "{}", std::strerror(errno));
}

/// The permissions that a file has, if it is there.
void copy_permissions(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code failure;
  const auto status = std::filesystem::status(from, failure);
  if (std::filesystem::exists(status)) {
    std::filesystem::permissions(to, status.permissions(), failure);
  }
}

}  // namespace

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path target = target_of(path);
  const std::filesystem::path temporary = temporary_beside(target);
  try {
    if (is_special(target)) return write_bytes(target, bytes);
    write_bytes(temporary, bytes);
    copy_permissions(target, temporary);
    std::error_code failure;
    std::filesystem::rename(temporary, target, failure);
    require(!failure, "{}", failure.message());
  } catch (const Error& error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    fail("{}: cannot be written: {}", path.string(), error.what());
  }
}

void require_writable(const std::filesystem::path& path) {
  std::error_code failure;
  require(!std::filesystem::is_directory(path, failure), "{}: is a directory, not a file",
          path.string());
  const std::filesystem::path target = target_of(path);
  if (is_special(target)) return;
  const std::filesystem::path temporary = temporary_beside(target);
  std::ofstream probe(temporary);
  require(probe.good(), "{}: cannot be written: {}", path.string(), std::strerror(errno));
  probe.close();
  std::filesystem::remove(temporary, failure);
}

std::string sha256(std::string_view bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
  sha256_digest(&context, digest.size(), digest.data());
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace microgpt
