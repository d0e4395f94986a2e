#include "descendants.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace microgpt::cluster {

namespace {

/// The parent of a process, by /proc: "id (name) state parent ...", see proc(5).
pid_t parent_of(const std::string& process) {
  std::ifstream file("/proc/" + process + "/stat");
  std::string line, state;
  std::getline(file, line);
  std::istringstream rest(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  pid_t parent = -1;
  rest >> state >> parent;
  return parent;
}

/// Those that live, or wait to be buried.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failure)) {
    const std::string name = entry.path().filename().string();
    if (std::isdigit(static_cast<unsigned char>(name[0])) == 0) continue;
    if (parent_of(name) == getpid()) found.push_back(std::stoi(name));
  }
  return found;
}

/// To each child, and to the process group that it leads or belongs to.
void send_to_all(const std::vector<pid_t>& processes, int signal) {
  for (const pid_t process : processes) {
    const pid_t group = getpgid(process);
    if (group > 0 && group != getpgrp()) kill(-group, signal);
    kill(process, signal);
  }
}

/// Buries those that have ended. False if there are no children any more.
bool bury() {
  pid_t ended = 0;
  do {
    ended = waitpid(-1, nullptr, WNOHANG);
  } while (ended > 0);
  return ended == 0 || errno != ECHILD;
}

}  // namespace

void adopt_orphans() { prctl(PR_SET_CHILD_SUBREAPER, 1); }

void end_descendants(double patience) {
  using Clock = std::chrono::steady_clock;
  if (!bury()) return;
  const auto end = Clock::now() + std::chrono::duration<double>(patience);
  if (patience > 0) send_to_all(children(), SIGTERM);
  constexpr timespec kPause = {0, 2'000'000};
  while (bury()) {
    // Again and again: while some die they may start others, which are adopted then.
    if (Clock::now() >= end) send_to_all(children(), SIGKILL);
    nanosleep(&kPause, nullptr);
  }
}

}  // namespace microgpt::cluster
