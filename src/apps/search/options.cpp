#include "options.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <map>

#include "choice.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/fields.hpp"

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

/// The flag of a setting: "--final-steps" for "final_steps".
std::string flag_of(std::string_view setting) {
  std::string flag = fmt::format("--{}", setting);
  std::ranges::replace(flag, '_', '-');
  return flag;
}

/// The options that are settings of the run, as its table says.
void add_settings(CLI::App& app, SearchOptions& options, const SearchApp& search) {
  visit_fields(kSettings, [&](const auto& setting) {
    const SettingNotes& notes = setting.notes;
    const bool is_here = notes.is_for == nullptr || notes.is_for(search.objective);
    if (notes.help == nullptr || !is_here) return;
    auto& value = value_of(options, setting);
    using Value = std::remove_reference_t<decltype(value)>;
    if constexpr (NamedEnum<Value>) {
      add_choice(app, flag_of(setting.name), value, notes.help);
    } else if constexpr (std::is_arithmetic_v<Value> || std::is_same_v<Value, std::string>) {
      app.add_option(flag_of(setting.name), value, notes.help)->capture_default_str();
    }
  });
}

/// That the settings are within the limits of their table; validate() of what they belong to has
/// the other rules.
void require_in_limits(const SearchOptions& options) {
  visit_fields(kSettings, [&](const auto& setting) {
    const auto& value = value_of(options, setting);
    if constexpr (std::is_floating_point_v<std::remove_cvref_t<decltype(value)>>) {
      const auto& [low, high, stored, help, is_for] = setting.notes;
      require(help == nullptr || (value >= low && value <= high), "{} ({}) must be from {} to {}",
              flag_of(setting.name), value, low, high);
    }
  });
}

/// How hard, and how the champion is chosen.
void add_search_options(CLI::App& app, SearchOptions& options, const SearchApp& search) {
  if (search.objective == Objective::loss) {
    const auto choose = [&](const std::string& text) { options.effort = parse_effort(text); };
    app.add_option_function<std::string>(
        "--effort", choose,
        "The best model that can be had in this time (10m, 2h), or with so many "
        "floating-point operations (3e13): chooses search space, budget, precision and "
        "finals by the text and by the speed of this machine, and says what it chose");
  }
  add_settings(app, options, search);
  if (search.objective == Objective::loss) add_fitness(app, options.fitness);
  app.add_flag("--ablate")
      ->description(
          "Retrain the champion with each changed gene set back to its primordial value, to see "
          "what "
          "the change is worth");
}

/// The command after --, which the parser would take apart.
std::vector<std::string> without_command(std::vector<std::string> arguments) {
  const auto end = std::ranges::find(arguments, "--");
  if (end == arguments.end()) return arguments;
  const std::string command = command_json({end + 1, arguments.end()});
  arguments.erase(end, arguments.end());
  arguments.push_back("--command=" + command);
  return arguments;
}

/// A program that is the organism.
void add_command_options(CLI::App& app, SearchOptions& options) {
  const auto read = [&options](const std::string& text) { options.command = parse_command(text); };
  app.add_option_function<std::string>(
      "--command", read, "The command as a JSON list of texts, if it does not follow --");
  app.add_flag("--ask-tell", options.ask_tell,
               "Without a command: write trials to standard output and read their results from "
               "standard input, as lines of JSON");
  app.add_option_function<std::uint32_t>(
         "--trials", [&options](std::uint32_t n) { options.evolution.budget_flops = n; },
         "Number of trials of the search; finals come on top (0: --generations says)")
      ->default_str(fmt::format("{}", options.evolution.budget_flops));
  app.add_option("--cores-per-trial", options.cores,
                 "Processor cores that each trial is bound to, and OMP_NUM_THREADS (0: those of "
                 "the worker)")
      ->capture_default_str();
  app.add_option("--gpus-per-trial", options.gpus,
                 "GPUs of each trial, by CUDA_VISIBLE_DEVICES (0: those of the worker)")
      ->capture_default_str();
}

/// What organisms are and how they are scored.
void add_problem_options(CLI::App& app, SearchOptions& options, const SearchApp& search) {
  if (is_of_gpts(search.objective)) {
    add_common_options(app, options.common);
  } else {
    add_command_options(app, options);
  }
  app.add_option("--space", options.space_file, "Search space (JSON file)");
  app.add_option(
         "--enqueue", options.enqueue,
         "Genome files (as genome.json): these organisms are trained first. Can be repeated")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  if (has_strategies(search.objective)) {
    app.add_option(
        "--warm-start", options.warm_start,
        "Folder of an earlier run, also of another seed, dataset or search space: its "
        "results teach the model of the guided strategy, as far as they agree with those "
        "of this run. Or latest");
  }
}

/// Of the run: where, how long and how, but not what comes of it.
void add_run_options(CLI::App& app, SearchOptions& options) {
  app.add_option("--retries", options.limits.retries,
                 "How often a training is repeated that was killed or missed its deadline")
      ->capture_default_str();
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
         fmt::format(
             "Resume a run that ended early, or make one longer with more --generations or "
             "{}: its folder, or latest. Omitted options, except --time-limit, keep the "
             "values of the run",
             app.get_option_no_throw("--trials") == nullptr ? "--budget-flops" : "--trials"))
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
  const bool has_input = app.get_option_no_throw("--input") != nullptr;
  const std::map<std::string, std::string> paths = {
      {"--input", has_input ? options.common.input : ""},
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
  options.genome_out = search.genome_out;
  options.deadline_factor = is_of_gpts(search.objective) ? Limits().deadline_factor : 0;
  CLI::App app(search.description, search.name);
  configure_parser(app);
  add_search_options(app, options, search);
  add_problem_options(app, options, search);
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
  if (!parse(app, is_of_gpts(search.objective) ? arguments : without_command(arguments), prints)) {
    return false;
  }
  if (options.effort && !options.common.precision) options.common.precision = Precision::f32;
  options.given = given_options(app, options);
  if (app.count("--generations") > 0 && !is_of_gpts(search.objective) &&
      app.count("--trials") == 0) {
    options.evolution.budget_flops = 0;
  }
  if (options.evolution.budget_flops > 0 && app.count("--generations") == 0) {
    options.evolution.generations = kUnlimited;
  }
  if (app.count("--ablate") > 0) {
    require(options.finalists > 0,
            "--ablate needs --finalists of at least 1: it is compared with their trainings");
    options.ablate = std::min(kAblationTrainings, options.replicates);
  }
  require_in_limits(options);
  Limits& limits = options.limits;
  limits.deadline_factor = options.deadline_factor, limits.memory_mb = options.memory_limit;
  require(
      limits.deadline_factor == 0 || (limits.deadline_factor >= 1 && limits.deadline_factor <= 1e6),
      "--deadline-factor ({}) must be 0, or from 1 to 1,000,000", limits.deadline_factor);
  require(limits.memory_mb >= 0 && limits.memory_mb <= 1e9,
          "--memory-limit ({}) must be from 0 to 1,000,000,000", limits.memory_mb);
  require(limits.retries <= 100, "--retries ({}) must be from 0 to 100", limits.retries);
  require(options.time_limit >= 0 && options.time_limit <= 1e9,
          "--time-limit ({}) must be from 0 to 1,000,000,000 seconds", options.time_limit);
  if (options.ask_tell) options.view = {.log_level = "off", .live = "never"};
  validate(options.view);
  limits.faults = faults_from(options.inject);
  require(options.inject.empty() || options.cache.empty(),
          "--inject and --cache exclude each other: other runs are to have no such failures");
  return true;
}

}  // namespace microgpt::apps
