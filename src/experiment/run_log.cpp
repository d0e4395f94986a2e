#include "microgpt/experiment/run_log.hpp"

#include <ostream>

namespace microgpt {

void RunLog::text(std::string_view text) {
  folder_.append("run.log", text);
  screen_ << text << std::flush;
}

}  // namespace microgpt
