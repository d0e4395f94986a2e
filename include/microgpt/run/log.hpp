#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "microgpt/core/enum_names.hpp"

namespace microgpt::run {

/// Log levels; each includes those after it.
enum class LogLevel {
  trace,    ///< the members of each generation
  debug,    ///< each organism
  info,     ///< each generation and the reports
  warning,  ///< problems that do not end the run
  error,    ///< why the run ends
  off
};

constexpr auto enum_names(LogLevel) {
  return enum_table<LogLevel>("log level", {{LogLevel::trace, "trace"},
                                            {LogLevel::debug, "debug"},
                                            {LogLevel::info, "info"},
                                            {LogLevel::warning, "warning"},
                                            {LogLevel::error, "error"},
                                            {LogLevel::off, "off"}});
}

/// The log output on a terminal.
struct LogScreen {
  std::function<void(std::string_view)> print;  ///< one or more lines
  LogLevel level = LogLevel::debug;
  bool timestamps = true;
  bool colours = false;  ///< for warnings and errors
};

/// The log of a run: to the screen at its level, and to a file at level debug, with timestamps.
/// Lines are one event each; reports are longer texts without timestamps. If the file cannot be
/// written, that output is lost and the screen reports the reason once.
class RunLog {
 public:
  /// Throws Error if the file cannot be opened.
  RunLog(const std::filesystem::path& file, LogScreen screen);
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  /// Logs several lines.
  void report(std::string_view text, LogLevel level = LogLevel::info);

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    line(LogLevel::debug, fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    line(LogLevel::info, fmt::format(format, std::forward<Args>(args)...));
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) {
    line(LogLevel::warning, fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  void line(LogLevel level, std::string_view text);

  struct Loggers;
  std::unique_ptr<Loggers> loggers_;
};

}  // namespace microgpt::run
