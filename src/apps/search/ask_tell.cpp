#include "ask_tell.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "microgpt/core/clock.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/stop.hpp"
#include "microgpt/genome/own_space.hpp"
#include "standard_streams.hpp"

namespace microgpt::apps {

void AskTellEvaluator::submit(std::span<const Task> tasks) {
  for (const Task& task : tasks) {
    asked_.emplace(task.key(), Asked{task, seconds_since_1970()});
    say("{}\n", evolution::ask_json(task));
  }
  flush_output();
}

Trial AskTellEvaluator::wait() {
  require(!asked_.empty(), "waiting for a result, but nothing was submitted");
  while (true) {
    const std::string line = next_line();
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const evolution::Told told = evolution::parse_told(line, measure_);
    const auto found = asked_.find(told.key);
    require(found != asked_.end(),
            "standard input: trial {}, replicate {}, was not asked for, or is told twice",
            told.key.first, told.key.second);
    const auto& [task, since] = found->second;
    const Trial trial = {.task = task,
                         .evaluation = told.evaluation,
                         .timing = {.rank = 0,
                                    .host = "asked",
                                    .start = since,
                                    .seconds = std::max(0.0, seconds_since_1970() - since)}};
    asked_.erase(found);
    return trial;
  }
}

void AskTellEvaluator::poll() { throw_if_stop_requested(); }

std::string AskTellEvaluator::next_line() {
  constexpr std::size_t kLongest = 1 << 20;
  constexpr int kMilliseconds = 100;  // between looks for a request to stop
  while (true) {
    const std::size_t end = input_.find('\n');
    if (end != input_.npos) {
      const std::string line = input_.substr(0, end);
      input_.erase(0, end + 1);
      return line;
    }
    require(input_.size() <= kLongest, "standard input: a line has more than {} bytes", kLongest);
    throw_if_stop_requested();
    pollfd polled = {STDIN_FILENO, POLLIN, 0};
    if (::poll(&polled, 1, kMilliseconds) <= 0) continue;
    std::array<char, 1 << 16> buffer;
    const ssize_t size = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    require(size > 0, "standard input has ended, but {} results are still to come", asked_.size());
    input_.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace microgpt::apps
