#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace microgpt::core {

/// A file descriptor that is closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  /// Closes it now. False, with errno, if that says that something was not written.
  bool close_now();

 private:
  int number_;
};

/// Waits until there may be something to read (POLLIN) or room to write (POLLOUT). Throws Stopped
/// if the process should stop: nobody may ever come to the other end of a pipe.
void wait_for(int descriptor, short event);

/// What an errno means.
std::string meaning_of(int error);

}  // namespace microgpt::core
