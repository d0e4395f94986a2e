#include "microgpt/run/best_effort_files.hpp"

#include <exception>
#include <utility>

#include "microgpt/core/files.hpp"

namespace microgpt::run {

void BestEffortFiles::put(const std::string& file, Unwritten what) {
  const auto waiting = unwritten_.find(file);
  if (waiting != unwritten_.end()) {
    if (what.is_whole) waiting->second = {.text = "", .is_whole = true};
    waiting->second.text += what.text;
    return;
  }
  try {
    what.is_whole ? folder_.write(file, what.text) : folder_.append(file, what.text);
  } catch (const std::exception& error) {
    unwritten_.emplace(file, std::move(what));
    warn_(error.what());
  }
}

std::vector<std::string> BestEffortFiles::retry() {
  std::vector<std::string> written;
  std::erase_if(unwritten_, [&](const auto& waiting) {
    const auto& [file, what] = waiting;
    try {
      folder_.write(file, what.is_whole ? what.text : read_file(folder_.path() / file) + what.text);
    } catch (const std::exception&) {  // warned of already
      return false;
    }
    written.push_back(file);
    return true;
  });
  return written;
}

}  // namespace microgpt::run
