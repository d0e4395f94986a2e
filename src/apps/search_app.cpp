#include "search_app.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iostream>
#include <optional>
#include <set>

#include "command_line.hpp"
#include "microgpt/cluster/session.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/evolution/creature.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/experiment/evaluation_cache.hpp"
#include "microgpt/experiment/report.hpp"
#include "microgpt/experiment/run_folder.hpp"
#include "microgpt/experiment/run_log.hpp"
#include "microgpt/experiment/settings.hpp"
#include "microgpt/experiment/work_summary.hpp"
#include "microgpt/genome/cost.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/training/scoring.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kUnlimited = 1'000'000;  // generations, where a budget ends the search

struct Options {
  CommonOptions common;
  EvolutionConfig evolution;
  std::string space_file;
  std::string genome_out = "genome.json";
  std::string experiments = "experiments";
  std::string cache;
  std::string strategy, fitness = "held-out", mode = "generational", schedule = "dynamic";
  std::uint32_t finalists = 0, replicates = 5;
  std::uint32_t samples = 50;
};

void add_options(CLI::App& app, Options& options, const SearchApp& search) {
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

Objective objective_of(const Options& options, const SearchApp& app) {
  if (app.objective == Objective::beauty || options.fitness == "held-out") return app.objective;
  require(options.fitness == "last-step", "--fitness ({}) must be held-out or last-step",
          options.fitness);
  return Objective::last_step;
}

/// Everything that can be wrong before the first training is found here.
class Preparation {
 public:
  Preparation(const Options& options, const SearchApp& app)
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
    evolution.emplace(options.evolution, space, [this](const Genome& genome) {
      return training_flops(genome, problem.dataset);
    });
    if (options.cache.empty()) {
      cache.emplace(problem);
    } else {
      cache.emplace(problem, options.cache);
    }
    require_writable(options.genome_out);
    folder.emplace(options.experiments, timestamp_now());
  }
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  SearchSpace space;
  Problem problem;
  std::optional<Evolution> evolution;
  std::optional<EvaluationCache> cache;
  std::optional<RunFolder> folder;
};

RunSettings settings_of(const Options& options, const SearchApp& app, const Problem& problem) {
  return {.program = app.name,
          .version = std::string(version()),
          .precision = std::string(name(problem.precision)),
          .dataset = problem.dataset.checksum,
          .fitness = std::string(name(problem.objective)),
          .evolution = options.evolution,
          .finalists = options.finalists,
          .replicates = options.replicates,
          .samples = options.samples,
          .temperature = options.common.temperature};
}

/// Asks, has evaluated, journals, tells; until the search is finished and a champion crowned.
class Search {
 public:
  Search(const Options& options, const SearchApp& app, Preparation& ready, const Problem& problem)
      : options_(options),
        app_(app),
        problem_(problem),
        evolution_(*ready.evolution),
        cache_(*ready.cache),
        folder_(*ready.folder),
        log_(folder_, std::cout) {
    folder_.write("settings.json", to_json(settings_of(options, app, problem)));
    folder_.write("space.json", to_json(ready.space));
    folder_.append("organisms.csv", organisms_csv_header());
    folder_.append("timings.csv", timings_csv_header());
  }

  void run(Evaluator& trains, int ranks) {
    introduce(ranks);
    CachedEvaluator evaluator(trains, cache_);
    while (!evolution_.finished()) {
      submit(evaluator, evolution_.ask());
      if (evolution_.complete()) begin_finals(evaluator);
      if (evaluator.pending() > 0) take_result(evaluator);
      record_generations();
    }
    record_generations();
    require(evolution_.generation_count() > 0,
            "--budget-flops ({:g}) is not enough for a single training",
            options_.evolution.budget_flops);
    Finals finals(evolution_.best(options_.finalists), options_.replicates);
    std::size_t begun = 0;
    for (const Task& task : finals.tasks()) begun += begun_.contains({task.id, task.replicate});
    if (!finals.ranking().empty()) finals.tell(replicates(evaluator, finals));
    conclude(finals.ranking(), evaluator.saved() - begun);
    const std::size_t workers = ranks == 1 ? 1 : static_cast<std::size_t>(ranks) - 1;
    const double cpu_seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    log_.text("\n" + work_.text(workers, cpu_seconds));
  }

 private:
  void introduce(int ranks) {
    const Dataset& data = problem_.dataset;
    const EvolutionConfig& e = options_.evolution;
    log_.line("{}", app_.title);
    log_.line("dataset    {}: {} training, {} validation and {} test documents, {} characters",
              options_.common.input, with_commas(data.training.size()),
              with_commas(data.validation.size()), with_commas(data.test.size()),
              data.vocabulary.characters().size());
    log_.line("baselines  bigram {:.4f}, uniform {:.4f} (validation loss in nats per token)",
              bigram_loss(data, data.validation), uniform_loss(data.vocabulary));
    log_.line("search     {}, {}, {} of {}, seed {}, {}", name(e.strategy), name(e.mode),
              e.budget_flops > 0 ? fmt::format("{:g} FLOPs in generations", e.budget_flops)
                                 : fmt::format("{} generations", e.generations),
              e.population, e.seed, name(problem_.precision));
    log_.line("ranks      {}",
              ranks == 1 ? "1, which does everything"
                         : fmt::format("{}: 1 coordinator, {} workers", ranks, ranks - 1));
    if (e.mode == Mode::steady_state) warn_of_few_slots(ranks);
    log_.line("log        {}\n", folder_.path().string());
  }

  void warn_of_few_slots(int ranks) {
    const std::size_t slots = e_slots(), workers = static_cast<std::size_t>(std::max(ranks - 1, 1));
    log_.line("slots      {}", slots);
    if (slots < 2 * workers) {
      log_.line(
          "warning    {} slots keep {} workers waiting for each other; --slots {} would not "
          "(but gives another result)",
          slots, workers, 2 * workers);
    }
  }

  std::size_t e_slots() const {
    const EvolutionConfig& e = options_.evolution;
    return e.slots > 0 ? e.slots : 2 * e.population;
  }

  void submit(Evaluator& evaluator, std::span<const Organism> organisms) {
    std::vector<Task> tasks;
    for (const Organism& o : organisms) {
      tasks.push_back({.id = o.id, .genome = o.genome, .replicate = 0, .rank = rank_of(o)});
    }
    evaluator.submit(tasks);
  }

  /// When everyone is born and the last trainings are under way, whoever is idle begins with the
  /// finals of those that look best by now. Whether they turn out to be finalists or not: what is
  /// learnt of them stands in the cache, and the history is the same.
  void begin_finals(Evaluator& evaluator) {
    std::vector<Task> tasks;
    const Finals finals(evolution_.best(options_.finalists), options_.replicates);
    for (const Task& task : finals.tasks()) {
      if (tasks.size() == evaluator.idle()) break;
      if (begun_.insert({task.id, task.replicate}).second) tasks.push_back(task);
    }
    evaluator.submit(tasks);
  }

  /// The next result; tells the search, unless it belongs to the finals.
  void take_result(Evaluator& evaluator) {
    const Result result = receive(evaluator);
    if (result.replicate == 0) evolution_.tell(std::span(&result, 1));
  }

  Result receive(Evaluator& evaluator) {
    const TimedResult timed = evaluator.wait();
    folder_.append("timings.csv", timings_csv(std::span(&timed, 1)));
    work_.add(timed.timing, evolution_.history()[timed.result.id].flops);
    return timed.result;
  }

  std::vector<Result> replicates(Evaluator& evaluator, const Finals& finals) {
    std::vector<Task> fresh, begun;
    for (const Task& task : finals.tasks()) {
      (begun_.contains({task.id, task.replicate}) ? begun : fresh).push_back(task);
    }
    evaluator.submit(fresh);
    std::vector<Result> results;
    while (evaluator.pending() > 0) {
      const Result result = receive(evaluator);
      if (!begun_.contains({result.id, result.replicate})) results.push_back(result);
    }
    evaluator.submit(begun);  // the cache knows them by now
    while (evaluator.pending() > 0) results.push_back(receive(evaluator));
    return results;
  }

  /// Writes and reports the generations that have become complete, in their order.
  void record_generations() {
    while (recorded_ < evolution_.generation_count()) {
      const bool closed = recorded_ + 1 < evolution_.generation_count() || evolution_.finished() ||
                          options_.evolution.mode == Mode::generational;
      const auto members = evolution_.generation(recorded_);
      const bool known = std::all_of(members.begin(), members.end(),
                                     [](const Organism& o) { return o.evaluation.has_value(); });
      if (!closed || !known) return;
      const auto now = std::chrono::steady_clock::now();
      const std::chrono::duration<double> took = now - last_report_;
      last_report_ = now;
      folder_.append("organisms.csv", organisms_csv(members, problem_.precision,
                                                    problem_.dataset.vocabulary.size()));
      log_.text(generation_report(evolution_, recorded_, problem_.objective, took.count()));
      ++recorded_;
    }
  }

  void conclude(std::span<const Finalist> finalists, std::size_t saved) {
    const std::size_t vocabulary = problem_.dataset.vocabulary.size();
    if (!finalists.empty()) folder_.write("replicates.csv", replicates_csv(finalists));
    folder_.write("pareto.csv", pareto_csv(evolution_.history(), vocabulary));
    log_.text("\n" + final_report(evolution_, finalists, problem_.objective, vocabulary));
    const Organism& champion =
        finalists.empty() ? evolution_.champion() : finalists.front().organism;
    require(!champion.evaluation->failed(),
            "every training failed, the last one because {}; {} is left as it was",
            champion.evaluation->failure, options_.genome_out);
    require(
        finalists.empty() || !finalists.front().failed(),
        "each finalist failed in a new training, the first one because {}; {} is left as it was",
        failure_of(finalists), options_.genome_out);
    GenomeFile file{.genome = champion.genome,
                    .loss = champion.evaluation->loss,
                    .generation = champion.generation,
                    .evolved = true,
                    .seed = options_.evolution.seed,
                    .precision = std::string(name(problem_.precision)),
                    .dataset = problem_.dataset.checksum,
                    .version = std::string(version())};
    if (!finalists.empty()) promise(file, finalists.front());
    folder_.write("genome.json", to_json(file));
    save_genome(options_.genome_out, file);
    log_.line(
        "\ntrainings  {:.3g} FLOPs in the search; {} not needed, because their result was known",
        evolution_.flops(), saved + evolution_.known_genomes_born());
    log_.line("genome     {}  (now run: creature)", options_.genome_out);
    log_.line("log        {}", folder_.path().string());
  }

  /// Why the first finalist failed; empty if there is none or it did not.
  static std::string failure_of(std::span<const Finalist> finalists) {
    if (finalists.empty()) return "";
    for (const Evaluation& e : finalists.front().replicates) {
      if (e.failed()) return e.failure;
    }
    return "";
  }

  static void promise(GenomeFile& file, const Finalist& champion) {
    file.loss = champion.validation.mean;
    file.replicates = static_cast<std::uint32_t>(champion.validation.count);
    file.standard_error = champion.validation.standard_error;
    file.test_loss = champion.test.mean;
    file.test_standard_error = champion.test.standard_error;
  }

  const Options& options_;
  const SearchApp& app_;
  const Problem& problem_;
  Evolution& evolution_;
  EvaluationCache& cache_;
  const RunFolder& folder_;
  RunLog log_;
  WorkSummary work_;
  std::size_t recorded_ = 0;                                 // generations
  std::set<std::pair<std::uint64_t, std::uint32_t>> begun_;  // replicates begun before the finals
  std::chrono::steady_clock::time_point last_report_ = std::chrono::steady_clock::now();
};

int run_coordinator(Session& session, const Options& options, const SearchApp& app) {
  std::optional<Preparation> ready;
  std::optional<Problem> problem;
  try {
    ready.emplace(options, app);
    problem = ready->problem;
  } catch (...) {
    session.share(problem);  // lets the workers leave
    throw;
  }
  session.share(problem);
  const auto evaluator = session.coordinate(
      [&](const Task& task) { return evaluate(task.genome, *problem, task.replicate); },
      schedule_from(options.schedule));
  Search(options, app, *ready, *problem).run(*evaluator, session.size());
  return kSuccess;
}

int run_worker(Session& session, const Options& options) {
  std::optional<Problem> problem;
  session.share(problem);
  if (!problem) return kBadInput;
  session.work([&](const Task& task) { return evaluate(task.genome, *problem, task.replicate); },
               schedule_from(options.schedule));
  return kSuccess;
}

}  // namespace

int run_search(const SearchApp& search, int argc, char** argv) {
  Session session(argc, argv);
  return guarded(search.name, session.is_coordinator(), [&] {
    Options options;
    options.evolution = search.evolution;
    options.strategy = name(options.evolution.strategy);
    options.finalists = search.finalists;
    CLI::App app(search.description, search.name);
    set_house_rules(app);
    add_options(app, options, search);
    if (!parse(app, argc, argv, session.is_coordinator())) return int{kSuccess};
    options.evolution.mode = mode_from(options.mode);
    schedule_from(options.schedule);
    if (search.objective == Objective::loss) {
      options.evolution.strategy = strategy_from(options.strategy);
    }
    if (options.evolution.budget_flops > 0 && app.count("--generations") == 0) {
      options.evolution.generations = kUnlimited;
    }
    return session.is_coordinator() ? run_coordinator(session, options, search)
                                    : run_worker(session, options);
  });
}

}  // namespace microgpt
