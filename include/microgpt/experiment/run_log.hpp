#pragma once

#include <fmt/format.h>

#include <iosfwd>
#include <string_view>
#include <utility>

#include "microgpt/experiment/run_folder.hpp"

namespace microgpt {

/// The log of a run: everything goes to the screen and, word for word, to run.log.
class RunLog {
 public:
  RunLog(const RunFolder& folder, std::ostream& screen) : folder_(folder), screen_(screen) {}

  /// One line, or several.
  void text(std::string_view text);

  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text(fmt::format(format, std::forward<Args>(args)...) + "\n");
  }

 private:
  const RunFolder& folder_;
  std::ostream& screen_;
};

}  // namespace microgpt
