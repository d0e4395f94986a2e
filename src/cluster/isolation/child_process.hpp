#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <sstream>
#include <string>

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>

// Processes of one machine that talk over sockets.
namespace microgpt::cluster {

/// A child process, and the socket to it.
struct ChildProcess {
  pid_t id = -1;
  int socket = -1;
};

/// Forks a child that runs `body` with its end of the socket, and then exits: with code 1 if body
/// throws. Throws Error if the system cannot fork.
ChildProcess fork_child(const std::function<void(int socket)>& body);

/// Transfers all bytes; false if the other side has closed.
bool send_all(int socket, const void* data, std::size_t size);
bool receive_all(int socket, void* data, std::size_t size);

/// Passes a child process, and with it the socket to it, to another process; false if that has
/// exited.
bool send_child(int socket, const ChildProcess& child);
/// Nothing if the other side has closed.
std::optional<ChildProcess> receive_child(int socket);

/// Seconds of processor time that a process has used; 0 if it has exited.
double cpu_seconds_of(pid_t process);
/// Whether a process sleeps: it neither runs, nor waits for a processor or a disk, nor was stopped
/// by a signal.
bool is_asleep(pid_t process);

/// Whether there is something to read, or the other side has closed, within some milliseconds.
bool readable(int socket, int milliseconds);

/// Sends a value: its length, then its bytes. False if the other side has closed.
template <class T>
bool send_frame(int socket, const T& value) {
  std::ostringstream stream;
  boost::archive::binary_oarchive(stream) & value;
  const std::string bytes = std::move(stream).str();
  const std::uint64_t size = bytes.size();
  return send_all(socket, &size, sizeof size) && send_all(socket, bytes.data(), bytes.size());
}

/// Nothing if the other side has closed.
template <class T>
std::optional<T> receive_frame(int socket) {
  std::uint64_t size = 0;
  if (!receive_all(socket, &size, sizeof size)) return std::nullopt;
  std::string bytes(size, '\0');
  if (!receive_all(socket, bytes.data(), size)) return std::nullopt;
  std::istringstream stream(std::move(bytes));
  T value;
  boost::archive::binary_iarchive(stream) & value;
  return value;
}

}  // namespace microgpt::cluster
