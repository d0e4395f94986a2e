#include "microgpt/run/log.hpp"

#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <array>

#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/run/line_file.hpp"

namespace microgpt::run {

namespace {

spdlog::level::level_enum level_of(LogLevel level) {
  constexpr std::array kSame = {spdlog::level::trace, spdlog::level::debug, spdlog::level::info,
                                spdlog::level::warn,  spdlog::level::err,   spdlog::level::off};
  return kSame[static_cast<std::size_t>(level)];
}

constexpr std::string_view kReports = "reports";  // the name of the logger of reports

/// Formats lines with an optional timestamp, and with the level if it is a warning or worse.
/// Reports are not formatted.
class Layout final : public spdlog::formatter {
 public:
  Layout(bool timestamps, bool colours)
      : timestamps_(timestamps),
        colours_(colours),
        stamp_("%Y-%m-%d %H:%M:%S  ", spdlog::pattern_time_type::local, "") {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    if (message.logger_name == spdlog::string_view_t(kReports.data(), kReports.size())) {
      return add(message.payload, to);
    }
    if (timestamps_) stamp_.format(message, to);
    const bool serious = message.level >= spdlog::level::warn;
    if (serious) {
      const std::string_view name = message.level == spdlog::level::warn ? "warning" : "error";
      add(colours_ ? fmt::format("\x1b[33m{}\x1b[0m  ", name) : fmt::format("{}  ", name), to);
    }
    add(message.payload, to);
    add(std::string_view("\n"), to);
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<Layout>(timestamps_, colours_);
  }

 private:
  template <class Text>
  static void add(const Text& text, spdlog::memory_buf_t& to) {
    to.append(text.data(), text.data() + text.size());
  }

  bool timestamps_, colours_;
  spdlog::pattern_formatter stamp_;
};

class ScreenSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit ScreenSink(std::function<void(std::string_view)> print) : print_(std::move(print)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    print_({text.data(), text.size()});
  }
  void flush_() override {}

 private:
  std::function<void(std::string_view)> print_;
};

/// The log file is optional: if it cannot be written, the screen reports that once.
class FileSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  FileSink(const std::filesystem::path& file, std::shared_ptr<ScreenSink> screen)
      : file_(file), screen_(std::move(screen)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t text;
    formatter_->format(message, text);
    try {
      file_.append({text.data(), text.size()});
    } catch (const Error& error) {
      if (!std::exchange(written_, false)) return;
      const std::string what = fmt::format("{}; the run goes on without", error.what());
      const spdlog::details::log_msg warning("lines", spdlog::level::warn, what);
      if (screen_->should_log(warning.level)) screen_->log(warning);
    }
  }
  void flush_() override {}

 private:
  LineFile file_;
  std::shared_ptr<ScreenSink> screen_;
  bool written_ = true;
};

}  // namespace

struct RunLog::Loggers {
  explicit Loggers(std::vector<spdlog::sink_ptr> sinks)
      : lines("lines", sinks.begin(), sinks.end()),
        reports(std::string(kReports), sinks.begin(), sinks.end()) {
    for (spdlog::logger* logger : {&lines, &reports}) {
      logger->set_level(spdlog::level::trace);
      logger->set_error_handler([](const std::string&) {});  // nowhere to report it
    }
  }
  spdlog::logger lines, reports;
};

RunLog::RunLog(const std::filesystem::path& file, LogScreen screen) {
  auto to_screen = std::make_shared<ScreenSink>(std::move(screen.print));
  to_screen->set_level(level_of(screen.level));
  to_screen->set_formatter(std::make_unique<Layout>(screen.timestamps, screen.colours));
  auto to_file = std::make_shared<FileSink>(file, to_screen);
  to_file->set_level(spdlog::level::debug);
  to_file->set_formatter(std::make_unique<Layout>(true, false));
  loggers_ = std::make_unique<Loggers>(std::vector<spdlog::sink_ptr>{to_file, to_screen});
}

RunLog::~RunLog() = default;

void RunLog::report(std::string_view text, LogLevel level) {
  loggers_->reports.log(level_of(level), "{}", printable(text));
}

void RunLog::line(LogLevel level, std::string_view text) {
  loggers_->lines.log(level_of(level), "{}", printable(text));
}

}  // namespace microgpt::run
