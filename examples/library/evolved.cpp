// GPTs that evolve on all ranks: rank 0 breeds, the others train; alone, a process does both.
// usage: mpirun -n 3 evolved FILE
#include <fmt/format.h>

#include "microgpt/cluster/session.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/objective.hpp"
#include "microgpt/report/text_report.hpp"

using namespace microgpt::cluster;
using namespace microgpt::report;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  Session session(argc, argv);
  session.form_groups(1);
  const Problem problem = {.dataset = load_dataset(argv[1], /*seed=*/1)};
  const auto train = [&](const Task& task) { return evaluate(task.genome, problem); };
  if (!session.is_coordinator()) {
    session.work(train, Schedule::dynamic);
    return 0;
  }
  SearchSpace space;  // the one of evolve_loss, but with short trainings
  space["steps"] = RangeDomain{20, 60, {20, 40}, {20}};
  Evolution evolution({.population = 4, .generations = 3, .immigrants = 0}, space);
  const auto evaluator = session.coordinate(train, Schedule::dynamic);
  while (!evolution.finished()) {
    std::vector<Task> tasks;
    for (const Organism& organism : evolution.ask()) tasks.push_back(task_of(organism));
    evolution.tell(evaluator->evaluate(tasks));
  }
  RunSettings settings;
  settings.tokens = problem.dataset.vocabulary.size();
  fmt::print("{}", final_report(evolution.history(), {}, settings));
}
