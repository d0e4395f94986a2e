#include "options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <map>

#include "choice.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/evolution/finals.hpp"

namespace microgpt::apps {

namespace {

constexpr std::uint32_t kAblationTrainings = 3;  // of each ablation

/// Beauty, the other objective, belongs to another program.
void add_fitness(CLI::App& app, Objective& objective) {
  const auto choose = [&objective](const std::string& text) {
    const std::optional<Objective> known = find_name<Objective>(text);
    require(known && *known != Objective::beauty, "--fitness ({}) must be held-out or last-step",
            text);
    objective = *known;
  };
  app.add_option_function<std::string>(
         "--fitness", choose,
         "held-out: the loss on validation names; last-step: the loss of the last training "
         "name, an old measure that can be gamed")
      ->type_name("{held-out,last-step}")
      ->default_str(std::string(name(objective)));
}

// What the result depends on, in the order of --help.

/// How organisms are bred.
void add_breeding_options(CLI::App& app, SearchOptions& options, const SearchApp& search) {
  EvolutionConfig& e = options.evolution;
  if (search.objective == Objective::loss) {
    const auto choose = [&](const std::string& text) { options.effort = parse_effort(text); };
    app.add_option_function<std::string>(
        "--effort", choose,
        "The best model that can be had in this time (10m, 2h), or with so many "
        "floating-point operations (3e13): chooses search space, budget, precision and "
        "finals by the text and by the speed of this machine, and says what it chose");
  }
  app.add_option("--population", e.population, "Organisms per generation and island")
      ->capture_default_str();
  app.add_option("--generations", e.generations, "Number of generations")->capture_default_str();
  app.add_option(
      "--budget-flops", e.budget_flops,
      "Compute budget of the search in floating-point operations, for example 1e12, split "
      "evenly between islands; finals come on top (0: no budget). Without --generations "
      "the budget is the only limit");
  if (search.objective == Objective::loss) {
    add_choice(app, "--strategy", e.strategy,
               "How children are bred: classic operators, guided by a surrogate model, or random")
        ->type_name("{classic,guided,random}");  // in the order of the words
    add_choice(
        app, "--objective", e.goal,
        "loss: the best organism; loss,parameters or loss,flops: the Pareto front of loss and "
        "size, or of loss and the cost of a training. The finalists are members of it");
    add_fitness(app, options.fitness);
  }
  add_choice(app, "--mode", e.mode,
             "generational: breed when a whole generation has been evaluated; steady-state: "
             "breed one at a time, so that no worker waits for the slowest of a generation");
  app.add_option("--slots", e.slots,
                 "Organisms in progress at a time in the steady state (0: twice the population); "
                 "recommended: at least twice the number of workers")
      ->capture_default_str();
}

/// How the champion is chosen, and what the populations are.
void add_population_options(CLI::App& app, SearchOptions& options, const SearchApp& search) {
  EvolutionConfig& e = options.evolution;
  app.add_option("--finalists", options.finalists,
                 "Number of best organisms that are retrained to select the champion (0: none)")
      ->capture_default_str();
  app.add_option("--replicates", options.replicates, "New trainings of each finalist")
      ->capture_default_str();
  app.add_option(
         "--final-steps", options.final_steps,
         "Steps of these trainings, as a multiple of those in the search: what is best in "
         "many short trainings is then tried in few long ones, with a smaller learning rate "
         "and, where the text is read more often, fewer n-grams")
      ->capture_default_str();
  app.add_flag("--ablate")
      ->description(
          "Retrain the champion with each changed gene set back to its primordial value, to see "
          "what "
          "the change is worth");
  app.add_option(
         "--islands", e.islands,
         "Populations evolved in parallel, each with its own coordinator if there are enough "
         "ranks. The result depends on the number of islands, but not on the number of ranks")
      ->capture_default_str();
  app.add_option("--migration-interval", e.migration_interval,
                 "Generations between migrations of each island's best to the next island")
      ->capture_default_str();
  app.add_option("--elite", e.elite, "Best organisms that survive unchanged")
      ->capture_default_str();
  app.add_option("--immigrants", e.immigrants, "Random organisms added to each generation")
      ->capture_default_str();
  if (search.objective == Objective::loss) {
    app.add_option("--tournament", e.tournament,
                   "Tournament size: distinct organisms that compete to be a parent")
        ->capture_default_str();
  }
}

/// What organisms are and how they are scored.
void add_problem_options(CLI::App& app, SearchOptions& options, const SearchApp& search) {
  app.add_option("--seed", options.evolution.seed, "Random seed: everything random follows from it")
      ->capture_default_str();
  add_common_options(app, options.common);
  app.add_option("--space", options.space_file, "Search space (JSON file)");
  app.add_option(
         "--enqueue", options.enqueue,
         "Genome files (as genome.json): these organisms are trained first. Can be repeated")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  if (search.objective == Objective::loss) {
    app.add_option(
        "--warm-start", options.warm_start,
        "Folder of an earlier run, also of another seed, dataset or search space: its "
        "results teach the model of the guided strategy, as far as they agree with those "
        "of this run. Or latest");
  }
  if (search.objective == Objective::beauty) {
    app.add_option("--samples", options.samples, "Names generated by each organism")
        ->capture_default_str();
  }
}

/// Limits of a training.
void add_limit_options(CLI::App& app, SearchOptions& options) {
  app.add_option(
         "--deadline-factor", options.limits.deadline_factor,
         "A training fails if it takes this many times its predicted processor time and more "
         "than a second, or hangs (0: no deadline)")
      ->capture_default_str();
  app.add_option("--memory-limit", options.limits.memory_mb,
                 "Memory limit of a training in megabytes (0: no limit)")
      ->capture_default_str();
  app.add_option("--retries", options.limits.retries,
                 "How often a training is repeated that was killed or missed its deadline")
      ->capture_default_str();
  app.add_option("--inject", options.inject,
                 "Failures to inject, with their probabilities: nan:0.1,throw:0.1,hang:0.05,"
                 "segv:0.05,oom:0.02,spin:0.01");
}

/// Of the run: where, how long and how, but not what comes of it.
void add_run_options(CLI::App& app, SearchOptions& options) {
  add_choice(app, "--schedule", options.schedule,
             "dynamic: the longest training first, to the next free worker; scatter: in waves. "
             "The result is the same");
  app.add_option("--genome-out", options.genome_out, "Output file for the champion's genome")
      ->capture_default_str();
  app.add_option(
      "--cache", options.cache,
      "File with evaluations that runs share: genomes found there are not trained again");
  app.add_option("--experiments", options.experiments, "Parent folder of the run folders")
      ->capture_default_str();
  app.add_option("--folder", options.folder,
                 "Folder of this run, instead of a new one in --experiments");
  app.add_option(
         "--resume", options.resume,
         "Resume a run that ended early, or make one longer with more --generations or "
         "--budget-flops: its folder, or latest. Omitted options, except --time-limit, keep "
         "the values of the run")
      ->excludes("--folder")
      ->excludes("--enqueue");
  if (CLI::Option* const warm = app.get_option_no_throw("--warm-start")) {
    app.get_option("--resume")->excludes(warm);
  }
  app.add_option(
         "--time-limit", options.time_limit,
         "Stop after this many seconds (or, for example, 90m or 2h); the run can be resumed")
      ->transform(CLI::AsNumberWithUnit(
          time_units(), CLI::AsNumberWithUnit::Options(CLI::AsNumberWithUnit::CASE_INSENSITIVE)));
}

/// Of what is shown.
void add_view_options(CLI::App& app, ViewOptions& view) {
  CLI::Option* quiet = app.add_flag("--quiet", view.quiet, "Print only warnings and errors");
  CLI::Option* verbose =
      app.add_flag("--verbose", view.verbose, "Also print the members of each generation")
          ->excludes(quiet);
  app.add_option("--log-level", view.log_level,
                 "What to print: the members of each generation (trace), each organism (debug), "
                 "each generation (info), or less (default: info on a terminal, otherwise debug)")
      ->type_name(one_of(offered_names<LogLevel>()))
      ->excludes(quiet)
      ->excludes(verbose);
  app.add_option("--live", view.live, "Live progress display; auto: if the output is a terminal")
      ->type_name("{auto,always,never}")
      ->capture_default_str();
}

/// A path as it is from every folder.
std::string from_everywhere(const std::string& path) {
  std::error_code failure;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failure);
  return path.empty() || failure ? path : absolute.string();
}

/// What was said, but for what is said anew when a run goes on. That may be elsewhere: paths lead
/// to where they lead now, also those that nobody gave.
std::vector<std::string> given_options(const CLI::App& app, const SearchOptions& options) {
  constexpr std::array kAnew = {"--resume",  "--folder",    "--time-limit", "--space",
                                "--quiet",   "--live",      "--log-level",  "--verbose",
                                "--enqueue", "--warm-start"};
  const std::map<std::string, std::string> paths = {{"--input", options.common.input},
                                                    {"--genome-out", options.genome_out},
                                                    {"--cache", options.cache},
                                                    {"--experiments", options.experiments}};
  std::vector<std::string> given;
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_name();
    const bool anew = std::ranges::find(kAnew, name) != kAnew.end();
    if (option->count() == 0 || anew || paths.contains(name)) continue;
    given.push_back(name + "=" + option->results().back());
  }
  for (const auto& [name, path] : paths) {
    if (!path.empty()) given.push_back(name + "=" + from_everywhere(path));
  }
  return given;
}

}  // namespace

const std::map<std::string, double>& time_units() {
  static const std::map<std::string, double> units = {
      {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
  return units;
}

bool read_options(const SearchApp& search, const std::vector<std::string>& arguments, bool prints,
                  SearchOptions& options) {
  options = SearchOptions();
  options.evolution = search.evolution;
  options.fitness = search.objective;
  options.finalists = search.finalists;
  CLI::App app(search.description, search.name);
  configure_parser(app);
  add_breeding_options(app, options, search);
  add_population_options(app, options, search);
  add_problem_options(app, options, search);
  add_limit_options(app, options);
  add_run_options(app, options);
  add_view_options(app, options.view);
  app.footer(
      "Exit status: 0 if there is a champion, 1 after an unexpected error, 2 for bad input or if "
      "every training failed; 75 (time limit, SIGUSR1), 129, 130 or 143 (SIGHUP, SIGINT, SIGTERM) "
      "if the run was stopped and can be resumed.");
  if (app.get_option_no_throw("--effort") != nullptr) {
    for (const char* other :
         {"--space", "--budget-flops", "--generations", "--mode", "--islands", "--enqueue",
          "--resume", "--finalists", "--replicates", "--final-steps", "--ablate"}) {
      app.get_option("--effort")->excludes(other);
    }
  }
  if (!parse(app, arguments, prints)) return false;
  if (options.effort && !options.common.precision) options.common.precision = Precision::f32;
  options.given = given_options(app, options);
  if (options.evolution.budget_flops > 0 && app.count("--generations") == 0) {
    options.evolution.generations = kUnlimited;
  }
  if (app.count("--ablate") > 0) {
    require(options.finalists > 0,
            "--ablate needs --finalists of at least 1: it is compared with their trainings");
    options.ablate = std::min(kAblationTrainings, options.replicates);
  }
  require(options.final_steps >= 1 && options.final_steps <= kMostLonger,
          "--final-steps ({}) must be from 1 to {}", options.final_steps, kMostLonger);
  const Limits& limits = options.limits;
  require(
      limits.deadline_factor == 0 || (limits.deadline_factor >= 1 && limits.deadline_factor <= 1e6),
      "--deadline-factor ({}) must be 0, or from 1 to 1,000,000", limits.deadline_factor);
  require(limits.memory_mb >= 0 && limits.memory_mb <= 1e9,
          "--memory-limit ({}) must be from 0 to 1,000,000,000", limits.memory_mb);
  require(limits.retries <= 100, "--retries ({}) must be from 0 to 100", limits.retries);
  require(options.time_limit >= 0 && options.time_limit <= 1e9,
          "--time-limit ({}) must be from 0 to 1,000,000,000 seconds", options.time_limit);
  validate(options.view);
  options.limits.faults = faults_from(options.inject);
  require(options.inject.empty() || options.cache.empty(),
          "--inject and --cache exclude each other: other runs are to have no such failures");
  return true;
}

}  // namespace microgpt::apps
