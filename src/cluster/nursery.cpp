#include "microgpt/cluster/nursery.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <new>
#include <optional>
#include <sstream>

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>

#include "messages.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/stop.hpp"

namespace microgpt {

namespace {

using Clock = std::chrono::steady_clock;

// --- frames: the length, then the bytes -----------------------------------------------------

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

/// False if the other side has gone.
template <class T>
bool send_frame(int socket, const T& value) {
  std::ostringstream stream;
  boost::archive::binary_oarchive(stream) & value;
  const std::string bytes = stream.str();
  const std::uint64_t size = bytes.size();
  return send_all(socket, &size, sizeof size) && send_all(socket, bytes.data(), bytes.size());
}

/// Nothing if the other side has gone.
template <class T>
std::optional<T> receive_frame(int socket) {
  std::uint64_t size = 0;
  if (!receive_all(socket, &size, sizeof size)) return std::nullopt;
  std::string bytes(size, '\0');
  if (!receive_all(socket, bytes.data(), size)) return std::nullopt;
  std::istringstream stream(bytes);
  T value;
  boost::archive::binary_iarchive(stream) & value;
  return value;
}

struct Preparation {
  Problem problem;
  double memory_mb = 0;
  Faults faults;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& problem& memory_mb;
    archive& faults.nan& faults.thrown& faults.hang& faults.segv& faults.oom;
  }
};

/// What the rank asks of the keeper, as one byte.
enum class Request : char {
  prepare,  ///< a frame follows: the preparation
  start,    ///< a trainer; its end of a socket comes back
  end       ///< of the trainer, which is killed if it still lives; its wait status comes back
};

/// Sends a file descriptor to another process.
bool send_descriptor(int socket, int descriptor) {
  char byte = 0;
  iovec data = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET, header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return sendmsg(socket, &message, MSG_NOSIGNAL) == 1;
}

/// -1 if the other side has gone.
int receive_descriptor(int socket) {
  char byte = 0;
  iovec data = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message = {};
  message.msg_iov = &data, message.msg_iovlen = 1;
  message.msg_control = control, message.msg_controllen = sizeof control;
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -1;
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return descriptor;
}

/// A pair of connected sockets.
std::array<int, 2> connected_sockets() {
  std::array<int, 2> ends{};
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0,
          "a training cannot be given a process of its own: {}", std::strerror(errno));
  return ends;
}

/// Whether there is something to read, or the other side has gone, within some milliseconds.
bool readable(int socket, int milliseconds) {
  pollfd polled = {socket, POLLIN, 0};
  return poll(&polled, 1, milliseconds) > 0;
}

// --- the trainer ----------------------------------------------------------------------------

void limit_memory(double megabytes) {
  if (megabytes <= 0) return;
  std::ifstream status("/proc/self/status");
  std::string word;
  double kilobytes = 0;
  while (status >> word) {
    if (word == "VmData:") status >> kilobytes;
  }
  const auto bytes = static_cast<rlim_t>(kilobytes * 1024 + megabytes * 1048576);
  const rlimit limit = {bytes, bytes};
  setrlimit(RLIMIT_DATA, &limit);
}

Evaluation train_here(const Task& task, const Preparation& about) {
  Evaluation failed;
  try {
    about.faults.strike(about.problem.seed, task.genome, task.replicate, about.memory_mb > 0);
    return evaluate(task.genome, about.problem, task.replicate);
  } catch (const std::bad_alloc&) {
    failed.failure = "out of memory";
  } catch (const std::exception& error) {
    failed.failure = error.what();
  }
  return failed;
}

[[noreturn]] void be_trainer(int rank, const Preparation& about) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit_memory(about.memory_mb);
  while (const std::optional<Task> task = receive_frame<Task>(rank)) {
    if (!send_frame(rank, train_here(*task, about))) break;
  }
  _exit(0);
}

// --- the keeper -----------------------------------------------------------------------------

class Keeper {
 public:
  explicit Keeper(int rank) : rank_(rank) {}

  void run() {
    char request = 0;
    while (receive_all(rank_, &request, 1) && serve(static_cast<Request>(request))) {
    }
    end_trainer();
  }

 private:
  /// False if the rank has gone.
  bool serve(Request request) {
    switch (request) {
      case Request::prepare:
        about_ = receive_frame<Preparation>(rank_);
        return about_.has_value();
      case Request::start:
        return start_trainer();
      case Request::end: {
        const int status = end_trainer();
        return send_all(rank_, &status, sizeof status);
      }
    }
    return false;
  }

  bool start_trainer() {
    const auto [of_rank, its] = connected_sockets();
    trainer_ = fork();
    require(trainer_ >= 0, "a training cannot be given a process of its own: {}",
            std::strerror(errno));
    if (trainer_ == 0) {
      close(of_rank);
      close(rank_);
      be_trainer(its, *about_);
    }
    const bool sent = send_descriptor(rank_, of_rank);
    close(its);
    close(of_rank);
    return sent;
  }

  /// How it ended, as waitpid() says it. One that has died already keeps its own end.
  int end_trainer() {
    int status = 0;
    if (trainer_ < 0) return status;
    kill(trainer_, SIGKILL);
    waitpid(trainer_, &status, 0);
    trainer_ = -1;
    return status;
  }

  int rank_;
  pid_t trainer_ = -1;
  std::optional<Preparation> about_;
};

[[noreturn]] void be_keeper(int rank) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ignore_stop_signals();  // the rank says when it is over; the trainer inherits this
  try {
    Keeper(rank).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    _exit(1);
  }
  _exit(0);
}

// --- the rank -------------------------------------------------------------------------------

/// Signals by which a program dies of itself; all others come from outside.
bool by_itself(int signal) {
  constexpr std::array kOwn = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP};
  return std::ranges::find(kOwn, signal) != kOwn.end();
}

}  // namespace

Nursery::Nursery() {
  const auto [ours, its] = connected_sockets();
  keeper_ = fork();
  require(keeper_ >= 0, "trainings cannot be given a process of their own: {}",
          std::strerror(errno));
  if (keeper_ == 0) {
    close(ours);
    be_keeper(its);
  }
  close(its);
  keeper_socket_ = ours;
}

Nursery::~Nursery() {
  if (trainer_ >= 0) close(trainer_);
  close(keeper_socket_);  // the keeper sees it, and goes
  waitpid(keeper_, nullptr, 0);
}

namespace {

void require_keeper(bool there) {
  if (!there) throw NurseryLost("the process that starts trainings has died");
}

void ask(int keeper, Request request) { require_keeper(send_all(keeper, &request, 1)); }

}  // namespace

void Nursery::prepare(const Problem& problem, const Limits& limits) {
  limits_ = limits;
  ask(keeper_socket_, Request::prepare);
  require_keeper(send_frame(
      keeper_socket_,
      Preparation{.problem = problem, .memory_mb = limits.memory_mb, .faults = limits.faults}));
}

void Nursery::start_trainer() {
  ask(keeper_socket_, Request::start);
  trainer_ = receive_descriptor(keeper_socket_);
  require_keeper(trainer_ >= 0);
}

int Nursery::end_trainer() {
  close(trainer_);
  trainer_ = -1;
  int status = 0;
  ask(keeper_socket_, Request::end);
  require_keeper(receive_all(keeper_socket_, &status, sizeof status));
  return status;
}

double Nursery::deadline_of(const Task& task) const {
  // Before the first training, what the slowest imaginable machine might need.
  constexpr double kSlowest = 2e-9, kLeastSeconds = 1;
  if (limits_.deadline_factor == 0) return 0;
  const double predicted = task.flops * (slowest_ > 0 ? slowest_ : kSlowest);
  return std::max(kLeastSeconds, limits_.deadline_factor * std::max(predicted, longest_));
}

/// The evaluation, or how the trainer ended.
auto Nursery::try_once(const Task& task, const std::function<void()>& look_up) -> Outcome {
  constexpr int kMilliseconds = 20;
  // One that was killed while it had nothing to do is no failure of this task.
  if (trainer_ >= 0 && readable(trainer_, 0)) end_trainer();
  if (trainer_ < 0) start_trainer();
  const double deadline = deadline_of(task);
  const Clock::time_point begin = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  send_frame(trainer_, task);  // if that fails, the trainer has died
  while (!readable(trainer_, kMilliseconds)) {
    if (deadline > 0 && seconds() > deadline) {
      end_trainer();
      return {.evaluation = std::nullopt, .too_late = true};
    }
    try {
      look_up();
    } catch (...) {
      end_trainer();
      throw;
    }
  }
  std::optional<Evaluation> evaluation = receive_frame<Evaluation>(trainer_);
  if (!evaluation) return {.evaluation = std::nullopt, .status = end_trainer()};
  if (!evaluation->failed() && task.flops > 0) {
    slowest_ = std::max(slowest_, seconds() / task.flops);
    longest_ = std::max(longest_, seconds());
  }
  // What is left of a training would count as memory of the next one.
  if (limits_.memory_mb > 0) end_trainer();
  return {.evaluation = std::move(evaluation)};
}

Evaluation Nursery::train(const Task& task, const std::function<void()>& look_up) {
  for (unsigned tries = 1;; ++tries) {
    const Outcome outcome = try_once(task, look_up);
    if (outcome.evaluation) return *outcome.evaluation;
    const int signal = WIFSIGNALED(outcome.status) ? WTERMSIG(outcome.status) : 0;
    const bool from_outside = outcome.too_late || (signal != 0 && !by_itself(signal));
    if (from_outside && tries <= limits_.retries) continue;
    Evaluation failed;
    if (outcome.too_late) {
      failed.failure = fmt::format("not finished in {:g} times as long as predicted ({} tries)",
                                   limits_.deadline_factor, tries);
    } else if (signal != 0) {
      failed.failure = fmt::format("the training was killed by SIG{}{}", sigabbrev_np(signal),
                                   tries > 1 ? fmt::format(" ({} tries)", tries) : "");
    } else {
      failed.failure =
          fmt::format("the training ended its process with code {}", WEXITSTATUS(outcome.status));
    }
    return failed;
  }
}

}  // namespace microgpt
