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

/// What became of a task: an evaluation, or how the trainer ended.
struct NurseryReply {
  bool finished = false;
  Evaluation evaluation;
  bool too_late = false;
  int signal = 0, exit_code = 0;

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    archive& finished& evaluation& too_late& signal& exit_code;
  }
};

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

struct Request {
  std::optional<Preparation> preparation;  // or a task
  Task task;
  double seconds = 0;  // that it may take; 0: no deadline

  template <class Archive>
  void serialize(Archive& archive, unsigned) {
    bool prepares = preparation.has_value();
    archive& prepares;
    if (prepares) {
      if (!preparation) preparation.emplace();
      archive&* preparation;
    } else {
      archive& task& seconds;
    }
  }
};

/// A pair of connected sockets.
std::array<int, 2> connected_sockets() {
  std::array<int, 2> ends{};
  require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0,
          "a training cannot be given a process of its own: {}", std::strerror(errno));
  return ends;
}

/// Whether there is something to read, or the other side has gone, within some milliseconds.
std::array<bool, 2> readable(std::array<int, 2> sockets, int milliseconds) {
  std::array<pollfd, 2> polled = {{{sockets[0], POLLIN, 0}, {sockets[1], POLLIN, 0}}};
  poll(polled.data(), polled.size(), milliseconds);
  return {polled[0].revents != 0, polled[1].revents != 0};
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

[[noreturn]] void be_trainer(int keeper, const Preparation& about) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit_memory(about.memory_mb);
  while (const std::optional<Task> task = receive_frame<Task>(keeper)) {
    if (!send_frame(keeper, train_here(*task, about))) break;
  }
  _exit(0);
}

// --- the keeper -----------------------------------------------------------------------------

class Keeper {
 public:
  explicit Keeper(int rank) : rank_(rank) {}

  void run() {
    while (const std::optional<Request> request = receive_frame<Request>(rank_)) {
      if (request->preparation) {
        about_ = *request->preparation;
      } else if (!send_frame(rank_, reply_to(*request))) {
        break;
      }
    }
    end_trainer();
  }

 private:
  NurseryReply reply_to(const Request& request) {
    // A trainer that was killed while it had nothing to do is no failure of this task.
    if (trainer_ > 0 && waitpid(trainer_, nullptr, WNOHANG) == trainer_) forget_trainer();
    if (trainer_ < 0) start_trainer();
    send_frame(socket_, request.task);  // if that fails, the trainer has died
    const Clock::time_point begin = Clock::now();
    while (true) {
      const auto [rank_speaks, trainer_speaks] =
          readable({rank_, socket_}, wait_for(request, begin));
      if (rank_speaks) {  // it never does meanwhile: it has gone
        end_trainer();
        _exit(0);
      }
      if (trainer_speaks) {
        if (auto evaluation = receive_frame<Evaluation>(socket_)) {
          return {.finished = true, .evaluation = std::move(*evaluation)};
        }
        return death_of_trainer();
      }
      if (request.seconds > 0 && seconds_since(begin) > request.seconds) {
        end_trainer();
        return {.finished = false, .evaluation = {}, .too_late = true};
      }
    }
  }

  static double seconds_since(Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }

  /// Milliseconds until the deadline; -1: for ever.
  static int wait_for(const Request& request, Clock::time_point begin) {
    if (request.seconds == 0) return -1;
    const double left = request.seconds - seconds_since(begin);
    return static_cast<int>(std::clamp(1e3 * left, 0.0, 1e6)) + 1;
  }

  void start_trainer() {
    const auto [ours, its] = connected_sockets();
    trainer_ = fork();
    require(trainer_ >= 0, "a training cannot be given a process of its own: {}",
            std::strerror(errno));
    if (trainer_ == 0) {
      close(ours);
      close(rank_);
      be_trainer(its, *about_);
    }
    close(its);
    socket_ = ours;
  }

  NurseryReply death_of_trainer() {
    int status = 0;
    waitpid(trainer_, &status, 0);
    forget_trainer();
    NurseryReply reply;
    if (WIFSIGNALED(status)) reply.signal = WTERMSIG(status);
    if (WIFEXITED(status)) reply.exit_code = WEXITSTATUS(status);
    return reply;
  }

  void end_trainer() {
    if (trainer_ < 0) return;
    kill(trainer_, SIGKILL);
    waitpid(trainer_, nullptr, 0);
    forget_trainer();
  }

  void forget_trainer() {
    close(socket_);
    trainer_ = socket_ = -1;
  }

  int rank_, socket_ = -1;
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
  socket_ = ours;
}

Nursery::~Nursery() {
  close(socket_);  // the keeper sees it, and goes
  waitpid(keeper_, nullptr, 0);
}

void Nursery::prepare(const Problem& problem, const Limits& limits) {
  limits_ = limits;
  Request request;
  request.preparation = {
      .problem = problem, .memory_mb = limits.memory_mb, .faults = limits.faults};
  if (!send_frame(socket_, request))
    throw NurseryLost("the process that starts trainings has died");
}

double Nursery::deadline_of(const Task& task) const {
  // Before the first training, what the slowest imaginable machine might need.
  constexpr double kSlowest = 2e-9, kLeastSeconds = 1;
  if (limits_.deadline_factor == 0) return 0;
  const double predicted = task.flops * (slowest_ > 0 ? slowest_ : kSlowest);
  return std::max(kLeastSeconds, limits_.deadline_factor * predicted);
}

NurseryReply Nursery::try_once(const Task& task, double seconds,
                               const std::function<void()>& look_up) {
  constexpr int kMilliseconds = 20;
  Request request;
  request.task = task;
  request.seconds = seconds;
  const Clock::time_point begin = Clock::now();
  if (send_frame(socket_, request)) {
    while (!readable({socket_, -1}, kMilliseconds)[0]) look_up();
    if (const std::optional<NurseryReply> reply = receive_frame<NurseryReply>(socket_)) {
      const std::chrono::duration<double> took = Clock::now() - begin;
      if (reply->finished && !reply->evaluation.failed() && task.flops > 0) {
        slowest_ = std::max(slowest_, took.count() / task.flops);
      }
      return *reply;
    }
  }
  throw NurseryLost("the process that starts trainings has died");
}

Evaluation Nursery::train(const Task& task, const std::function<void()>& look_up) {
  for (unsigned tries = 1;; ++tries) {
    const NurseryReply reply = try_once(task, deadline_of(task), look_up);
    if (reply.finished) return reply.evaluation;
    if (tries <= limits_.retries &&
        (reply.too_late || (reply.signal != 0 && !by_itself(reply.signal)))) {
      continue;
    }
    Evaluation failed;
    if (reply.too_late) {
      failed.failure = fmt::format("not finished in {:g} times as long as predicted ({} tries)",
                                   limits_.deadline_factor, tries);
    } else if (reply.signal != 0) {
      failed.failure = fmt::format("the training was killed by SIG{}{}", sigabbrev_np(reply.signal),
                                   tries > 1 ? fmt::format(" ({} tries)", tries) : "");
    } else {
      failed.failure = fmt::format("the training ended its process with code {}", reply.exit_code);
    }
    return failed;
  }
}

}  // namespace microgpt
