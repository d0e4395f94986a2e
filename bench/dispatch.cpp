// The cost of dispatching work: tasks that only sleep, on real MPI ranks.
// usage: mpirun -n 9 dispatch [--tasks N] [--sleep-ms X] [--schedule dynamic|scatter]
#include <CLI/CLI.hpp>

#include <chrono>
#include <ctime>
#include <thread>

#include "microgpt/cluster/session.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt::bench {

using namespace cluster;
namespace {

struct Options {
  std::size_t tasks = 2000;
  double sleep_ms = 10;
  std::string schedule = "dynamic";
};

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void measure(Session& session, const Options& options, const EvaluateFunction& sleep) {
  const auto evaluator = session.coordinate(sleep, from_name<Schedule>(options.schedule));
  const std::size_t workers = static_cast<std::size_t>(std::max(session.size() - 1, 1));
  evaluator->evaluate(std::vector<Task>(workers));  // waits until all workers are ready
  const double cpu_before = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  evaluator->evaluate(std::vector<Task>(options.tasks));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const double cpu = cpu_seconds() - cpu_before;
  const double ideal =
      static_cast<double>((options.tasks + workers - 1) / workers) * options.sleep_ms / 1000;
  fmt::print(
      "{} workers, {} tasks of {} ms, {}: {:.3f} s, {:.0f} tasks a second, {:.1f} % of "
      "ideal, rank 0 used {:.2f} % of a core\n",
      workers, options.tasks, options.sleep_ms, options.schedule, took.count(),
      static_cast<double>(options.tasks) / took.count(), 100 * ideal / took.count(),
      100 * cpu / took.count());
}

int run(int argc, char** argv) {
  Session session(argc, argv);
  Options options;
  CLI::App app("Measures dispatches per second with tasks that only sleep.", "dispatch");
  app.add_option("--tasks", options.tasks, "Tasks")->capture_default_str();
  app.add_option("--sleep-ms", options.sleep_ms, "Milliseconds of each")->capture_default_str();
  app.add_option("--schedule", options.schedule, "dynamic or scatter")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const EvaluateFunction sleep = [&](const Task&) {
    if (options.sleep_ms > 0) {
      std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(options.sleep_ms));
    }
    return Evaluation{};
  };
  if (session.is_coordinator()) {
    measure(session, options, sleep);
  } else {
    session.work(sleep, from_name<Schedule>(options.schedule));
  }
  return 0;
}

}  // namespace
}  // namespace microgpt::bench

int main(int argc, char** argv) {
  try {
    return microgpt::bench::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "dispatch: {}\n", error.what());
    return 2;
  }
}
