#include "options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <map>

#include "choice.hpp"
#include "microgpt/core/error.hpp"

namespace microgpt::apps {

namespace {

constexpr std::size_t kUnlimited = 1'000'000;  // generations, where a budget ends the search

/// Beauty, the other objective, is the business of another program.
void add_fitness(CLI::App& app, Objective& objective) {
  const auto choose = [&objective](const std::string& text) {
    const std::optional<Objective> known = find_name<Objective>(text);
    require(known && *known != Objective::beauty, "--fitness ({}) must be held-out or last-step",
            text);
    objective = *known;
  };
  app.add_option_function<std::string>(
         "--fitness", choose,
         "held-out: the loss on validation names; last-step: that of the last training "
         "name, an old measure that can be gamed")
      ->type_name("{held-out,last-step}")
      ->default_str(std::string(name(objective)));
}

/// Of the search: all that the result depends on.
void add_search_options(CLI::App& app, SearchOptions& options, const SearchApp& search) {
  EvolutionConfig& e = options.evolution;
  app.add_option("--population", e.population, "Organisms in a generation of an island")
      ->capture_default_str();
  app.add_option("--generations", e.generations, "Generations")->capture_default_str();
  app.add_option("--budget-flops", e.budget_flops,
                 "Floating-point operations of all trainings of the search, for example 1e12; the "
                 "finalists' are extra, and islands share it evenly (0: as many as the generations "
                 "need). Without --generations "
                 "there is no other limit");
  if (search.objective == Objective::loss) {
    add_choice(app, "--strategy", e.strategy,
               "How children are made: classic, guided by a model of the space, or random")
        ->type_name("{classic,guided,random}");  // in the order of the words
    add_fitness(app, options.fitness);
  }
  add_choice(app, "--mode", e.mode,
             "generational: children are bred when a whole generation is known; steady-state: "
             "one by one, so that no worker waits for the slowest of a generation");
  app.add_option("--slots", e.slots,
                 "Organisms that live at once in the steady state (0: twice the population); best "
                 "twice as many as there are workers, or more")
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
  if (search.objective == Objective::beauty) {
    app.add_option("--samples", options.samples, "Names spoken by each organism")
        ->capture_default_str();
  }
}

/// Of the trainings: what they may take.
void add_limit_options(CLI::App& app, SearchOptions& options) {
  app.add_option("--deadline-factor", options.limits.deadline_factor,
                 "A training fails that takes so many times the processor time that its operations "
                 "should, and more than a second; or hangs (0: none does)")
      ->capture_default_str();
  app.add_option("--memory-limit", options.limits.memory_mb,
                 "Megabytes that a training may take (0: no limit)")
      ->capture_default_str();
  app.add_option("--retries", options.limits.retries,
                 "How often a training is tried again that was killed, or missed its deadline")
      ->capture_default_str();
  app.add_option("--inject", options.inject,
                 "Failures on purpose, with their probabilities: nan:0.1,throw:0.1,hang:0.05,"
                 "segv:0.05,oom:0.02,spin:0.01");
}

/// Of the run: where, how long and how, but not what comes of it.
void add_run_options(CLI::App& app, SearchOptions& options) {
  add_choice(app, "--schedule", options.schedule,
             "dynamic: the longest training first, to whoever is free; scatter: in waves. The "
             "result is the same");
  app.add_option("--genome-out", options.genome_out, "Where the champion's genome goes")
      ->capture_default_str();
  app.add_option("--cache", options.cache,
                 "File of evaluations that runs share: what stands there is not trained again");
  app.add_option("--experiments", options.experiments, "Folder of the runs' folders")
      ->capture_default_str();
  app.add_option("--folder", options.folder,
                 "Folder of this run, instead of a new one in --experiments");
  app.add_option(
         "--resume", options.resume,
         "Goes on with a run that has ended early: its folder, or latest. Its other options "
         "are known")
      ->excludes("--folder");
  app.add_option("--time-limit", options.time_limit,
                 "Stops, to be resumed, after so many seconds, or for example 90m or 2h")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}},
          CLI::AsNumberWithUnit::Options(CLI::AsNumberWithUnit::CASE_INSENSITIVE)));
}

/// Of what is shown.
void add_view_options(CLI::App& app, ViewOptions& view) {
  CLI::Option* quiet = app.add_flag("--quiet", view.quiet, "Only warnings and errors");
  CLI::Option* verbose =
      app.add_flag("--verbose", view.verbose, "Also the members of each generation")
          ->excludes(quiet);
  app.add_option("--log-level", view.log_level,
                 "What is written: the members of each generation (trace), each organism (debug), "
                 "each generation (info), or less (default: info on a terminal, else debug)")
      ->type_name(one_of(offered_names<LogLevel>()))
      ->excludes(quiet)
      ->excludes(verbose);
  app.add_option("--live", view.live,
                 "Progress that stays in place; auto: if the output is a terminal")
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
  constexpr std::array kAnew = {"--resume", "--folder",  "--time-limit", "--space",
                                "--quiet",  "--verbose", "--log-level",  "--live"};
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

bool read_options(const SearchApp& search, const std::vector<std::string>& arguments, bool prints,
                  SearchOptions& options) {
  options = SearchOptions();
  options.evolution = search.evolution;
  options.fitness = search.objective;
  options.finalists = search.finalists;
  CLI::App app(search.description, search.name);
  configure_parser(app);
  add_search_options(app, options, search);
  add_limit_options(app, options);
  add_run_options(app, options);
  add_view_options(app, options.view);
  app.footer(
      "Exit status: 0 if there is a champion, 1 if something unforeseen happened, 2 for bad input "
      "and "
      "if every training failed; 75 (time "
      "limit, SIGUSR1), 129, 130 or 143 (SIGHUP, SIGINT, SIGTERM) if the run was stopped and can "
      "be "
      "resumed.");
  if (!parse(app, arguments, prints)) return false;
  options.given = given_options(app, options);
  if (options.evolution.budget_flops > 0 && app.count("--generations") == 0) {
    options.evolution.generations = kUnlimited;
  }
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
