#include "terminal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "microgpt/core/text.hpp"
#include "standard_streams.hpp"

namespace microgpt::apps {

namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// A copy of the descriptor that standard output leads to; -1 if it cannot be examined.
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
  if (ioctl(output, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    screen.width = size.ws_col, screen.height = size.ws_row;
  }
  close(output);
  return screen;
}

namespace {

/// In one write, so that the display does not flicker.
void write(std::string_view text) {
  say_text(text);
  flush_output();
}

}  // namespace

void Terminal::print(std::string_view text) { write(fmt::format("{}{}{}", erase(), text, draw())); }

void Terminal::keep(std::vector<std::string> lines, const Screen& screen) {
  lines.resize(std::min(lines.size(), screen.height - 1));  // the cursor stands below them
  if (lines == lines_ && screen.width == width_) return;
  width_ = screen.width;
  const std::string all = erase();
  lines_ = std::move(lines);
  write(all + draw());
}

void Terminal::end() { keep({}, {.width = width_}); }

namespace {

/// Columns of a line, without colour codes.
std::size_t columns_of(std::string_view line) {
  std::size_t columns = 0;
  while (true) {
    const std::size_t escape = line.find('\x1b');
    columns += display_width(line.substr(0, escape));
    if (escape == std::string_view::npos) return columns;
    line.remove_prefix(line.find('m', escape) + 1);
  }
}

}  // namespace

/// Moves to the first line of the display and clears from there. In a window that has become
/// narrower a line takes several rows.
std::string Terminal::erase() const {
  std::size_t rows = 0;
  for (const std::string& line : lines_) {
    rows += std::max<std::size_t>(1, (columns_of(line) + width_ - 1) / width_);
  }
  return rows == 0 ? "" : fmt::format("\x1b[{}F\x1b[J", rows);
}

std::string Terminal::draw() const {
  std::string text;
  for (const std::string& line : lines_) text += line + "\n";
  return text;
}

}  // namespace microgpt::apps
