#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace microgpt::apps {

/// To be called first. Ignores SIGPIPE, and makes sure that no file of ours takes the place of a
/// standard stream that was closed.
void prepare_standard_streams();

/// Writes to standard output. What cannot be written is lost; see output_error() and end_output().
void say_text(std::string_view text);

template <class... Args>
void say(fmt::format_string<Args...> text, Args&&... args) {
  say_text(fmt::format(text, std::forward<Args>(args)...));
}

/// Flushes standard output.
void flush_output();

/// Why output was lost, as errno; 0 if none was.
int output_error();

/// To be called after all output. Throws Error if some of it was lost. Returns `exit_code`; but if
/// the reader of a pipe has left, as head does, kReaderLeft.
int end_output(int exit_code);

/// Writes a line to standard error. What cannot be written is lost: there is nowhere left to report
/// it.
void complain(const std::string& program, std::string_view message);

}  // namespace microgpt::apps
