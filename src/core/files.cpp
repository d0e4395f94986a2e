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

std::string read_file(const std::filesystem::path& path) {
  std::error_code ignored;
  require(std::filesystem::exists(path, ignored), "{}: no such file", path.string());
  require(!std::filesystem::is_directory(path, ignored), "{}: is a directory, not a file",
          path.string());
  std::ifstream file(path, std::ios::binary);
  require(file.good(), "{}: cannot be opened: {}", path.string(), std::strerror(errno));
  std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  require(!file.bad(), "{}: cannot be read: {}", path.string(), std::strerror(errno));
  return bytes;
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path temporary = temporary_beside(path);
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file.good()) {
      const std::string reason = std::strerror(errno);
      std::error_code ignored;
      std::filesystem::remove(temporary, ignored);
      fail("{}: cannot be written: {}", path.string(), reason);
    }
  }
  std::error_code failure;
  std::filesystem::rename(temporary, path, failure);
  if (failure) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    fail("{}: cannot be written: {}", path.string(), failure.message());
  }
}

void require_writable(const std::filesystem::path& path) {
  std::error_code failure;
  require(!std::filesystem::is_directory(path, failure), "{}: is a directory, not a file",
          path.string());
  const std::filesystem::path temporary = temporary_beside(path);
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
