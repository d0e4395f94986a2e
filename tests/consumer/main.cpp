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
  space.steps_min = 20, space.steps_max = 60, space.steps_draw = {20, 40}, space.steps_moves = {20};
  Evolution evolution({.population = 3, .generations = 2, .immigrants = 0}, space);
  const auto evaluator =
      local_evaluator([&](const Task& t) { return evaluate(t.genome, problem); });
  while (!evolution.finished()) {
    std::vector<Task> tasks;
    for (const Organism& o : evolution.ask()) tasks.push_back(task_of(o));
    evolution.tell(evaluator->evaluate(tasks));
  }
  fmt::print("{}", final_report(evolution.history(), {}, Objective::loss,
                                problem.dataset.vocabulary.size()));
}
