#include "terminal.hpp"

#include <gtest/gtest.h>

namespace microgpt::test {

using namespace apps;
namespace {

/// What is written while `action` runs.
template <class Action>
std::string written(const Action& action) {
  ::testing::internal::CaptureStdout();
  action();
  return ::testing::internal::GetCapturedStdout();
}

TEST(Terminal, lines_that_stay_are_erased_and_drawn_again_below_what_is_printed) {
  Terminal terminal;
  EXPECT_EQ(written([&] { terminal.print("first\n"); }), "first\n");
  EXPECT_EQ(written([&] { terminal.keep({"a", "b"}, {}); }), "a\nb\n");
  EXPECT_EQ(written([&] { terminal.print("second\n"); }), "\x1b[2F\x1b[Jsecond\na\nb\n");
  EXPECT_EQ(written([&] { terminal.keep({"a", "b"}, {}); }), "") << "nothing has changed";
  EXPECT_EQ(written([&] { terminal.keep({"c"}, {}); }), "\x1b[2F\x1b[Jc\n");
  EXPECT_EQ(written([&] { terminal.end(); }), "\x1b[1F\x1b[J");
  EXPECT_EQ(written([&] { terminal.end(); }), "");
}

TEST(Terminal, no_more_lines_stay_than_the_screen_has_room_for) {
  Terminal terminal;
  const Screen low = {.height = 3};
  EXPECT_EQ(written([&] { terminal.keep({"a", "b", "c"}, low); }), "a\nb\n");
  EXPECT_EQ(written([&] { terminal.end(); }), "\x1b[2F\x1b[J");
}

TEST(Terminal, in_a_window_that_has_become_narrower_a_line_takes_several_rows) {
  Terminal terminal;
  const std::string line = "\x1b[31m123456789\x1b[0m";  // nine columns
  EXPECT_EQ(written([&] { terminal.keep({line}, {.width = 10}); }), line + "\n");
  EXPECT_EQ(written([&] { terminal.keep({line}, {.width = 4}); }), "\x1b[3F\x1b[J" + line + "\n");
  EXPECT_EQ(written([&] { terminal.print("x\n"); }), "\x1b[3F\x1b[Jx\n" + line + "\n");
  written([&] { terminal.end(); });
}

TEST(Terminal, a_file_is_no_screen) {
  Screen screen = {.is_terminal = true};
  written([&] { screen = screen_of_standard_output(); });
  EXPECT_FALSE(screen.is_terminal);
  EXPECT_FALSE(screen.colours);
}

}  // namespace
}  // namespace microgpt::test
