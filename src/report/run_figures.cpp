#include "microgpt/report/run_figures.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace microgpt::report {

std::vector<Trial> trainings_of(const RunRecord& run) {
  std::vector<Trial> trainings;
  std::ranges::copy_if(run.trials, std::back_inserter(trainings),
                       [](const Trial& t) { return t.timing.rank >= 0; });
  std::ranges::stable_sort(trainings, {}, [](const Trial& t) { return t.timing.start; });
  return trainings;
}

RunFigures figures_of(const RunRecord& run) {
  RunFigures figures;
  std::map<std::uint64_t, double> flops;
  for (const Organism& o : run.organisms) {
    flops[o.id] = o.flops;
    figures.failed += o.evaluation->failed();
  }
  const std::vector<Trial> trainings = trainings_of(run);
  figures.trainings = trainings.size();
  if (trainings.empty()) return figures;
  std::set<int> ranks;
  double busy = 0, end = 0;
  for (const auto& [task, evaluation, t, known] : trainings) {
    ranks.insert(t.rank);
    figures.flops += flops[task.id];
    busy += t.seconds;
    end = std::max(end, t.start + t.seconds);
  }
  figures.workers = ranks.size();
  figures.started = trainings.front().timing.start;
  figures.seconds = end - trainings.front().timing.start;
  const double available = *figures.seconds * static_cast<double>(ranks.size());
  figures.utilisation = available > 0 ? busy / available : 1;
  return figures;
}

std::vector<std::span<const Organism>> generations_of(const RunRecord& run) {
  std::vector<std::span<const Organism>> generations;
  const auto same = [](const Organism& a, const Organism& b) {
    return a.generation == b.generation && a.island == b.island;
  };
  for (auto begin = run.organisms.begin(); begin != run.organisms.end();) {
    const auto end = std::find_if(begin, run.organisms.end(),
                                  [&](const Organism& o) { return !same(o, *begin); });
    generations.emplace_back(begin, end);
    begin = end;
  }
  return generations;
}

}  // namespace microgpt::report
