#include "microgpt/run/line_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>
#include <utility>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"

namespace microgpt::run {

namespace {

/// Never waits, not even for the other end of a pipe.
int open_regular(const std::filesystem::path& path, int flags) {
  const int descriptor = open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC, 0644);
  const int error = errno;
  require(descriptor >= 0 || error == ENXIO, "{}: cannot be opened: {}", path.string(),
          std::strerror(error));
  struct stat status = {};
  if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode)) {
    return descriptor;
  }
  if (descriptor >= 0) close(descriptor);
  fail("{}: is no regular file", path.string());
}

/// Repeats a call that a signal interrupted.
template <class Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace

LineFile::LineFile(std::filesystem::path path, Use use)
    : path_(std::move(path)),
      descriptor_(open_regular(path_, use == Use::read ? O_RDONLY : O_RDWR | O_CREAT | O_APPEND)) {}

LineFile::~LineFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

LineFile::LineFile(LineFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

void LineFile::fail_to(std::string_view what, int error) const {
  fail("{}: cannot be {}: {}", path_.string(), what, std::strerror(error));
}

LineFile::Lock LineFile::lock(std::chrono::milliseconds patience) const {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + patience;
  while (uninterrupted([&] { return flock(descriptor_, LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return Lock::unsupported;
    if (Clock::now() >= end) return Lock::taken;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return Lock::held;
}

void LineFile::unlock() const { flock(descriptor_, LOCK_UN); }

std::string LineFile::read() const {
  require(size() <= kLargestFile, "{}: has {} bytes, more than {}", path_.string(), size(),
          kLargestFile);
  std::string bytes(size(), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = uninterrupted([&] {
      return pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    });
    if (count < 0) fail_to("read", errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

std::size_t LineFile::size() const {
  struct stat status = {};
  if (fstat(descriptor_, &status) != 0) fail_to("looked at", errno);
  return static_cast<std::size_t>(status.st_size);
}

bool LineFile::is_in_place() const {
  struct stat here = {}, there = {};
  return fstat(descriptor_, &here) == 0 && stat(path_.c_str(), &there) == 0 &&
         here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

bool LineFile::is_torn() const {
  const std::size_t bytes = size();
  char last = '\n';
  return bytes > 0 && pread(descriptor_, &last, 1, static_cast<off_t>(bytes - 1)) == 1 &&
         last != '\n';
}

void LineFile::append(std::string_view text) const {
  const std::size_t before = size();
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count =
        uninterrupted([&] { return write(descriptor_, text.data() + done, text.size() - done); });
    if (count <= 0) {
      const int error = count == 0 ? ENOSPC : errno;
      // Only if it is still the end: without locks another process may have appended.
      if (done > 0 && size() == before + done) cut(before);
      fail_to("written", error);
    }
    done += static_cast<std::size_t>(count);
  }
}

void LineFile::sync() const {
  if (uninterrupted([&] { return fdatasync(descriptor_); }) != 0) fail_to("written", errno);
}

void LineFile::cut(std::size_t size) const {
  if (uninterrupted([&] { return ftruncate(descriptor_, static_cast<off_t>(size)); }) != 0) {
    fail_to("written", errno);
  }
}

}  // namespace microgpt::run
