#include "search.hpp"

#include <algorithm>
#include <ctime>
#include <iostream>

#include "microgpt/core/clock.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/experiment/report.hpp"
#include "microgpt/experiment/settings.hpp"
#include "microgpt/training/scoring.hpp"

namespace microgpt {

Search::Search(const SearchOptions& options, const SearchApp& app, Preparation& ready)
    : options_(options),
      app_(app),
      problem_(ready.problem),
      ready_(ready),
      folder_(*ready.folder),
      log_(folder_, std::cout),
      work_(seconds_since_1970()) {
  folder_.remove("stopped");
  folder_.remove("genome.json");  // of a run that had finished, and does so again
  folder_.write("settings.json", to_json(settings_of(options, app, problem_)));
  folder_.write("space.json", to_json(ready.space));
  folder_.write("organisms.csv", organisms_csv_header());
  folder_.write("timings.csv", timings_csv_header());
}

void Search::run(Session& session, Evaluator& trains) {
  introduce(session);
  CachedEvaluator evaluator(trains, *ready_.cache, ready_.journal.get());
  const std::unique_ptr<Mail> mail = session.mail();
  Archipelago archipelago(options_.evolution, ready_.space, ready_.cost(), session.islands(),
                          evaluator, *mail);
  breed_islands(
      archipelago, *mail, [&](const News& news) { take(news); },
      [&] {
        if (options_.evolution.islands == 1) begin_finals(archipelago, evaluator);
      });
  while (!all_news_came()) {  // a migrant may come too late for islands that have finished
    const Letter letter = mail->wait();
    if (const auto* news = std::get_if<News>(&letter)) take(*news);
  }
  require(!history_.empty(), "--budget-flops ({:g}) is not enough for a single training",
          options_.evolution.budget_flops);
  Finals finals(best_of(history_, options_.finalists), options_.replicates);
  if (!finals.ranking().empty()) finals.tell(replicates(evaluator, finals));
  conclude(finals.ranking(), evaluator.saved() - asked_twice_);
  const double cpu_seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  log_.text("\n" + work_.text(session.workers(), cpu_seconds));
}

void Search::introduce(const Session& session) {
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
  if (e.islands > 1) {
    log_.line("islands    {}, a migrant from each to the next every {} generations", e.islands,
              e.migration_interval);
  }
  const std::size_t ranks = static_cast<std::size_t>(session.size()), workers = session.workers();
  log_.line("ranks      {}",
            ranks == 1 ? "1, which does everything"
                       : fmt::format("{}: {} coordinator{}, {} workers", ranks, ranks - workers,
                                     ranks - workers == 1 ? "" : "s", workers));
  if (e.mode == Mode::steady_state) warn_of_few_slots(workers);
  if (ready_.known > 0) log_.line("resumed    {} evaluations are known", ready_.known);
  if (ready_.journal->torn() > 0) {
    log_.line("notice     {}/journal: the last record was cut short, {} bytes, and is dropped",
              folder_.path().string(), ready_.journal->torn());
  }
  log_.line("log        {}\n", folder_.path().string());
}

void Search::say_stopped(Stop reason) {
  folder_.write("stopped", fmt::format("{}\n", static_cast<int>(reason)));
  const std::string_view why = reason == Stop::time_is_up ? "the time is up" : "by a signal";
  log_.line("\nstopped    {}; all that was learnt is in the journal\nresume with: {} --resume {}",
            why, app_.name, folder_.path().string());
}

void Search::warn_of_few_slots(std::size_t workers) {
  const EvolutionConfig& e = options_.evolution;
  const std::size_t slots = e.islands * slots_of(e);
  log_.line("slots      {}", slots);
  if (slots < 2 * workers) {
    log_.line(
        "warning    {} slots keep {} workers waiting for each other; --slots {} would not "
        "(but gives another result)",
        slots, workers, (2 * workers + e.islands - 1) / e.islands);
  }
}

void Search::begin_finals(const Archipelago& archipelago, CachedEvaluator& evaluator) {
  if (!archipelago.complete() || evaluator.idle() == 0) return;
  std::vector<Task> tasks;
  const Finals finals(best_of(archipelago.history(), options_.finalists), options_.replicates);
  for (const Task& task : finals.tasks()) {
    if (tasks.size() == evaluator.idle()) break;
    if (begun_.insert({task.id, task.replicate}).second) tasks.push_back(task);
  }
  evaluator.submit(tasks);
}

Result Search::receive(Evaluator& evaluator, const Finals& finals) {
  const TimedResult timed = evaluator.wait();
  const auto finalist = std::ranges::find_if(
      finals.ranking(), [&](const Finalist& f) { return f.organism.id == timed.result.id; });
  const bool known = finalist != finals.ranking().end();
  add_work(std::vector{Work{timed.timing, known ? finalist->organism.flops : 0}});
  return timed.result;
}

void Search::add_work(std::span<const Work> work) {
  folder_.append("timings.csv", timings_csv(work));
  for (const Work& done : work) work_.add(done);
}

std::vector<Result> Search::replicates(CachedEvaluator& evaluator, const Finals& finals) {
  std::vector<Task> fresh, begun;
  for (const Task& task : finals.tasks()) {
    (begun_.contains({task.id, task.replicate}) ? begun : fresh).push_back(task);
  }
  evaluator.submit(fresh);
  std::vector<Result> results;
  while (evaluator.pending() > 0) {
    const Result result = receive(evaluator, finals);
    if (!begun_.contains({result.id, result.replicate})) results.push_back(result);
  }
  const std::size_t saved = evaluator.saved();
  evaluator.submit(begun);  // the cache knows them by now
  asked_twice_ = evaluator.saved() - saved;
  while (evaluator.pending() > 0) results.push_back(receive(evaluator, finals));
  return results;
}

void Search::take(const News& news) {
  add_work(news.work);
  if (!news.generation.empty()) news_.insert({{came_[news.island]++, news.island}, news});
  if (news.last) finished_[news.island] = news;
  record_generations();
}

void Search::record_generations() {
  const EvolutionConfig& config = options_.evolution;
  while (!news_.empty()) {
    const auto news = news_.find(next_);
    const auto [generation, island] = next_;
    if (news == news_.end() && !finished_.contains(island)) return;  // it will come
    if (news != news_.end()) {
      const std::vector<Organism>& members = news->second.generation;
      folder_.append("organisms.csv", organisms_csv(members, config.islands, problem_.precision,
                                                    problem_.dataset.vocabulary.size()));
      log_.text(generation_report(members, config, problem_.objective, news->second.seconds));
      history_.insert(history_.end(), members.begin(), members.end());
      news_.erase(news);
    }
    next_ = island + 1 < config.islands ? std::pair(generation, island + 1)
                                        : std::pair(generation + 1, std::size_t{0});
  }
}

void Search::conclude(std::span<const Finalist> finalists, std::size_t saved) {
  const std::size_t vocabulary = problem_.dataset.vocabulary.size();
  if (!finalists.empty()) folder_.write("replicates.csv", replicates_csv(finalists));
  folder_.write("pareto.csv", pareto_csv(history_, vocabulary));
  log_.text("\n" + final_report(history_, finalists, problem_.objective, vocabulary));
  const Organism& champion = champion_of(history_, finalists);
  double flops = 0;
  for (const auto& [island, news] : finished_) {
    flops += news.flops;
    saved += news.saved;
  }
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
  save_genome(options_.genome_out, file);
  // Last: whoever watches the folder knows by this file that all is done.
  folder_.write("genome.json", to_json(file));
  log_.line(
      "\ntrainings  {:.3g} FLOPs in the search; {} not needed, because their result was known",
      flops, saved);
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
