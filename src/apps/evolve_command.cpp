// Searches for the genome with which somebody's program does best.
#include "search/program.hpp"

int main(int argc, char** argv) {
  using namespace microgpt::evolution;
  return microgpt::apps::run_search(
      {.name = "evolve_command",
       .description =
           "Evolves the parameters of any program: evolve_command --space space.json -- ./train.sh "
           "{genome}. The program is run once for each trial and prints its result as a line of "
           "JSON. Start it with mpirun to run many trials at once; the result is the same on any "
           "number of ranks.",
       .title = "=== MicroGPT: evolution of a command ===",
       .objective = Objective::minimum,
       .evolution = {.mode = Mode::steady_state,
                     .strategy = StrategyKind::guided,
                     .budget_flops = 100},
       .space = {},
       .finalists = 0,
       .genome_out = "best.json"},
      argc, argv);
}
