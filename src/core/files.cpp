#include "microgpt/core/files.hpp"

#include <fcntl.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "descriptor.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::core {

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

namespace {

/// The amount read at a time from a pipe or device: its size is unknown, and an endless one must
/// not fill the memory.
constexpr std::size_t kMostOfAPipe = std::size_t{1} << 29;

/// A file open for reading. Opening a pipe does not wait for its writer.
class Input {
 public:
  explicit Input(const std::filesystem::path& path)
      : path_(path), file_(open(path.c_str(), flags(path))) {
    const int error = errno;
    require(file_.number() >= 0, "{}: cannot be opened: {}", path.string(), meaning_of(error));
    struct stat status = {};
    require(fstat(file_.number(), &status) == 0, "{}: cannot be looked at", path.string());
    require(!S_ISDIR(status.st_mode), "{}: is a directory, not a file", path.string());
    regular_ = S_ISREG(status.st_mode);
    require(regular_ || S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode),
            "{}: is neither a file nor a pipe", path.string());
    if (regular_) size_ = static_cast<std::size_t>(status.st_size);
  }

  std::string read(std::size_t most) const {
    if (!regular_) most = std::min(most, kMostOfAPipe);
    require_at_most(size_, most);
    constexpr std::size_t kChunk = std::size_t{1} << 16;
    std::string bytes(std::max(size_ + 1, kChunk), '\0');  // one more, to see the end
    std::size_t count = 0;
    while (const std::size_t more = read_into(bytes.data() + count, bytes.size() - count)) {
      count += more;
      require_at_most(count, most);
      if (count == bytes.size()) bytes.resize(2 * count);
    }
    bytes.resize(count);
    return bytes;
  }

 private:
  static int flags(const std::filesystem::path& path) {
    require(is_there(path), "{}: no such file", path.string());
    std::error_code failure;
    const bool regular = std::filesystem::is_regular_file(path, failure);
    return O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular ? 0 : O_NONBLOCK);
  }

  void require_at_most(std::size_t count, std::size_t most) const {
    require(count <= most, "{}: is larger than {} bytes, the most that is read of such a file",
            path_.string(), with_commas(most));
  }

  /// Returns the number of bytes read; 0 at the end.
  std::size_t read_into(char* to, std::size_t size) const {
    while (true) {
      if (!regular_) wait_for(file_.number(), POLLIN);
      const ssize_t count = ::read(file_.number(), to, size);
      const int error = errno;
      if (count >= 0) return static_cast<std::size_t>(count);
      require(error == EINTR || error == EAGAIN, "{}: cannot be read: {}", path_.string(),
              meaning_of(error));
    }
  }

  const std::filesystem::path& path_;
  Descriptor file_;
  bool regular_ = false;
  std::size_t size_ = 0;  // of a regular file
};

}  // namespace

std::string read_file(const std::filesystem::path& path, std::size_t most) {
  return Input(path).read(most);
}

std::string read_regular_file(const std::filesystem::path& path, std::size_t most) {
  require_regular_or_absent(path);
  return read_file(path, most);
}

std::string base64(std::string_view bytes) {
  std::string text(BASE64_ENCODE_RAW_LENGTH(bytes.size()), '\0');
  base64_encode_raw(text.data(), bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  return text;
}

std::string sha256(std::string_view bytes) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
  sha256_digest(&context, digest.size(), digest.data());
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace microgpt::core
