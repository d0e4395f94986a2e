// Searches for the genome whose GPT generates the most beautiful names.
#include "search/program.hpp"

int main(int argc, char** argv) {
  using microgpt::evolution::StrategyKind;
  return microgpt::apps::run_search(
      {.name = "evolve",
       .description =
           "Evolves GPTs for the beauty of the names they generate. Start it with mpirun to "
           "train on many ranks at once; the result is the same on any number of them.",
       .title = "=== MicroGPT: evolution for beauty ===",
       .objective = microgpt::evolution::Objective::beauty,
       .evolution =
           {
               .strategy = StrategyKind::elite_copies,
               .population = 12,
               .generations = 5,
               .elite = 2,
               .immigrants = 0,
               .tournament = 1,
           },
       .space = microgpt::genome::aesthetic_space(),
       .finalists = 0},
      argc, argv);
}
