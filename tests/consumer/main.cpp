// What another program does with the libraries: breeds for two generations, trains in this process,
// and says who is best.
#include <fmt/format.h>

#include "microgpt/cluster/session.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/evolution/objective.hpp"
#include "microgpt/report/text_report.hpp"

int main(int argc, char** argv) {
  using namespace microgpt::cluster;
  using namespace microgpt::report;
  if (argc != 2) return 2;
  Session session(argc, argv);
  const Problem problem = {.dataset = load_dataset(argv[1], 1)};
  SearchSpace space;
  space["steps"] = RangeDomain{20, 60, {20, 40}, {20}};
  Evolution evolution({.population = 3, .generations = 2, .immigrants = 0}, space);
  const auto evaluator =
      local_evaluator([&](const Task& t) { return evaluate(t.genome, problem); });
  while (!evolution.finished()) {
    std::vector<Task> tasks;
    for (const Organism& o : evolution.ask()) tasks.push_back(task_of(o));
    evolution.tell(evaluator->evaluate(tasks));
  }
  RunSettings settings;
  settings.tokens = problem.dataset.vocabulary.size();
  fmt::print("{}", final_report(evolution.history(), {}, settings));
}
