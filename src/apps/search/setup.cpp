// Everything that can be wrong before the first training is found here.
#include "setup.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/genome/cost.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/genome/own_space.hpp"
#include "microgpt/report/run_record.hpp"
#include "microgpt/training/baselines.hpp"
#include "microgpt/training/text_statistics.hpp"
#include "search/effort.hpp"
#include "search/found_command.hpp"

namespace microgpt::apps {

std::unique_ptr<Journal> journal_to_resume(const SearchOptions& options) {
  const std::filesystem::path folder = options.resume == "latest"
                                           ? latest_run(options.experiments)
                                           : std::filesystem::path(options.resume);
  require(is_there(folder / "journal"), "--resume ({}): there is no journal in that folder",
          folder.string());
  auto journal = std::make_unique<Journal>(folder / "journal");
  require(!journal->is_new(), "--resume ({}): its journal is empty; start the run anew",
          folder.string());
  return journal;
}

namespace {

/// The search space, whose genes are those of the program from now on.
SearchSpace space_of(const SearchOptions& options, const SearchApp& app) {
  const bool is_command = !is_of_gpts(app.objective), is_resumed = !options.space_json.empty();
  require(!is_command || is_resumed || !options.space_file.empty(),
          "--space FILE must say which genes the command has");
  SearchSpace space = is_resumed ? parse_space("journal", options.space_json, app.space)
                      : options.space_file.empty() ? app.space
                                                   : load_space(options.space_file, app.space);
  const std::string where = is_resumed ? "the journal" : options.space_file;
  const bool has_own = own_space_of(space.genes()) != nullptr;
  require(has_own || !is_command, "{}: key \"genes\" is missing: the command has genes of its own",
          where);
  require(!has_own || is_command, "{}: has genes of its own, which only evolve_command searches",
          where);
  genome::use_genes(space.genes());
  return space;
}

/// Replaces an option among those that were given.
void set_option(std::vector<std::string>& given, const std::string& name,
                const std::string& value) {
  std::erase_if(given, [&](const std::string& each) { return each.starts_with(name + "="); });
  given.push_back(name + "=" + value);
}

/// Those of the trials of a command.
void add_trials(RunSettings& settings, const Problem& problem) {
  settings.fitness = problem.objective;
  settings.dataset = sha256(problem.command->space);  // what the results are of
  settings.tokens = 1;
  const Measure& measure = own_space_of(genome::default_genes())->measure;
  settings.measure = measure.name, settings.unit = measure.unit;
}

/// Those of GPTs and their text.
void add_text(RunSettings& settings, const SearchOptions& options, const Problem& problem,
              const SearchSpace& space) {
  settings.precision = problem.precision;
  settings.input = dataset_name(options.common);
  settings.dataset = problem.dataset.checksum;
  settings.documents = options.common.documents;
  if (problem.dataset.kind != DocumentKind::lines) settings.documents = problem.dataset.kind;
  settings.tokenizer = to_text(problem.dataset.tokenizer);
  settings.split_seed = options.common.split_seed;
  settings.temperature = options.common.temperature;
  if (const std::optional<CostKind> kind = traded_cost(options.evolution.goal)) {
    settings.largest_cost = largest_cost(space, CostModel(problem.dataset))[*kind];
  }
  settings.tokens = problem.dataset.vocabulary.size();
  if (options.final_steps != 1) settings.text = statistics_of(problem.dataset);
  const Baselines baselines = baselines_of(problem.dataset);
  settings.bigram_loss = baselines.bigram_validation;
  settings.ngram_order = baselines.ngram.order;
  settings.ngram_loss = baselines.ngram.validation;
  settings.ngram_test_loss = baselines.ngram.test;
  settings.uniform_loss = baselines.uniform;
}

RunSettings settings_of(const SearchOptions& options, const SearchApp& app, const Problem& problem,
                        const SearchSpace& space) {
  RunSettings settings = static_cast<const RunSettings&>(options);
  settings.program = app.name;
  settings.version = version();
  if (problem.command) {
    add_trials(settings, problem);
  } else {
    add_text(settings, options, problem, space);
  }
  return settings;
}

/// Reads the genomes to begin with.
std::vector<Genome> enqueued(const SearchOptions& options, const SearchSpace& space,
                             const CostOf& cost_of) {
  const OwnSpace* const own = own_space_of(space.genes());
  std::vector<Genome> genomes;
  for (const std::string& file : options.enqueue) {
    Genome genome = own == nullptr
                        ? load_genome(file).genome
                        : parse_trial(file, read_file(file, kLargestJson), own->space.genes());
    try {
      require_in(space, genome);
      genome = canonical(genome, space);
      const Condition* const forbids = own == nullptr ? nullptr : own->forbids(genome);
      require(forbids == nullptr, "the search space forbids {}", forbids->text);
      const Cost cost = cost_of(genome);
      require(cost.parameters <= parameter_limit(space),
              "it has {} parameters, but the search space allows {}", cost.parameters,
              parameter_limit(space));
      require(is_allowed(cost, space),
              "its training takes {:g} FLOPs, but max_training_flops is {:g}", cost.flops,
              space.max_training_flops);
      require(std::ranges::find(genomes, genome) == genomes.end(),
              "the same organism is enqueued twice");
    } catch (const Error& error) {
      fail("--enqueue ({}): {}", file, error.what());
    }
    genomes.push_back(genome);
  }
  return genomes;
}

/// Reads what an earlier run can teach.
std::vector<EarlierResult> earlier(const SearchOptions& options, const GeneTable& genes) {
  const std::filesystem::path folder = options.warm_start == "latest"
                                           ? latest_run(options.experiments)
                                           : std::filesystem::path(options.warm_start);
  const RunRecord run = load_run(folder);
  genome::use_genes(genes);
  require(run.genes == &genes, "--warm-start ({}): its genes are others than those of this search",
          folder.string());
  require(run.settings.fitness == options.fitness,
          "--warm-start ({}): its fitness is {}, but this run's is {}", folder.string(),
          name(run.settings.fitness), name(options.fitness));
  std::vector<EarlierResult> lessons = lessons_of(run.organisms);
  require(!lessons.empty(), "--warm-start ({}): no generation is known of it", folder.string());
  return lessons;
}

/// What a search reads, and what it writes besides its folder.
void require_files_apart(const SearchOptions& options, const std::filesystem::path& folder) {
  std::vector<NamedFile> inputs;
  if (!folder.empty()) inputs = files_of_run(folder, "genome.json");
  if (options.command.empty()) inputs.push_back({"--input", options.common.input});
  if (!options.space_file.empty()) inputs.push_back({"--space", options.space_file});
  std::vector<NamedFile> outputs = {{"--genome-out", options.genome_out}};
  if (!options.cache.empty()) outputs.push_back({"--cache", options.cache});
  require_apart(inputs, outputs);
}

/// The folder may be there, but what a run writes into it must not.
void require_room_for_a_run(const std::string& folder) {
  const std::filesystem::path journal = std::filesystem::path(folder) / "journal";
  std::error_code failure;
  require(!is_there(journal) || std::filesystem::file_size(journal, failure) == 0,
          "--folder ({}): there is a run in it; go on with it by --resume {}", folder, folder);
  for (const std::string_view file : kRunFiles) {
    require(!is_there(std::filesystem::path(folder) / file),
            "--folder ({}): there is a {} in it, which a run would overwrite", folder, file);
  }
}

/// Some island must have the means to train its first organism. Throws what the last one lacks.
void require_affordable(const EvolutionConfig& config, const SearchSpace& space,
                        const CostOf& cost_of) {
  EvolutionConfig of_island = config;
  of_island.budget_flops /= static_cast<double>(config.islands);
  for (std::size_t i = 0; i < config.islands; ++i) {
    of_island.island = i;
    try {
      return Evolution(of_island, space, cost_of).require_room();
    } catch (const Error&) {
      if (i + 1 == config.islands) throw;
    }
  }
}

}  // namespace

OpenPipe::OpenPipe(const std::filesystem::path& path) {
  std::error_code failure;
  if (!std::filesystem::is_fifo(path, failure)) return;
  descriptor_ = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  require(descriptor_ >= 0 || errno != ENXIO, "{}: is a pipe that nobody reads", path.string());
}

OpenPipe::~OpenPipe() {
  if (descriptor_ >= 0) close(descriptor_);
}

CostOf cost_of(const Problem& problem) {
  if (problem.command) return own_space_of(genome::default_genes())->cost_of();
  return CostModel(problem.dataset);
}

SearchSetup::SearchSetup(SearchOptions& options, const SearchApp& app,
                         std::unique_ptr<Journal> resumed, std::size_t workers)
    : space(space_of(options, app)), journal(std::move(resumed)) {
  validate(options.evolution);
  check(options.common);
  if (!is_of_gpts(app.objective)) {
    const std::vector<std::string> nobody = {"--ask-tell"};
    const bool has_command = !options.command.empty() && options.command != nobody;
    require(!options.ask_tell || (!has_command && workers == 1),
            "--ask-tell is for one process without a command");
    options.command = options.ask_tell ? nobody : found_from_everywhere(options.command);
    set_option(options.given, "--command", command_json(options.command));
  }
  require_files_apart(options, journal ? journal->folder() : std::filesystem::path(options.folder));
  if (!journal && !options.folder.empty()) require_room_for_a_run(options.folder);
  require(options.samples >= 1, "--samples ({}) must be at least 1", options.samples);
  require(options.replicates >= 1 && options.replicates <= 1000,
          "--replicates ({}) must be from 1 to 1000", options.replicates);
  if (is_of_gpts(app.objective)) {
    pose_problem(options);
  } else {
    pose_command(options);
  }
  if (options.effort) space = choose_by_effort(options, problem, workers);
  if (!options.enqueue.empty()) {
    options.evolution.enqueued = enqueued(options, space, cost_of());
  }
  if (!options.warm_start.empty()) {
    options.evolution.earlier = earlier(options, space.genes());
    validate(options.evolution);
  }
  settings = settings_of(options, app, problem, space);
  require_affordable(options.evolution, space, cost_of());
  require_writable(options.genome_out);
  genome_pipe.emplace(options.genome_out);
  if (options.cache.empty()) {
    cache.emplace(problem);
  } else {
    cache.emplace(problem, options.cache);
  }
  open_journal(options,
               {.options = options.given, .settings = to_json(settings), .space = to_json(space)});
  if (problem.command) {
    problem.command->trials = std::filesystem::absolute(folder->path() / "trials").string();
  }
}

void SearchSetup::pose_problem(SearchOptions& options) {
  problem.precision = options.common.precision.value_or(Precision::f64);
  problem.objective = options.fitness;
  problem.seed = options.evolution.seed;
  problem.samples = options.samples;
  problem.temperature = options.common.temperature;
  require(!journal || is_there(options.common.input),
          "{}: the dataset of this run is no longer there; --input says where it is now",
          options.common.input);
  problem.dataset = load_dataset(options.common, options.evolution.seed);
}

void SearchSetup::pose_command(const SearchOptions& options) {
  const OwnSpace& own = *own_space_of(space.genes());
  problem.objective = own.measure.is_maximised ? Objective::maximum : Objective::minimum;
  problem.seed = options.evolution.seed;
  problem.command = Command{.arguments = options.command,
                            .trials = "",
                            .space = own.json,
                            .seconds = options.trial_time,
                            .cores = options.cores,
                            .gpus = options.gpus,
                            .seed = options.evolution.seed};
}

void SearchSetup::open_journal(const SearchOptions& options, const JournalHeader& header) {
  if (journal) {
    const JournalHeader begun = journal_header_from(journal->header());
    require_same(begun, header);
    const std::string first_input = settings_from_json(begun.settings).input;
    if (!first_input.empty()) settings.input = first_input;  // it may have another name by now
    folder.emplace(journal->folder());
    folder->require_regular_files();
    if (!options.extension.empty()) journal->extend(options.extension);
    const auto remember = [&](const std::vector<Trial>& trials) {
      for (const Trial& trial : trials) cache->remember(trial);
      known = trials.size();
      births = births_of(trials);
    };
    if (options.evolution.islands == 1) {
      remember(journal->entries());
    } else {
      remember(journaled(folder->path(), journal->header()));
    }
    return;
  }
  if (options.folder.empty()) {
    folder.emplace(options.experiments, timestamp_now());
  } else {
    folder.emplace(std::filesystem::path(options.folder));
  }
  journal = std::make_unique<Journal>(folder->path() / "journal");
  require(journal->is_new(), "--folder ({}): there is a run in it; go on with it by --resume {}",
          options.folder, options.folder);
  folder->require_regular_files();
  journal->begin(to_json(header));
  std::error_code failure;
  const std::filesystem::path parent = std::filesystem::absolute(folder->path() / "").parent_path();
  if (std::filesystem::equivalent(parent.parent_path(), options.experiments, failure)) {
    link_latest(*folder);
  }
}

}  // namespace microgpt::apps
