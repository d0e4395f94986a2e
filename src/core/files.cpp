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

  /// Of a regular file; 0 of others.
  std::size_t size() const { return size_; }

  void read(std::size_t most, const std::function<void(std::string_view)>& take) const {
    if (!regular_) most = std::min(most, kMostOfAPipe);
    require_at_most(size_, most);
    std::string piece(std::size_t{1} << 16, '\0');
    std::size_t count = 0;
    while (const std::size_t more = read_into(piece.data(), piece.size())) {
      count += more;
      require_at_most(count, most);
      take(std::string_view(piece).substr(0, more));
    }
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
  const Input input(path);
  std::string bytes;
  bytes.reserve(std::min(input.size(), most));
  input.read(most, [&](std::string_view piece) { bytes += piece; });
  return bytes;
}

void read_pieces(const std::filesystem::path& path, const std::function<void(std::size_t)>& begin,
                 const std::function<void(std::string_view)>& take) {
  const Input input(path);
  begin(std::min(input.size(), kLargestFile));
  input.read(kLargestFile, take);
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

struct Sha256::State {
  sha256_ctx context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { sha256_init(&state_->context); }

Sha256::~Sha256() = default;

void Sha256::add(std::string_view piece) {
  sha256_update(&state_->context, piece.size(),
                reinterpret_cast<const std::uint8_t*>(piece.data()));
}

std::string Sha256::digits() {
  std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
  sha256_digest(&state_->context, digest.size(), digest.data());
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

std::string sha256(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes);
  return sum.digits();
}

}  // namespace microgpt::core
