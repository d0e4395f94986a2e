#include "terminal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace microgpt {

namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// A copy of the descriptor of what standard output is in the end; -1 if it cannot be seen.
int standard_output() {
  if (variable("OMPI_COMM_WORLD_RANK").empty()) return dup(STDOUT_FILENO);
  const std::string launcher = fmt::format("/proc/{}/fd/1", getppid());
  return open(launcher.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
}

}  // namespace

Screen screen_of_standard_output() {
  Screen screen;
  const int output = standard_output();
  if (output < 0) return screen;
  screen.is_terminal = isatty(output) == 1 && variable("TERM") != "dumb";
  screen.colours = screen.is_terminal && variable("NO_COLOR").empty();
  winsize size = {};
  if (ioctl(output, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) screen.width = size.ws_col;
  close(output);
  return screen;
}

void Terminal::print(std::string_view text) {
  const std::string all = fmt::format("{}{}{}", erase(), text, draw());
  std::fwrite(all.data(), 1, all.size(), stdout);
  std::fflush(stdout);
}

void Terminal::keep(std::vector<std::string> lines) {
  if (lines == lines_) return;
  std::string all = erase();
  lines_ = std::move(lines);
  all += draw();
  std::fwrite(all.data(), 1, all.size(), stdout);
  std::fflush(stdout);
}

/// To the first of the lines, and from there on nothing.
std::string Terminal::erase() const {
  return lines_.empty() ? "" : fmt::format("\x1b[{}F\x1b[J", lines_.size());
}

std::string Terminal::draw() const {
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  return text;
}

}  // namespace microgpt
