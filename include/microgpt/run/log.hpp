#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "microgpt/core/enum_names.hpp"

namespace microgpt::run {

/// How much is said; each level says what those after it say, too.
enum class LogLevel {
  trace,    ///< the members of each generation
  debug,    ///< each organism
  info,     ///< each generation, and the reports
  warning,  ///< what the user should know of
  error,    ///< why it ends
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

/// Where people read along.
struct LogScreen {
  std::function<void(std::string_view)> print;  ///< one or more lines
  LogLevel level = LogLevel::debug;
  bool timestamps = true;
  bool colours = false;  ///< for warnings and errors
};

/// The log of a run: to the screen what it asks for, and to a file whatever is debug and above,
/// with timestamps. Lines are one event each; reports are longer texts without timestamps. What the
/// file has no room for is lost, and the screen says once why.
class RunLog {
 public:
  /// Throws Error if the file cannot be opened.
  RunLog(const std::filesystem::path& file, LogScreen screen);
  ~RunLog();
  RunLog(const RunLog&) = delete;
  RunLog& operator=(const RunLog&) = delete;

  /// Several lines, at level info unless said otherwise.
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
