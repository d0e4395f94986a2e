#include "microgpt/cluster/session.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <numeric>
#include <span>
#include <string>

#include "messages.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/stop.hpp"
#include "ranks.hpp"

namespace microgpt::cluster {

namespace {

/// Whether mpirun or srun started this process. Without them MPI is left alone: starting it would
/// cost a second and a daemon, for nothing.
bool started_by_launcher() {
  constexpr std::array kVariables = {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};
  return std::any_of(kVariables.begin(), kVariables.end(),
                     [](const char* variable) { return std::getenv(variable) != nullptr; });
}

/// A launcher of several processes, as it shows in their environment.
struct Launcher {
  const char *rank, *size;     // variables
  const char* only_with = "";  // a third one, without which they say nothing
  const char *name, *use;
};

constexpr const char* kSlurmHelp = "srun --mpi=pmix, or mpirun within the job";
constexpr const char* kMpiHelp = "the mpirun of the Open MPI that this program was built with";
constexpr std::array kLaunchers = {
    // A batch script has them too, but is no step.
    Launcher{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID", "srun", kSlurmHelp},
    Launcher{"SLURM_PROCID", "SLURM_NTASKS", "SLURM_STEP_ID", "srun", kSlurmHelp},
    Launcher{"PMI_RANK", "PMI_SIZE", "", "an mpiexec of MPICH or Intel MPI", kMpiHelp},
    Launcher{"MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "", "MVAPICH", kMpiHelp},
    Launcher{"FLUX_TASK_RANK", "FLUX_JOB_SIZE", "", "flux", kMpiHelp},
    Launcher{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "", "an mpirun of another Open MPI",
             kMpiHelp},
    Launcher{"JSM_NAMESPACE_RANK", "JSM_NAMESPACE_SIZE", "", "jsrun", kMpiHelp},
    Launcher{"PALS_RANKID", "PALS_SIZE", "", "PALS", kMpiHelp}};

std::optional<long> number_in(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  char* end = nullptr;
  const long number = std::strtol(value, &end, 10);
  return end == value ? std::nullopt : std::optional(number);
}

/// One of several processes that MPI knows nothing of would believe that it is alone: each would
/// run the whole search, and all would write the same files.
void require_no_strangers() {
  for (const Launcher& launcher : kLaunchers) {
    const bool counts = *launcher.only_with == '\0' || number_in(launcher.only_with);
    const std::optional<long> rank = number_in(launcher.rank), size = number_in(launcher.size);
    if (!counts || !rank || !size || *size <= 1) continue;
    if (*rank != 0) throw Refused{};  // the first one speaks for all
    fail(
        "{} has started {} processes ({}={}), but MPI knows of one only: each would run the whole "
        "search; start them with {}",
        launcher.name, *size, launcher.size, *size, launcher.use);
  }
}

/// A whole array, in as many messages as it takes: each has at most 2^31 - 1 bytes.
template <class Array>
void share_array(const boost::mpi::communicator& world, Array& array) {
  std::size_t size = array.size();
  boost::mpi::broadcast(world, size, 0);
  array.resize(size);
  constexpr std::size_t kMost = std::size_t{1} << 30;
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(array));
  for (std::size_t begin = 0; begin < bytes.size(); begin += kMost) {
    const auto part = bytes.subspan(begin, std::min(kMost, bytes.size() - begin));
    MPI_Bcast(part.data(), static_cast<int>(part.size()), MPI_BYTE, 0, world);
  }
}

/// Gives rank 0's documents to all. In an archive a large text would take its memory twice more.
void share_documents(const boost::mpi::communicator& world, Documents& documents) {
  std::vector<Extent> places = documents.places();
  Token delimiter = documents.delimiter();
  bool they_end = documents.they_end();
  std::size_t length = documents.length(), width = documents.tokens().values().index();
  boost::mpi::broadcast(world, delimiter, 0);
  boost::mpi::broadcast(world, they_end, 0);
  boost::mpi::broadcast(world, length, 0);
  boost::mpi::broadcast(world, width, 0);
  TokenArray::Values tokens =
      world.rank() == 0 ? std::move(documents).tokens().values() : TokenArray::empty(width);
  share_array(world, places);
  std::visit([&](auto& values) { share_array(world, values); }, tokens);
  documents = {TokenArray::of(std::move(tokens)), std::move(places), delimiter, they_end, length};
}

}  // namespace

Session::Session(int& argc, char**& argv) {
  if (started_by_launcher()) {
    ranks_ = std::make_unique<Ranks>(argc, argv);
    ranks_->heartbeat.emplace(ranks_->group);
  }
  if (size() == 1 && number_in("OMPI_COMM_WORLD_SIZE") != 1) {
    ranks_.reset();  // an exception that met it on its way would make it end the job
    require_no_strangers();
  }
}

void Session::require_same_program(std::string_view program) {
  if (size() == 1) return;
  // Of fixed size and plain bytes: what other versions would send otherwise cannot be read.
  constexpr std::size_t kLength = 64;
  std::array<char, kLength> own{};
  program.copy(own.data(), kLength - 1);
  std::vector<char> all(kLength * static_cast<std::size_t>(size()));
  boost::mpi::all_gather(ranks_->world, own.data(), static_cast<int>(kLength), all.data());
  for (std::size_t rank = 1; rank < all.size() / kLength; ++rank) {
    const std::string_view first = all.data(), other = all.data() + rank * kLength;
    if (first == other) continue;
    if (!is_first()) throw Refused{};
    fail("rank {} runs {}, but rank 0 runs {}: all ranks must run the same program", rank, other,
         first);
  }
}

Session::~Session() = default;

int Session::rank() const { return ranks_ ? ranks_->world.rank() : 0; }

int Session::size() const { return ranks_ ? ranks_->world.size() : 1; }

void Session::form_groups(std::size_t islands) {
  const std::size_t ranks = static_cast<std::size_t>(size());
  island_count_ = islands;
  group_count_ = std::clamp<std::size_t>(ranks / 2, 1, islands);
  if (!ranks_) return;
  const std::size_t mine = static_cast<std::size_t>(rank()) * group_count_ / ranks;
  ranks_->group = ranks_->world.split(static_cast<int>(mine));
  ranks_->coordinators = ranks_->world.split(is_coordinator() ? 0 : 1);
  ranks_->heartbeat.emplace(ranks_->group);
  slot_ = workers_before_me_here();
}

std::size_t Session::workers_before_me_here() const {
  MPI_Comm here = MPI_COMM_NULL;
  MPI_Comm_split_type(ranks_->world, MPI_COMM_TYPE_SHARED, rank(), MPI_INFO_NULL, &here);
  const boost::mpi::communicator host(here, boost::mpi::comm_take_ownership);
  std::vector<int> work;
  boost::mpi::all_gather(host, is_coordinator() ? 0 : 1, work);
  return static_cast<std::size_t>(std::accumulate(work.begin(), work.begin() + host.rank(), 0));
}

bool Session::is_coordinator() const { return !ranks_ || ranks_->group.rank() == 0; }

std::vector<std::size_t> Session::islands() const {
  std::vector<std::size_t> islands;
  for (std::size_t i = group(); i < island_count_; i += group_count_) {
    islands.push_back(i);
  }
  return islands;
}

std::size_t Session::workers() const {
  return size() == 1 ? 1 : static_cast<std::size_t>(size()) - group_count_;
}

std::unique_ptr<IslandChannel> Session::island_channel() {
  return group_count_ == 1 ? nullptr : rank_channel(ranks_->coordinators, *ranks_->heartbeat);
}

std::size_t Session::group() const {
  return group_count_ == 1 ? 0 : static_cast<std::size_t>(ranks_->coordinators.rank());
}

void Session::share(RunSpec& spec) {
  if (size() == 1) return;
  const boost::mpi::communicator& world = ranks_->world;
  // Rank 0 may read for minutes, and a rank that waits in a broadcast keeps a core busy.
  for (int other = 1; is_first() && other < size(); ++other) world.send(other, kReadyTag);
  if (!is_first()) {
    wait_with_backoff(world, 0, kReadyTag);
    world.recv(0, kReadyTag);
  }
  boost::mpi::broadcast(world, spec, 0);
  if (!spec.problem) return;
  Dataset& data = spec.problem->dataset;
  for (Documents* part : {&data.training, &data.validation, &data.test}) {
    share_documents(world, *part);
  }
}

std::unique_ptr<Evaluator> Session::coordinate(EvaluateFunction function, Schedule schedule) {
  if (size() == 1) return local_evaluator(std::move(function));
  const auto evaluator = schedule == Schedule::scatter ? wave_evaluator : dynamic_evaluator;
  return evaluator(ranks_->group, *ranks_->heartbeat);
}

void Session::work(const EvaluateFunction& function, Schedule schedule) {
  works_ = true;
  const auto work = schedule == Schedule::scatter ? work_in_waves : work_on_demand;
  work(ranks_->group, function, rank(), *ranks_->heartbeat);
  works_ = false;
}

void Session::poll() {
  if (works_) {
    ranks_->heartbeat->tick();
    // A busy worker is sent one order only.
    if (ranks_->group.iprobe(0, kOrderTag)) throw Dismissed{};
  } else if (size() == 1) {
    throw_if_stop_requested();
    if (on_idle_) on_idle_();
  }
}

void Session::on_idle(std::function<void()> body) {
  if (ranks_ && size() > 1) {
    ranks_->heartbeat->also(std::move(body));
  } else {
    on_idle_ = std::move(body);
  }
}

void Session::abort(int exit_code) {
  if (ranks_) boost::mpi::environment::abort(exit_code);
  std::_Exit(exit_code);
}

}  // namespace microgpt::cluster
