#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>

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

}  // namespace microgpt::cluster
