#include "search_options.hpp"

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/genome/cost.hpp"
#include "microgpt/genome/genome_json.hpp"

namespace microgpt {

void add_options(CLI::App& app, SearchOptions& options, const SearchApp& search) {
  EvolutionConfig& e = options.evolution;
  app.add_option("--population", e.population, "Organisms in a generation")->capture_default_str();
  app.add_option("--generations", e.generations, "Generations")->capture_default_str();
  app.add_option("--budget-flops", e.budget_flops,
                 "Floating-point operations of all trainings of the search, for example 1e12; the "
                 "finalists' are extra (0: as many as the generations need). Without --generations "
                 "there is no other limit");
  if (search.objective == Objective::loss) {
    app.add_option("--strategy", options.strategy,
                   "How children are made: classic, guided by a model of the space, or random")
        ->capture_default_str();
    app.add_option("--fitness", options.fitness,
                   "held-out: the loss on validation names; last-step: that of the last training "
                   "name, an old measure that can be gamed")
        ->capture_default_str();
  }
  app.add_option("--mode", options.mode,
                 "generational: children are bred when a whole generation is known; steady-state: "
                 "one by one, so that no worker waits for the slowest of a generation")
      ->capture_default_str();
  app.add_option("--slots", e.slots,
                 "Organisms that live at once in the steady state (0: twice the population); best "
                 "twice as many as there are workers, or more")
      ->capture_default_str();
  app.add_option("--schedule", options.schedule,
                 "dynamic: the longest training first, to whoever is free; scatter: in waves. The "
                 "result is the same")
      ->capture_default_str();
  app.add_option("--finalists", options.finalists,
                 "The best organisms that are trained anew before one is crowned; 0: none")
      ->capture_default_str();
  app.add_option("--replicates", options.replicates, "How often each finalist is trained anew")
      ->capture_default_str();
  app.add_option("--islands", e.islands,
                 "Populations side by side, each with a coordinator of its own if there are ranks "
                 "enough. The result depends on their number, but not on that of the ranks")
      ->capture_default_str();
  app.add_option("--migration-interval", e.migration_interval,
                 "Generations after which each island's best moves to the next island")
      ->capture_default_str();
  app.add_option("--elite", e.elite, "The best that go on unchanged")->capture_default_str();
  app.add_option("--immigrants", e.immigrants, "Random newcomers in each generation")
      ->capture_default_str();
  if (search.objective == Objective::loss) {
    app.add_option("--tournament", e.tournament, "Distinct organisms that compete to be a parent")
        ->capture_default_str();
  }
  app.add_option("--seed", e.seed, "Of everything random")->capture_default_str();
  add_common_options(app, options.common);
  app.add_option("--space", options.space_file, "Search space, a JSON file");
  app.add_option("--genome-out", options.genome_out, "Where the champion's genome goes")
      ->capture_default_str();
  app.add_option("--cache", options.cache,
                 "File of evaluations that runs share: what stands there is not trained again");
  app.add_option("--experiments", options.experiments, "Folder of the runs' folders")
      ->capture_default_str();
  if (search.objective == Objective::beauty) {
    app.add_option("--samples", options.samples, "Names spoken by each organism")
        ->capture_default_str();
  }
}

namespace {

Objective objective_of(const SearchOptions& options, const SearchApp& app) {
  if (app.objective == Objective::beauty || options.fitness == "held-out") return app.objective;
  require(options.fitness == "last-step", "--fitness ({}) must be held-out or last-step",
          options.fitness);
  return Objective::last_step;
}

}  // namespace

Preparation::Preparation(const SearchOptions& options, const SearchApp& app)
    : space(options.space_file.empty() ? app.space : load_space(options.space_file, app.space)) {
  validate(options.evolution);
  require(options.common.temperature > 0, "--temperature ({}) must be positive",
          options.common.temperature);
  require(options.samples >= 1, "--samples ({}) must be at least 1", options.samples);
  require(options.replicates >= 1 && options.replicates <= 1000,
          "--replicates ({}) must be from 1 to 1000", options.replicates);
  problem.precision =
      precision_from(options.common.precision.empty() ? "f64" : options.common.precision);
  problem.objective = objective_of(options, app);
  problem.seed = options.evolution.seed;
  problem.samples = options.samples;
  problem.temperature = options.common.temperature;
  problem.dataset = load_dataset(options.common.input, options.evolution.seed);
  Evolution(options.evolution, space, cost());  // throws if the settings do not fit the space
  if (options.cache.empty()) {
    cache.emplace(problem);
  } else {
    cache.emplace(problem, options.cache);
  }
  require_writable(options.genome_out);
  folder.emplace(options.experiments, timestamp_now());
}

Cost Preparation::cost() const { return TrainingCost(problem.dataset); }

}  // namespace microgpt
