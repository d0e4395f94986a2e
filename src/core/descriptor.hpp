#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace microgpt::core {

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  /// Closes it now. Returns false, with errno set, if that reports a write error.
  bool close_now();

 private:
  int number_;
};

/// Waits until reading (POLLIN) or writing (POLLOUT) may be possible. Throws Stopped if a stop is
/// requested: the other end of a pipe may never be opened.
void wait_for(int descriptor, short event);

/// The description of an errno.
std::string meaning_of(int error);

}  // namespace microgpt::core
