#include "command_trial.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/descriptor.hpp"
#include "descendants.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/evolution/objective.hpp"

namespace microgpt::cluster {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kKept = 1 << 20;  // bytes of each of standard output and error
constexpr double kGrace = 5;            // seconds from SIGTERM to SIGKILL

/// A pipe whose ends are closed where another program is started.
struct Pipe {
  Pipe() : Pipe(make()) {}
  core::Descriptor in, out;

 private:
  explicit Pipe(std::array<int, 2> ends) : in(ends[0]), out(ends[1]) {}
  static std::array<int, 2> make() {
    std::array<int, 2> ends{};
    require(pipe2(ends.data(), O_CLOEXEC) == 0, "a pipe cannot be made: {}", std::strerror(errno));
    return ends;
  }
};

/// One output of a command: kept in a file, as far as there is room.
class Output {
 public:
  explicit Output(const std::filesystem::path& file)
      : file_(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {}

  /// What is there to read by now; empty at the end, or if there is nothing yet.
  std::string_view take() {
    const ssize_t size = read(pipe.in.number(), buffer_.data(), buffer_.size());
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) pipe.in.close_now();
    if (size <= 0) return {};
    const std::string_view text(buffer_.data(), static_cast<std::size_t>(size));
    const std::size_t kept = std::min(text.size(), kKept - std::min(kKept, seen_));
    if (file_.number() >= 0 && kept > 0 && write(file_.number(), text.data(), kept) < 0)
      file_.close_now();
    seen_ += text.size();
    tail_ += text;
    constexpr std::size_t kTail = 4096;
    if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
    return text;
  }
  /// Says in the file what is missing there.
  void finish() {
    if (seen_ <= kKept || file_.number() < 0) return;
    const std::string note = fmt::format("\n... {} more bytes are not kept\n", seen_ - kKept);
    if (write(file_.number(), note.data(), note.size()) < 0) file_.close_now();
  }
  /// The last line that is not empty, for messages.
  std::string last_line() const {
    const std::string_view text = trim(tail_);
    constexpr std::size_t kShown = 200;
    const std::string_view line = text.substr(text.rfind('\n') + 1);
    return printable(trim(line).substr(0, kShown));
  }

  Pipe pipe;

 private:
  core::Descriptor file_;
  std::array<char, 1 << 16> buffer_;
  std::string tail_;
  std::size_t seen_ = 0;
};

/// MPI's own variables: the command may be an MPI program, which is none of this job's ranks.
bool is_of_mpi(std::string_view variable) {
  constexpr std::string_view kBegins[] = {"OMPI_", "PMIX_", "PMI_", "PRTE_", "MPI_LOCAL"};
  return std::ranges::any_of(kBegins, [&](auto begin) { return variable.starts_with(begin); });
}

/// What the command sees of the environment: "NAME=value".
std::vector<std::string> environment(const Command& command, const Task& task, std::size_t slot) {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) {
    if (!is_of_mpi(*each)) all.emplace_back(*each);
  }
  const auto set = [&](const std::string& name, const std::string& value) {
    std::erase_if(all, [&](const std::string& each) { return each.starts_with(name + "="); });
    all.push_back(name + "=" + value);
  };
  for (const auto& [name, value] : evolution::environment_of(command, task)) set(name, value);
  if (command.cores > 0) set("OMP_NUM_THREADS", fmt::to_string(command.cores));
  if (command.gpus > 0) {
    std::string devices;
    for (std::uint32_t i = 0; i < command.gpus; ++i) {
      devices += fmt::format("{}{}", i == 0 ? "" : ",", slot * command.gpus + i);
    }
    set("CUDA_VISIBLE_DEVICES", devices);
  }
  return all;
}

/// Binds this process to the cores of a slot, if it may use so many.
void bind_to_cores(std::uint32_t cores, std::size_t slot) {
  cpu_set_t allowed, mine;
  CPU_ZERO(&mine);
  if (cores == 0 || sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &allowed)) numbers.push_back(i);
  }
  const std::size_t first = slot * cores;
  if (first + cores > numbers.size()) return;  // bound by somebody else, or too few
  for (std::size_t i = first; i < first + cores; ++i) CPU_SET(numbers[i], &mine);
  sched_setaffinity(0, sizeof mine, &mine);
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// One run of a command.
class Run {
 public:
  Run(const Command& command, const Task& task, const Measure& measure)
      : command_(command),
        task_(task),
        folder_(std::filesystem::path(command.trials) / evolution::trial_name(task)),
        reader_(measure) {}

  Evaluation evaluate() {
    make_folder();
    out_.emplace(folder_ / "stdout"), err_.emplace(folder_ / "stderr");
    start();
    watch();
    end_descendants(0);
    drain();
    out_->finish(), err_->finish();
    return evaluation();
  }

 private:
  /// Empty but for the genome: an earlier try may have left something.
  void make_folder() {
    std::error_code failure;
    std::filesystem::remove_all(folder_, failure);
    std::filesystem::create_directories(folder_, failure);
    require(!failure, "{}: {}", folder_.string(), failure.message());
    std::ofstream file(folder_ / "genome.json");
    file << genome::trial_json(task_.genome);
    require(file.flush().good(), "{}: genome.json cannot be written", folder_.string());
  }

  void start() {
    const std::size_t slot = command_.slot;
    std::vector<std::string> arguments =
        evolution::arguments_of(command_, task_, std::filesystem::absolute(folder_).string());
    std::vector<std::string> variables = environment(command_, task_, slot);
    const std::vector<char*> argv = pointers_to(arguments), envp = pointers_to(variables);
    bind_to_cores(command_.cores, slot);
    int error = 0;
    // The new process borrows the memory of this one until it is another program, which is quicker
    // than to copy the tables of it. So it may do little but call the system.
    process_ = vfork();
    if (process_ == 0) become(argv.data(), envp.data(), error);
    require(process_ > 0, "the command cannot be started: {}", std::strerror(errno));
    for (Output* output : {&*out_, &*err_}) {
      output->pipe.out.close_now();
      fcntl(output->pipe.in.number(), F_SETFL, O_NONBLOCK);
    }
    if (error == 0) return;
    waitpid(process_, &status_, 0);
    fail("the command cannot be started: {}: {}", arguments.front(), std::strerror(error));
  }

  /// In the new process: the program, as if a shell had started it.
  [[noreturn]] void become(char* const* argv, char* const* envp, int& error) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct sigaction usual = {};
    usual.sa_handler = SIG_DFL;
    for (const int ignored : {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGPIPE}) {
      sigaction(ignored, &usual, nullptr);
    }
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(nothing, 0), dup2(out_->pipe.out.number(), 1), dup2(err_->pipe.out.number(), 2);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    if (chdir(folder_.c_str()) == 0) execvpe(argv[0], argv, envp);
    error = errno;
    _exit(127);
  }

  /// Until the command has ended, by itself or because its time is up.
  void watch() {
    const core::Descriptor ended(static_cast<int>(syscall(SYS_pidfd_open, process_, 0)));
    const auto begin = Clock::now();
    const auto seconds = [&] {
      return std::chrono::duration<double>(Clock::now() - begin).count();
    };
    double limit = command_.seconds > 0 ? command_.seconds : 1e9;
    while (true) {
      const double left = std::clamp(limit - seconds(), 0.0, 1.0);
      std::array<pollfd, 3> polled = {pollfd{ended.number(), POLLIN, 0},
                                      {out_->pipe.in.number(), POLLIN, 0},
                                      {err_->pipe.in.number(), POLLIN, 0}};
      const int wait = ended.number() < 0 ? 10 : static_cast<int>(left * 1000) + 1;
      poll(polled.data(), polled.size(), wait);
      read_outputs();
      if (waitpid(process_, &status_, WNOHANG) == process_) return;
      if (seconds() < limit) continue;
      kill(-process_, is_late_ ? SIGKILL : SIGTERM);
      is_late_ = true;
      limit = seconds() + kGrace;
    }
  }

  void read_outputs() {
    if (out_->pipe.in.number() >= 0) reader_.add(out_->take());
    if (err_->pipe.in.number() >= 0) err_->take();
  }
  /// What is still in the pipes.
  void drain() {
    while (out_->pipe.in.number() >= 0) {
      const std::string_view text = out_->take();
      if (text.empty()) break;
      reader_.add(text);
    }
    while (err_->pipe.in.number() >= 0 && !err_->take().empty()) {
    }
  }

  Evaluation evaluation() {
    const std::string said = err_->last_line();
    const std::string because = said.empty() ? "" : ": " + said;
    if (is_late_) {
      return failed_evaluation(
          fmt::format("not finished within --trial-time, {:g} seconds", command_.seconds));
    }
    if (WIFSIGNALED(status_)) {
      const int signal = WTERMSIG(status_);
      if (signal == SIGKILL || signal == SIGTERM || signal == SIGHUP || signal == SIGINT) {
        std::signal(signal, SIG_DFL);
        raise(signal);
      }
      return failed_evaluation(
          fmt::format("the command was killed by SIG{}{}", sigabbrev_np(signal), because));
    }
    if (WEXITSTATUS(status_) != 0) {
      return failed_evaluation(
          fmt::format("the command ended with code {}{}", WEXITSTATUS(status_), because));
    }
    std::optional<std::string> file;
    if (is_there(folder_ / "result.json")) {
      file = read_regular_file(folder_ / "result.json", kLargestJson);
    }
    return reader_.result(task_.replicate, file);
  }

  const Command& command_;
  const Task& task_;
  std::filesystem::path folder_;
  std::optional<Output> out_, err_;
  evolution::ResultReader reader_;
  pid_t process_ = -1;
  int status_ = 0;
  bool is_late_ = false;
};

}  // namespace

Evaluation run_command(const Command& command, const Task& task, const Measure& measure) {
  return evolution::guarded_evaluation([&] { return Run(command, task, measure).evaluate(); });
}

}  // namespace microgpt::cluster
