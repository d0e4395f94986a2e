#include "search.hpp"

#include <algorithm>
#include <ctime>
#include <utility>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/report/page.hpp"
#include "microgpt/report/text_report.hpp"
#include "microgpt/run/genome_file.hpp"
#include "microgpt/run/settings.hpp"
#include "microgpt/run/tables.hpp"

namespace microgpt::apps {

Search::Search(const SearchOptions& options, const SearchApp& app, SearchSetup& ready)
    : options_(options),
      app_(app),
      problem_(ready.problem),
      ready_(ready),
      folder_(*ready.folder),
      view_(options.view, folder_.path() / "run.log", options.evolution, problem_.objective,
            std::size_t{options.finalists} * options.replicates),
      log_(view_.log()) {
  folder_.remove("stopped");
  // Of a run that had finished, and does so again.
  for (const char* file : {"genome.json", "report.html", "replicates.csv", "pareto.csv"}) {
    folder_.remove(file);
  }
  write("settings.json", to_json(ready.settings));
  write("space.json", to_json(ready.space));
  write("organisms.csv", organisms_header());
  write("generations.csv", generations_header());
  write("names.csv", names_header());
  write("timings.csv", timings_header());
}

void Search::put(const std::string& file, Unwritten what) {
  const auto waiting = unwritten_.find(file);
  if (waiting != unwritten_.end()) {
    if (what.whole) waiting->second = {.text = "", .whole = true};
    waiting->second.text += what.text;
    return;
  }
  try {
    what.whole ? folder_.write(file, what.text) : folder_.append(file, what.text);
  } catch (const std::exception& error) {
    unwritten_.emplace(file, std::move(what));
    log_.warning("{}; the run goes on without", error.what());
  }
}

void Search::write(const std::string& file, std::string_view text) {
  put(file, {.text = std::string(text), .whole = true});
}

void Search::append(const std::string& file, std::string rows) {
  put(file, {.text = std::move(rows), .whole = false});
}

/// As whole files: where the end of one cannot be written, a new one beside it often can.
void Search::write_again() {
  std::erase_if(unwritten_, [&](const auto& waiting) {
    const auto& [file, what] = waiting;
    try {
      folder_.write(file, what.whole ? what.text : read_file(folder_.path() / file) + what.text);
    } catch (const std::exception&) {  // as has been said
      return false;
    }
    log_.info("{}: is written now, as a whole", file);
    return true;
  });
}

void Search::run(Session& session, Evaluator& trains) {
  introduce(session);
  CachedEvaluator cached(trains, *ready_.cache, ready_.journal.get());
  WatchedEvaluator evaluator(cached, view_);
  session.on_idle([&] { view_.refresh(cached); });
  const std::unique_ptr<IslandChannel> mail = session.mail();
  own_islands_ = session.islands();
  Archipelago archipelago(options_.evolution, ready_.space, ready_.cost(), own_islands_, evaluator,
                          *mail);
  breed_islands(
      archipelago, *mail, [&](const GenerationReport& news) { take(news); },
      [&] {
        if (options_.evolution.islands == 1) begin_finals(archipelago, evaluator);
      });
  while (!all_news_came()) {  // a migrant may come too late for islands that have finished
    const Message letter = mail->wait();
    if (const auto* news = std::get_if<GenerationReport>(&letter)) take(*news);
  }
  Finals finals(best_of(history_, options_.finalists), options_.replicates);
  if (!finals.ranking().empty()) finals.tell(replicates(evaluator, finals));
  session.on_idle(nullptr);
  view_.end();
  conclude(finals.ranking(), cached.saved());
  const double cpu_seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  log_.report("\n" + work_.text(session.workers(), cpu_seconds));
}

std::string Search::introduction(const Session& session) const {
  const Dataset& data = problem_.dataset;
  const EvolutionConfig& e = options_.evolution;
  std::string text = fmt::format("{}\n", app_.title);
  const auto add = [&](std::string_view label, const std::string& what) {
    text += fmt::format("{:<11}{}\n", label, what);
  };
  add("dataset", fmt::format("{}: {} training, {} validation and {} test documents, {} characters",
                             options_.common.input, with_commas(data.training.size()),
                             with_commas(data.validation.size()), with_commas(data.test.size()),
                             data.vocabulary.characters().size()));
  add("baselines", fmt::format("bigram {:.4f}, uniform {:.4f} (validation loss in nats per token)",
                               ready_.settings.bigram_loss, ready_.settings.uniform_loss));
  add("search",
      fmt::format("{}, {}, {} of {}, seed {}, {}", name(e.strategy), name(e.mode),
                  e.budget_flops > 0 ? fmt::format("{:g} FLOPs in generations", e.budget_flops)
                                     : fmt::format("{} generations", e.generations),
                  e.population, e.seed, name(problem_.precision)));
  if (e.islands > 1) {
    add("islands", fmt::format("{}, a migrant from each to the next every {} generations",
                               e.islands, e.migration_interval));
  }
  if (e.mode == Mode::steady_state) add("slots", fmt::to_string(e.islands * slots_of(e)));
  const std::size_t ranks = static_cast<std::size_t>(session.size()), workers = session.workers();
  add("ranks", ranks == 1 ? "1, which does everything"
                          : fmt::format("{}: {} coordinator{}, {} workers", ranks, ranks - workers,
                                        ranks - workers == 1 ? "" : "s", workers));
  if (ready_.known > 0) add("resumed", fmt::format("{} evaluations are known", ready_.known));
  add("log", folder_.path().string());
  return text + "\n";
}

void Search::introduce(const Session& session) {
  log_.report(introduction(session));
  for (const std::string& notice : ready_.journal->notices()) log_.warning("{}", notice);
  say_notices();
  const EvolutionConfig& e = options_.evolution;
  const std::size_t slots = e.islands * slots_of(e), workers = session.workers();
  if (e.mode == Mode::steady_state && slots < 2 * workers) {
    log_.warning(
        "{} slots keep {} workers waiting for each other; --slots {} would not (but gives another "
        "result)",
        slots, workers, (2 * workers + e.islands - 1) / e.islands);
  }
}

void Search::say_notices() {
  for (const std::string& notice : ready_.cache->take_notices()) log_.warning("{}", notice);
}

void Search::report_stop(Stop reason) {
  view_.end();
  say_notices();
  write_again();
  write_page(RunState::stopped);
  write("stopped", fmt::format("{}\n", static_cast<int>(reason)));
  const std::string_view why = reason == Stop::time_is_up ? "the time is up" : "by a signal";
  log_.report(fmt::format("\nstopped    {}; all that was learnt is in the journal\n"
                          "resume with: {} --resume {}\n",
                          why, app_.name, folder_.path().string()),
              LogLevel::warning);
}

void Search::begin_finals(const Archipelago& archipelago, Evaluator& evaluator) {
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
  add_work(std::vector{Work{timed.timing, known ? finalist->organism.flops : 0, timed.known}});
  return timed.result;
}

void Search::add_work(std::span<const Work> work) {
  append("timings.csv", timings_csv(work));
  for (const Work& done : work) work_.add(done);
}

std::vector<Result> Search::replicates(Evaluator& evaluator, const Finals& finals) {
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
  evaluator.submit(begun);  // the cache knows them by now
  while (evaluator.pending() > 0) results.push_back(evaluator.wait().result);
  return results;
}

void Search::take(const GenerationReport& news) {
  add_work(news.work);
  watch(news);
  if (!news.generation.empty())
    news_.insert({{generations_received_[news.island]++, news.island}, news});
  if (news.last) finished_[news.island] = news;
  say_notices();
  record_generations();
}

/// Islands of other coordinators are seen generation by generation only.
void Search::watch(const GenerationReport& news) {
  if (std::ranges::count(own_islands_, news.island) > 0) return;
  for (const Work& work : news.work) elsewhere_.emplace(work.timing.id, work);
  for (const Organism& o : news.generation) {
    const auto timing = elsewhere_.find(o.id);
    if (timing == elsewhere_.end()) continue;  // a copy
    view_.result({.id = o.id, .genome = o.genome, .flops = o.flops},
                 {.result = {.id = o.id, .replicate = 0, .evaluation = *o.evaluation},
                  .timing = timing->second.timing,
                  .known = timing->second.known});
    elsewhere_.erase(timing);
  }
}

void Search::record_generations() {
  const EvolutionConfig& config = options_.evolution;
  while (!news_.empty()) {
    const auto news = news_.find(next_);
    const auto [generation, island] = next_;
    if (news == news_.end() && !finished_.contains(island)) return;  // it will come
    if (news != news_.end()) {
      const std::vector<Organism>& members = news->second.generation;
      append("organisms.csv", organisms_csv(members, config.islands, problem_.precision,
                                            problem_.dataset.vocabulary.size()));
      append("generations.csv", generations_csv(members, config.islands));
      append("names.csv", names_csv(members, config.islands));
      view_.generation(members, news->second.seconds);
      history_.insert(history_.end(), members.begin(), members.end());
      news_.erase(news);
    }
    next_ = island + 1 < config.islands ? std::pair(generation, island + 1)
                                        : std::pair(generation + 1, std::size_t{0});
  }
}

void Search::write_tables(std::span<const Finalist> finalists) {
  const std::size_t vocabulary = problem_.dataset.vocabulary.size();
  write("pareto.csv", pareto_csv(history_, vocabulary));
  if (!finalists.empty()) {
    write("replicates.csv", replicates_csv(finalists));
    write("organisms.csv",
          organisms_header() + organisms_csv(history_, options_.evolution.islands,
                                             problem_.precision, vocabulary, finalists));
  }
  write_again();
}

void Search::write_page(RunState state) {
  try {
    write_report(folder_.path(), state);
  } catch (const std::exception& error) {
    log_.warning("report.html is not written: {}", error.what());
  }
}

void Search::conclude(std::span<const Finalist> finalists, std::size_t saved) {
  const std::size_t vocabulary = problem_.dataset.vocabulary.size();
  say_notices();
  write_tables(finalists);
  if (std::ranges::any_of(finished_, [](const auto& f) { return f.second.space_exhausted; })) {
    log_.info("the search space is exhausted: nobody new was found in a whole generation");
  }
  log_.report("\n" + final_report(history_, finalists, problem_.objective, vocabulary));
  const Organism& champion = champion_of(history_, finalists);
  double flops = 0;
  for (const auto& [island, news] : finished_) {
    flops += news.flops;
    saved += news.saved;
  }
  const bool failed =
      champion.evaluation->failed() || (!finalists.empty() && finalists.front().failed());
  if (failed) write_page(RunState::failed);
  require(!champion.evaluation->failed(),
          "every training failed, the last one because {}; {} is left as it was",
          champion.evaluation->failure, options_.genome_out);
  require(finalists.empty() || !finalists.front().failed(),
          "each finalist failed in a new training, the first one because {}; {} is left as it was",
          failure_of(finalists), options_.genome_out);
  const GenomeFile file = genome_file_of(champion, finalists, ready_.settings);
  const OpenPipe reader(options_.genome_out);  // who has not left meanwhile
  save_genome(options_.genome_out, file);
  write_page(RunState::finished);
  // Last: whoever watches the folder knows by this file that all is done.
  folder_.write("genome.json", to_json(file));
  log_.report(fmt::format(
      "\ntrainings  {:.3g} FLOPs in the search; {} not needed, because their result was known\n"
      "genome     {}  (now run: creature)\nreport     {}\n",
      flops, saved, options_.genome_out, (folder_.path() / "report.html").string()));
}

std::string Search::failure_of(std::span<const Finalist> finalists) {
  if (finalists.empty()) return "";
  for (const Evaluation& e : finalists.front().replicates) {
    if (e.failed()) return e.failure;
  }
  return "";
}

}  // namespace microgpt::apps
