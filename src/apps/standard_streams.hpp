#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace microgpt::apps {

/// To be called first of all. Ignores SIGPIPE and keeps files off closed standard streams any more,
/// and no file of our own takes the place of a standard stream that was closed.
void prepare_standard_streams();

/// Writes to standard output. What cannot be written is lost; output_error() and end_output() say
/// so.
void say_text(std::string_view text);

template <class... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
  say_text(fmt::format(text, std::forward<Args>(args)...));
}

/// Writes what has been said by now.
void flush_output();

/// Why some of what was said was lost, as errno; 0 if nothing was.
int output_error();

/// The end of all that is said. Throws Error if some of it was lost. Returns `exit_code`; but if
/// the reader of a pipe has left, as head does, the code of those who die of that.
int end_output(int exit_code);

/// Writes a line to standard error. What cannot be written is lost: there is nobody left to tell.
void complain(const std::string& program, std::string_view message);

}  // namespace microgpt::apps
