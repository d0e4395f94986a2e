#include "search_app.hpp"

#include <chrono>
#include <iostream>
#include <optional>

#include "command_line.hpp"
#include "microgpt/cluster/session.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/evolution/creature.hpp"
#include "microgpt/experiment/report.hpp"
#include "microgpt/experiment/run_folder.hpp"
#include "microgpt/experiment/run_log.hpp"
#include "microgpt/experiment/settings.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/training/scoring.hpp"

namespace microgpt {

namespace {

struct Options {
  CommonOptions common;
  EvolutionConfig evolution;
  std::string space_file;
  std::string genome_out = "genome.json";
  std::string experiments = "experiments";
  std::uint32_t samples = 50;
};

void add_options(CLI::App& app, Options& options, const SearchApp& search) {
  EvolutionConfig& e = options.evolution;
  app.add_option("--population", e.population, "Organisms in a generation")->capture_default_str();
  app.add_option("--generations", e.generations, "Generations")->capture_default_str();
  app.add_option("--elite", e.elite, "The best that go on unchanged")->capture_default_str();
  app.add_option("--immigrants", e.immigrants, "Random newcomers in each generation")
      ->capture_default_str();
  if (e.breeding == Breeding::tournament) {
    app.add_option("--tournament", e.tournament, "Distinct organisms that compete to be a parent")
        ->capture_default_str();
  }
  app.add_option("--seed", e.seed, "Of everything random")->capture_default_str();
  add_common_options(app, options.common);
  app.add_option("--space", options.space_file, "Search space, a JSON file");
  app.add_option("--genome-out", options.genome_out, "Where the champion's genome goes")
      ->capture_default_str();
  app.add_option("--experiments", options.experiments, "Folder of the runs' folders")
      ->capture_default_str();
  if (search.objective == Objective::beauty) {
    app.add_option("--samples", options.samples, "Names spoken by each organism")
        ->capture_default_str();
  }
}

/// Everything that can be wrong before the first training is found here.
class Preparation {
 public:
  Preparation(const Options& options, const SearchApp& app)
      : space(options.space_file.empty() ? app.space : load_space(options.space_file, app.space)),
        evolution(options.evolution, space) {
    require(options.common.temperature > 0, "--temperature ({}) must be positive",
            options.common.temperature);
    require(options.samples >= 1, "--samples ({}) must be at least 1", options.samples);
    problem.precision =
        precision_from(options.common.precision.empty() ? "f64" : options.common.precision);
    problem.objective = app.objective;
    problem.seed = options.evolution.seed;
    problem.samples = options.samples;
    problem.temperature = options.common.temperature;
    problem.dataset = load_dataset(options.common.input, options.evolution.seed);
    require_writable(options.genome_out);
    folder.emplace(options.experiments, timestamp_now());
  }

  SearchSpace space;
  Evolution evolution;
  Problem problem;
  std::optional<RunFolder> folder;
};

RunSettings settings_of(const Options& options, const SearchApp& app, const Problem& problem) {
  return {.program = app.name,
          .version = std::string(version()),
          .precision = std::string(name(problem.precision)),
          .dataset = problem.dataset.checksum,
          .evolution = options.evolution,
          .samples = options.samples,
          .temperature = options.common.temperature};
}

/// Asks, has evaluated, journals, tells; until the last generation.
class Search {
 public:
  Search(const Options& options, const SearchApp& app, Preparation& ready, const Problem& problem)
      : options_(options),
        app_(app),
        problem_(problem),
        evolution_(ready.evolution),
        folder_(*ready.folder),
        log_(folder_, std::cout) {
    folder_.write("settings.json", to_json(settings_of(options, app, problem)));
    folder_.write("space.json", to_json(ready.space));
    folder_.append("organisms.csv", organisms_csv_header());
    folder_.append("timings.csv", timings_csv_header());
  }

  void run(Evaluator& evaluator, int ranks) {
    introduce(ranks);
    for (std::size_t number = 0; !evolution_.finished(); ++number) {
      const auto begin = std::chrono::steady_clock::now();
      run_generation(evaluator);
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
      log_.text(generation_report(evolution_, number, app_.objective, took.count()));
    }
    conclude();
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
    log_.line("search     {} generations of {}, elite {}, immigrants {}, seed {}, {}",
              e.generations, e.population, e.elite, e.immigrants, e.seed, name(problem_.precision));
    log_.line("ranks      {}",
              ranks == 1 ? "1, which does everything"
                         : fmt::format("{}: 1 coordinator, {} workers", ranks, ranks - 1));
    log_.line("log        {}\n", folder_.path().string());
  }

  void run_generation(Evaluator& evaluator) {
    std::vector<Task> tasks;
    for (const Organism& organism : evolution_.ask()) {
      tasks.push_back({.id = organism.id, .genome = organism.genome});
    }
    std::vector<TimedResult> timed = evaluator.evaluate(tasks);
    std::sort(timed.begin(), timed.end(),
              [](const TimedResult& a, const TimedResult& b) { return a.result.id < b.result.id; });
    folder_.append("timings.csv", timings_csv(timed));
    std::vector<Result> results;
    for (TimedResult& one : timed) results.push_back(std::move(one.result));
    evolution_.tell(results);
    folder_.append("organisms.csv",
                   organisms_csv(evolution_.history().last(options_.evolution.population),
                                 problem_.precision));
  }

  void conclude() {
    log_.text("\n" + final_report(evolution_, app_.objective));
    const Organism& champion = evolution_.champion();
    require(!champion.evaluation->failed(),
            "every training failed, the last one because {}; {} is left as it was",
            champion.evaluation->failure, options_.genome_out);
    GenomeFile file{.genome = champion.genome,
                    .loss = champion.evaluation->loss,
                    .generation = champion.generation,
                    .evolved = true,
                    .seed = options_.evolution.seed,
                    .precision = std::string(name(problem_.precision)),
                    .dataset = problem_.dataset.checksum,
                    .version = std::string(version())};
    folder_.write("genome.json", to_json(file));
    save_genome(options_.genome_out, file);
    log_.line("\ngenome     {}  (now run: creature)", options_.genome_out);
    log_.line("log        {}", folder_.path().string());
  }

  const Options& options_;
  const SearchApp& app_;
  const Problem& problem_;
  Evolution& evolution_;
  const RunFolder& folder_;
  RunLog log_;
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
  const auto evaluator =
      session.coordinate([&](const Task& task) { return evaluate(task.genome, *problem); });
  Search(options, app, *ready, *problem).run(*evaluator, session.size());
  return kSuccess;
}

int run_worker(Session& session) {
  std::optional<Problem> problem;
  session.share(problem);
  if (!problem) return kBadInput;
  session.work([&](const Task& task) { return evaluate(task.genome, *problem); });
  return kSuccess;
}

}  // namespace

int run_search(const SearchApp& search, int argc, char** argv) {
  Session session(argc, argv);
  return guarded(search.name, session.is_coordinator(), [&] {
    Options options;
    options.evolution = search.evolution;
    CLI::App app(search.description, search.name);
    set_house_rules(app);
    add_options(app, options, search);
    if (!parse(app, argc, argv, session.is_coordinator())) return int{kSuccess};
    return session.is_coordinator() ? run_coordinator(session, options, search)
                                    : run_worker(session);
  });
}

}  // namespace microgpt
