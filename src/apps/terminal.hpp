#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace microgpt::apps {

/// What standard output is in the end.
struct Screen {
  bool is_terminal = false;  ///< one whose cursor can be moved
  bool colours = false;      ///< false if NO_COLOR is set
  std::size_t width = 80, height = 24;
};

/// Looks at standard output. mpirun gives every rank a terminal of its own, whatever becomes of
/// what is written there, so under mpirun its standard output is what counts.
Screen screen_of_standard_output();

/// Standard output with a few lines that stay at the bottom, while others scroll above them.
class Terminal {
 public:
  Terminal() = default;
  ~Terminal() { end(); }
  /// Nothing stays any more.
  void end();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// Writes above the lines that stay.
  void print(std::string_view text);
  /// Replaces the lines that stay; none of them may be longer than the screen is wide. There are
  /// only as many as the screen has room for.
  void keep(std::vector<std::string> lines, const Screen& screen);

 private:
  std::string erase() const;
  std::string draw() const;
  std::vector<std::string> lines_;
  std::size_t width_ = 80;  // of the screen, as it was last seen
};

}  // namespace microgpt::apps
