// Preloaded into a program, it makes calls fail as they do on a bad disk. BAD_WRITE, BAD_FDATASYNC
// and BAD_FLOCK each hold an errno and a pattern of paths, as "28 */organisms.csv". What fails with
// EINTR (4) succeeds when it is tried again.

#include <dlfcn.h>
#include <fnmatch.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace {

bool fails(const char* variable, int descriptor) {
  const char* const said = std::getenv(variable);
  if (said == nullptr) return false;
  char* pattern = nullptr;
  const int error = static_cast<int>(std::strtol(said, &pattern, 10));
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t length = readlink(link.c_str(), path, sizeof path - 1);
  if (length < 0) return false;
  path[length] = '\0';
  if (fnmatch(pattern + 1, path, 0) != 0) return false;
  static bool interrupted = false;
  interrupted = !interrupted;
  if (error == EINTR && !interrupted) return false;
  errno = error;
  return true;
}

template <class Call>
Call* next(const char* name) {
  return reinterpret_cast<Call*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t count) {
  static auto* const real = next<ssize_t(int, const void*, size_t)>("write");
  return fails("BAD_WRITE", descriptor) ? -1 : real(descriptor, bytes, count);
}

ssize_t writev(int descriptor, const iovec* pieces, int count) {
  static auto* const real = next<ssize_t(int, const iovec*, int)>("writev");
  return fails("BAD_WRITE", descriptor) ? -1 : real(descriptor, pieces, count);
}

int fdatasync(int descriptor) {
  static auto* const real = next<int(int)>("fdatasync");
  return fails("BAD_FDATASYNC", descriptor) ? -1 : real(descriptor);
}

int flock(int descriptor, int operation) noexcept {
  static auto* const real = next<int(int, int)>("flock");
  return fails("BAD_FLOCK", descriptor) ? -1 : real(descriptor, operation);
}
}
