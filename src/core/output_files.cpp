#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <list>
#include <system_error>
#include <thread>

#include "descriptor.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/stop.hpp"

namespace microgpt::core {

namespace {

namespace fs = std::filesystem;

/// The destination of bytes written to a path.
struct Target {
  enum class Kind {
    file,       // a regular file, existing or new
    special,    // a device, a pipe, a descriptor of another process: opened directly
    descriptor  // of this process: written to directly
  };
  Kind kind = Kind::file;
  fs::path path;  // links resolved, except to descriptors
};

/// Whether a folder holds links to the descriptors of a process.
bool holds_descriptors(const fs::path& folder) {
  const std::string name = folder.string();
  return name.starts_with("/proc/") && name.ends_with("/fd");
}

bool is_ours(const fs::path& folder_of_descriptors) {
  return folder_of_descriptors.string().starts_with(fmt::format("/proc/{}/", getpid()));
}

/// Follows symbolic links, except from descriptors to files: a descriptor is used as it was opened.
Target target_of(const fs::path& path) {
  constexpr int kMostLinks = 40;
  std::error_code failure;
  fs::path here = path;
  for (int links = 0; links <= kMostLinks; ++links) {
    const fs::path folder = fs::canonical(here.parent_path() / ".", failure);
    if (!failure && holds_descriptors(folder)) {
      return {is_ours(folder) ? Target::Kind::descriptor : Target::Kind::special, here};
    }
    if (!fs::is_symlink(here, failure)) {
      const fs::file_status status = fs::status(here, failure);
      const bool special = fs::exists(status) && !fs::is_regular_file(status);
      return {special ? Target::Kind::special : Target::Kind::file, here};
    }
    here = here.parent_path() / fs::read_symlink(here, failure);  // which may be absolute
  }
  fail("{}: leads from link to link, and to no end", path.string());
}

/// The number of an inherited descriptor to write to. Those that this process opened itself are
/// close-on-exec and internal.
int descriptor_of(const Target& target) {
  const std::string name = target.path.filename().string();
  int number = -1;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number);
  require(problem == std::errc() && end == name.data() + name.size(), "is no descriptor");
  const int flags = fcntl(number, F_GETFD);
  require(flags >= 0 && (flags & FD_CLOEXEC) == 0, "is not open");
  require((fcntl(number, F_GETFL) & O_ACCMODE) != O_RDONLY, "is not open for writing");
  return number;
}

/// False if the reader of the pipe has closed it.
bool write_all(int descriptor, std::string_view bytes, bool patiently) {
  while (!bytes.empty()) {
    if (patiently) wait_for(descriptor, POLLOUT);
    // A pipe that is ready has room for PIPE_BUF bytes, so the write does not block.
    const std::size_t size =
        patiently ? std::min<std::size_t>(bytes.size(), PIPE_BUF) : bytes.size();
    const ssize_t written = ::write(descriptor, bytes.data(), size);
    const int error = errno;
    if (written < 0 && error == EPIPE) return false;
    require(written >= 0 || error == EINTR || error == EAGAIN, "{}", meaning_of(error));
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// For a pipe: waits for a reader.
int open_special(const fs::path& path) {
  while (true) {
    const int number = open(path.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const int error = errno;
    if (number >= 0) return number;
    std::error_code failure;
    require(error == EINTR || (error == ENXIO && fs::is_fifo(path, failure)), "{}",
            meaning_of(error));
    throw_if_stop_requested();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

bool write_special(const Target& target, std::string_view bytes) {
  if (target.kind == Target::Kind::descriptor) {
    std::fflush(stdout);
    return write_all(descriptor_of(target), bytes, true);
  }
  const Descriptor file(open_special(target.path));
  return write_all(file.number(), bytes, true);
}

/// A temporary file next to its destination, until it is renamed or removed.
class Aside {
 public:
  Aside(const fs::path& place, std::string_view bytes)
      : place_(place), path_(place.string() + fmt::format(".{}.tmp", ::getpid())) {
    constexpr mode_t kForAll = 0666;  // minus the umask
    Descriptor file(
        open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, kForAll));
    const int error = errno;
    require(file.number() >= 0, "{}", meaning_of(error));
    there_ = true;
    try {
      copy_permissions(file.number());
      write_all(file.number(), bytes, false);
      const int failure = file.close_now() ? 0 : errno;
      require(failure == 0, "{}", meaning_of(failure));
    } catch (...) {
      remove();
      throw;
    }
  }
  ~Aside() { remove(); }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  void put_in_place() {
    std::error_code failure;
    fs::rename(path_, place_, failure);
    require(!failure, "{}", failure.message());
    there_ = false;
  }

 private:
  void copy_permissions(int file) const {
    struct stat old = {};
    if (stat(place_.c_str(), &old) == 0) fchmod(file, old.st_mode & 07777);
  }
  void remove() {
    if (there_) unlink(path_.c_str());
  }

  fs::path place_, path_;
  bool there_ = false;
};

void require_no_folder(const fs::path& path) {
  std::error_code failure;
  require(!fs::is_directory(path, failure), "{}: is a directory, not a file", path.string());
}

/// Prefixes an error message with the path that cannot be written.
template <class Action>
auto writing(const fs::path& path, const Action& action) {
  try {
    return action();
  } catch (const Error& error) {
    fail("{}: cannot be written: {}", path.string(), error.what());
  }
}

/// As OutputFiles::commit.
template <class Files>
bool write_together(const Files& files) {
  std::list<std::pair<const fs::path*, Aside>> aside;
  std::vector<std::pair<std::size_t, Target>> special;
  bool all_read = true;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const fs::path& path = files[i].first;  // clang 14 lets no lambda have structured bindings
    require_no_folder(path);
    Target target = target_of(path);
    if (target.kind != Target::Kind::file) {
      special.emplace_back(i, std::move(target));
      continue;
    }
    writing(path, [&] {
      aside.emplace_back(std::piecewise_construct, std::forward_as_tuple(&path),
                         std::forward_as_tuple(target.path, files[i].second));
    });
  }
  for (const auto& entry : special) {
    const auto& file = files[entry.first];
    all_read &= writing(file.first, [&] { return write_special(entry.second, file.second); });
  }
  for (auto& entry : aside) writing(*entry.first, [&] { entry.second.put_in_place(); });
  return all_read;
}

}  // namespace

void OutputFiles::add(fs::path path, std::string bytes) {
  files_.emplace_back(std::move(path), std::move(bytes));
}

bool OutputFiles::commit() const { return write_together(files_); }

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  const std::vector<std::pair<fs::path, std::string_view>> file = {{path, bytes}};
  require(write_together(file), "{}: cannot be written: {}", path.string(), meaning_of(EPIPE));
}

void require_writable(const fs::path& path) {
  require_no_folder(path);
  const Target target = target_of(path);
  writing(path, [&] {
    if (target.kind == Target::Kind::descriptor) {
      descriptor_of(target);
    } else if (target.kind == Target::Kind::special) {
      const int failure = access(target.path.c_str(), W_OK) == 0 ? 0 : errno;
      require(failure == 0, "{}", meaning_of(failure));
    } else {
      Aside(target.path, "");
    }
  });
}

bool makes_a_file(const fs::path& path) { return target_of(path).kind == Target::Kind::file; }

bool would_replace(const fs::path& path, const fs::path& other) {
  const Target target = target_of(path);
  if (target.kind != Target::Kind::file) return false;
  std::error_code failure;
  if (fs::equivalent(target.path, other, failure)) return true;
  const auto place_of = [&](const fs::path& file) {
    return fs::weakly_canonical(fs::absolute(file, failure), failure);
  };
  const fs::path place = place_of(target.path);
  return !place.empty() && place == place_of(target_of(other).path);
}

}  // namespace microgpt::core
