#include "standard_streams.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "command_line.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::apps {

namespace {

int lost = 0;  // errno of the first failure

void remember_failure(int error) {
  if (lost == 0) lost = error;
}

}  // namespace

void prepare_standard_streams() {
  std::signal(SIGPIPE, SIG_IGN);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0) continue;
    // It becomes `stream`, the lowest that is free. Writing to standard output fails as before.
    [[maybe_unused]] const int placeholder =
        open("/dev/null", stream == STDOUT_FILENO ? O_RDONLY : O_RDWR);
  }
}

void say_text(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) remember_failure(errno);
}

void flush_output() {
  if (std::fflush(stdout) != 0) remember_failure(errno);
}

int output_error() {
  flush_output();
  if (std::ferror(stdout) != 0) remember_failure(EIO);  // somebody else has written
  return lost;
}

int end_output(int exit_code) {
  const int error = output_error();
  if (error == EPIPE) return kReaderLeft;
  require(error == 0, "standard output: cannot be written: {}", std::strerror(error));
  return exit_code;
}

void complain(const std::string& program, std::string_view message) {
  std::fputs(printable(fmt::format("{}: {}\n", program, message)).c_str(), stderr);
}

}  // namespace microgpt::apps
