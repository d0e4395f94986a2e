#include "supervisor.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <string>

#include "child_process.hpp"
#include "frames.hpp"
#include "microgpt/core/stop.hpp"

namespace microgpt::cluster {

namespace {

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

Evaluation train_here(const Task& task, const TrainingSetup<Problem>& about) {
  return guarded_evaluation([&] {
    about.faults.strike(about.problem.seed, task.genome, task.replicate, about.memory_mb > 0);
    return evaluate_or_throw(task.genome, about.problem, task.replicate, task.keeps_weights);
  });
}

void train_for(int rank, const TrainingSetup<Problem>& about) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit_memory(about.memory_mb);
  while (const std::optional<Task> task = receive_frame<Task>(rank)) {
    if (!send_frame(rank, train_here(*task, about))) break;
  }
}

class Supervisor {
 public:
  explicit Supervisor(int rank) : rank_(rank) {}

  void run() {
    char request = 0;
    while (receive_all(rank_, &request, 1) && serve(static_cast<Request>(request))) {
    }
    end_trainer();
  }

 private:
  /// False if the rank has exited.
  bool serve(Request request) {
    switch (request) {
      case Request::prepare:
        about_ = receive_frame<TrainingSetup<Problem>>(rank_);
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
    const ChildProcess trainer = fork_child([this](int of_rank) {
      close(rank_);
      train_for(of_rank, *about_);
    });
    trainer_ = trainer.id;
    const bool sent = send_child(rank_, trainer);
    close(trainer.socket);
    return sent;
  }

  /// Its wait status, as waitpid() gives it; also of one that has already died by itself.
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
  std::optional<TrainingSetup<Problem>> about_;
};

}  // namespace

void supervise(int rank) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ignore_stop_signals();  // the rank decides when to stop; the trainer inherits this
  Supervisor(rank).run();
}

}  // namespace microgpt::cluster
