// The overhead of running a training in its own process and of journaling its result: trainings of
// some 20 ms alternate between this process and an isolated one, with appends to a journal.
//
// usage: isolation [NAMES [FOLDER]]: the dataset, and the folder of the journal.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <vector>

#include "microgpt/cluster/isolation/isolated_trainer.hpp"
#include "microgpt/run/journal.hpp"

namespace microgpt::bench {

using namespace run;
using namespace cluster;
namespace {

constexpr int kRounds = 100;

template <class Action>
double milliseconds_of(const Action& action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  const auto took = std::chrono::steady_clock::now() - begin;
  return std::chrono::duration<double, std::milli>(took).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void run(const std::string& names, const std::filesystem::path& folder) {
  IsolatedTrainer trainer;
  Problem problem;
  problem.dataset = load_dataset(names, 1);
  trainer.prepare(problem, {});
  const std::filesystem::path file = folder / fmt::format("isolation-{}.tmp", getpid());
  Journal journal(file);
  journal.begin("{}");
  Trial known;
  known.task.genome["steps"] = 1500;
  const Task task = {.id = 1, .genome = known.task.genome, .flops = 1e8};
  std::vector<double> here, there, ratios, appends;
  for (int round = 0; round <= kRounds; ++round) {  // the first warms up both
    here.push_back(milliseconds_of([&] { evaluate(task.genome, problem); }));
    there.push_back(milliseconds_of([&] { known.evaluation = trainer.train(task, [] {}); }));
    appends.push_back(milliseconds_of([&] { journal.append(known); }));
    ratios.push_back((there.back() + appends.back()) / here.back());
  }
  for (std::vector<double>* values : {&here, &there, &ratios, &appends}) {
    values->erase(values->begin());
  }
  std::filesystem::remove(file);
  fmt::print(
      "medians of {} trainings: {:.2f} ms in this process, {:.2f} ms in an isolated one, {:.3f} ms "
      "to "
      "journal one;\nboth together against this process alone: {:.3f}\n",
      kRounds, median(here), median(there), median(appends), median(ratios));
}

}  // namespace
}  // namespace microgpt::bench

int main(int argc, char** argv) {
  try {
    microgpt::bench::run(argc > 1 ? argv[1] : "data/names.txt", argc > 2 ? argv[2] : ".");
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "isolation: {}\n", error.what());
    return 2;
  }
}
