#include "microgpt/core/files.hpp"

#include <nettle/sha2.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "microgpt/core/error.hpp"

namespace microgpt {

bool is_there(const std::filesystem::path& path) {
  std::error_code failure;
  const std::filesystem::file_status status = std::filesystem::status(path, failure);
  require(status.type() != std::filesystem::file_type::none, "{}: cannot be looked at: {}",
          path.string(), failure.message());
  return std::filesystem::exists(status);
}

void require_regular_or_absent(const std::filesystem::path& path) {
  std::error_code failure;
  require(!is_there(path) || std::filesystem::is_regular_file(path, failure),
          "{}: is no regular file", path.string());
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

std::string sha256(std::string_view bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
  sha256_digest(&context, digest.size(), digest.data());
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace microgpt
