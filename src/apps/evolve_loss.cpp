// Searches for the genome whose GPT predicts unseen names best.
#include "search/program.hpp"

int main(int argc, char** argv) {
  return microgpt::apps::run_search(
      {.name = "evolve_loss",
       .description = "Evolves GPTs for the lowest held-out loss. Start it with mpirun to train on "
                      "many ranks at once; the result is the same on any number of them.",
       .title = "=== MicroGPT: evolution for loss ===",
       .objective = microgpt::evolution::Objective::loss,
       .evolution = {.strategy = microgpt::evolution::StrategyKind::guided},
       .space = {}},
      argc, argv);
}
