#include "supervisor.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include "child_process.hpp"
#include "command_trial.hpp"
#include "descendants.hpp"
#include "frames.hpp"
#include "microgpt/core/stop.hpp"

namespace microgpt::cluster {

namespace {

/// A crash costs one organism, and no file of the size of its memory.
void leave_no_core() {
  const rlimit none = {0, 0};
  if (std::getenv("MICROGPT_CORES") == nullptr) setrlimit(RLIMIT_CORE, &none);
}

/// Where memory is short the system should end a training, which is repeated, and not the rank.
void be_the_first_to_go() { std::ofstream("/proc/self/oom_score_adj") << 1000; }

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
  if (const std::optional<Command>& command = about.problem.command) {
    return run_command(*command, task, genome::own_space_of(genome::default_genes())->measure);
  }
  return guarded_evaluation([&] {
    about.faults.strike(about.problem.seed, task.genome, task.replicate, about.memory_mb > 0);
    return evaluate_or_throw(task.genome, about.problem, task.replicate, task.keeps_weights);
  });
}

void train_for(int rank, const TrainingSetup<Problem>& about) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  adopt_orphans();
  if (!about.problem.command) leave_no_core();
  be_the_first_to_go();
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
        return prepare();
      case Request::start:
        return start_trainer();
      case Request::end: {
        const int status = end_trainer();
        return send_all(rank_, &status, sizeof status);
      }
    }
    return false;
  }

  bool prepare() {
    about_ = receive_frame<TrainingSetup<Problem>>(rank_);
    if (about_ && about_->problem.command) {
      genome::use_genes(
          genome::read_own_space("space", about_->problem.command->space).space.genes());
    }
    return about_.has_value();
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
    end_descendants(kPatience);  // of a command
    return status;
  }

  static constexpr double kPatience = 1;  // seconds from SIGTERM to SIGKILL

  int rank_;
  pid_t trainer_ = -1;
  std::optional<TrainingSetup<Problem>> about_;
};

}  // namespace

void supervise(int rank) {
  // It outlives its rank for a moment, to end what a command has started: launchers kill the
  // process group of a rank, which it leaves. The end of the rank closes the socket.
  setsid();
  adopt_orphans();
  ignore_stop_signals();  // the rank decides when to stop; the trainer inherits this
  Supervisor(rank).run();
}

}  // namespace microgpt::cluster
