#include "child_process.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>

#include "microgpt/core/error.hpp"

namespace microgpt::cluster {

ChildProcess fork_child(const std::function<void(int socket)>& body) {
  std::array<int, 2> ends{};
  const bool connected = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0;
  const pid_t id = connected ? fork() : -1;
  const int failure = errno;
  require(id >= 0, "a training cannot be given a process of its own: {}", std::strerror(failure));
  const auto [ours, its] = ends;
  if (id == 0) {
    close(ours);
    try {
      body(its);
    } catch (const std::exception& error) {  // it must not reach what the parent was doing
      std::fputs(fmt::format("{}\n", error.what()).c_str(), stderr);  // fmt::print may throw
      _exit(1);
    }
    _exit(0);
  }
  close(its);
  return {.id = id, .socket = ours};
}

bool send_all(int socket, const void* data, std::size_t size) {
  const char* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    at += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

bool receive_all(int socket, void* data, std::size_t size) {
  char* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t received = recv(socket, at, size, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) return false;
    at += received;
    size -= static_cast<std::size_t>(received);
  }
  return true;
}

namespace {

/// The id of a process, with room for a file descriptor beside it.
struct ChildMessage {
  ChildMessage() {
    header.msg_iov = &data, header.msg_iovlen = 1;
    header.msg_control = control, header.msg_controllen = sizeof control;
  }
  ChildMessage(const ChildMessage&) = delete;
  ChildMessage& operator=(const ChildMessage&) = delete;

  pid_t process = -1;
  iovec data = {&process, sizeof process};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header = {};
};

}  // namespace

bool send_child(int socket, const ChildProcess& child) {
  ChildMessage message;
  message.process = child.id;
  cmsghdr* part = CMSG_FIRSTHDR(&message.header);
  part->cmsg_level = SOL_SOCKET, part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(part), &child.socket, sizeof child.socket);
  return sendmsg(socket, &message.header, MSG_NOSIGNAL) == sizeof message.process;
}

std::optional<ChildProcess> receive_child(int socket) {
  ChildMessage message;
  ssize_t received = 0;
  do {
    received = recvmsg(socket, &message.header, MSG_CMSG_CLOEXEC);
  } while (received < 0 && errno == EINTR);
  const cmsghdr* part = CMSG_FIRSTHDR(&message.header);
  if (received != sizeof message.process || part == nullptr || part->cmsg_type != SCM_RIGHTS) {
    return std::nullopt;
  }
  ChildProcess child = {.id = message.process};
  std::memcpy(&child.socket, CMSG_DATA(part), sizeof child.socket);
  return child;
}

double cpu_seconds_of(pid_t process) {
  clockid_t clock = 0;
  timespec used = {};
  if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

bool is_asleep(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));  // id (name) state ..., see proc(5)
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');
  return name_end != std::string::npos && line.compare(name_end, 3, ") S") == 0;
}

bool readable(int socket, int milliseconds) {
  pollfd polled = {socket, POLLIN, 0};
  return poll(&polled, 1, milliseconds) > 0;
}

}  // namespace microgpt::cluster
