#include "search.hpp"

#include <algorithm>
#include <ctime>
#include <iostream>

#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/experiment/report.hpp"
#include "microgpt/experiment/settings.hpp"
#include "microgpt/training/scoring.hpp"

namespace microgpt {

namespace {

RunSettings settings_of(const SearchOptions& options, const SearchApp& app,
                        const Problem& problem) {
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

}  // namespace

Search::Search(const SearchOptions& options, const SearchApp& app, Preparation& ready,
               const Problem& problem)
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

void Search::run(Evaluator& trains, int ranks) {
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

void Search::introduce(int ranks) {
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
  log_.line("ranks      {}", ranks == 1
                                 ? "1, which does everything"
                                 : fmt::format("{}: 1 coordinator, {} workers", ranks, ranks - 1));
  if (e.mode == Mode::steady_state) warn_of_few_slots(ranks);
  log_.line("log        {}\n", folder_.path().string());
}

void Search::warn_of_few_slots(int ranks) {
  const std::size_t slots = evolution_.slots(),
                    workers = static_cast<std::size_t>(std::max(ranks - 1, 1));
  log_.line("slots      {}", slots);
  if (slots < 2 * workers) {
    log_.line(
        "warning    {} slots keep {} workers waiting for each other; --slots {} would not "
        "(but gives another result)",
        slots, workers, 2 * workers);
  }
}

void Search::submit(Evaluator& evaluator, std::span<const Organism> organisms) {
  std::vector<Task> tasks;
  for (const Organism& o : organisms) {
    tasks.push_back({.id = o.id, .genome = o.genome, .replicate = 0, .rank = rank_of(o)});
  }
  evaluator.submit(tasks);
}

void Search::begin_finals(Evaluator& evaluator) {
  std::vector<Task> tasks;
  const Finals finals(evolution_.best(options_.finalists), options_.replicates);
  for (const Task& task : finals.tasks()) {
    if (tasks.size() == evaluator.idle()) break;
    if (begun_.insert({task.id, task.replicate}).second) tasks.push_back(task);
  }
  evaluator.submit(tasks);
}

void Search::take_result(Evaluator& evaluator) {
  const Result result = receive(evaluator);
  if (result.replicate == 0) evolution_.tell(std::span(&result, 1));
}

Result Search::receive(Evaluator& evaluator) {
  const TimedResult timed = evaluator.wait();
  folder_.append("timings.csv", timings_csv(std::span(&timed, 1)));
  work_.add(timed.timing, evolution_.history()[timed.result.id].flops);
  return timed.result;
}

std::vector<Result> Search::replicates(Evaluator& evaluator, const Finals& finals) {
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

void Search::record_generations() {
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
    folder_.append("organisms.csv",
                   organisms_csv(members, problem_.precision, problem_.dataset.vocabulary.size()));
    log_.text(generation_report(evolution_, recorded_, problem_.objective, took.count()));
    ++recorded_;
  }
}

void Search::conclude(std::span<const Finalist> finalists, std::size_t saved) {
  const std::size_t vocabulary = problem_.dataset.vocabulary.size();
  if (!finalists.empty()) folder_.write("replicates.csv", replicates_csv(finalists));
  folder_.write("pareto.csv", pareto_csv(evolution_.history(), vocabulary));
  log_.text("\n" + final_report(evolution_, finalists, problem_.objective, vocabulary));
  const Organism& champion = finalists.empty() ? evolution_.champion() : finalists.front().organism;
  require(!champion.evaluation->failed(),
          "every training failed, the last one because {}; {} is left as it was",
          champion.evaluation->failure, options_.genome_out);
  require(finalists.empty() || !finalists.front().failed(),
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

std::string Search::failure_of(std::span<const Finalist> finalists) {
  if (finalists.empty()) return "";
  for (const Evaluation& e : finalists.front().replicates) {
    if (e.failed()) return e.failure;
  }
  return "";
}

void Search::promise(GenomeFile& file, const Finalist& champion) {
  file.loss = champion.validation.mean;
  file.replicates = static_cast<std::uint32_t>(champion.validation.count);
  file.standard_error = champion.validation.standard_error;
  file.test_loss = champion.test.mean;
  file.test_standard_error = champion.test.standard_error;
}

}  // namespace microgpt
