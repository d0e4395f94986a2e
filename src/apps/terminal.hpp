#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt::apps {

/// What standard output is connected to.
struct Screen {
  bool is_terminal = false;  ///< with a cursor that can be moved
  bool colours = false;      ///< false if NO_COLOR is set
  std::size_t width = 80, height = 24;
};

/// Examines standard output; under mpirun that of mpirun, which gives every rank a terminal
/// whatever its own output is connected to.
Screen screen_of_standard_output();

/// Standard output with a live display: a few lines stay at the bottom, others scroll above them.
class Terminal {
 public:
  Terminal() = default;
  ~Terminal() { end(); }
  /// Ends the live display.
  void end();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Writes above the live display.
  void print(std::string_view text);
  /// Replaces the live display, as far as the screen has room. No line may be longer than the
  /// screen is wide.
  void keep(std::vector<std::string> lines, const Screen& screen);

 private:
  std::string erase() const;
  std::string draw() const;
  std::vector<std::string> lines_;
  std::size_t width_ = 80;  // of the screen, when it was last examined
};

}  // namespace microgpt::apps
