#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "property.hpp"

namespace microgpt::fuzz {

using namespace core;

/// A file in memory, for readers that want a path: no disk is touched, and nothing is left behind.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    check(descriptor_ >= 0, "there is room for a file in memory");
    check(::write(descriptor_, bytes.data(), bytes.size()) == std::ssize(bytes),
          "a file in memory takes its bytes");
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

}  // namespace microgpt::fuzz
