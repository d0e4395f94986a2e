#include "search.hpp"

#include <algorithm>
#include <ctime>
#include <iterator>
#include <memory>
#include <utility>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/report/text_report.hpp"
#include "microgpt/run/cache.hpp"
#include "microgpt/run/genome_file.hpp"
#include "microgpt/run/training_notes.hpp"

namespace microgpt::apps {

namespace {

/// What counting achieves, which the best loss is to be compared with.
std::string yardstick_of(const RunSettings& settings) {
  if (settings.fitness != Objective::loss) return "";
  return fmt::format("n-gram {:.4f}, bigram {:.4f}", settings.ngram_loss, settings.bigram_loss);
}

}  // namespace

Search::Search(const SearchOptions& options, const SearchApp& app, SearchSetup& setup)
    : options_(options),
      app_(app),
      setup_(setup),
      view_(options.view, setup.folder->path() / "run.log", options.evolution,
            setup.problem.objective, std::size_t{options.finalists} * options.replicates,
            options.final_steps, yardstick_of(setup.settings)),
      log_(view_.log()),
      recorder_(options, setup, view_) {}

void Search::run(Session& session, Evaluator& trains) {
  introduce(session);
  CachedEvaluator cached(trains, *setup_.cache, setup_.journal.get());
  WatchedEvaluator evaluator(cached, view_);
  session.on_idle([&] { view_.refresh(cached); });
  breed(session, evaluator);
  const std::vector<Finalist> finalists = hold_finals(evaluator);
  const std::vector<Ablation> ablations = ablate(finalists, evaluator);
  const std::string weights = weights_of_champion(finalists, trains);
  session.on_idle(nullptr);
  view_.end();
  conclude(finalists, ablations, weights, cached.saved());
  const double cpu_seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  log_.report("\n" + recorder_.work().text(session.workers(), cpu_seconds));
}

void Search::breed(Session& session, Evaluator& evaluator) {
  const std::unique_ptr<IslandChannel> channel = session.island_channel();
  Archipelago archipelago(options_.evolution, setup_.space, setup_.cost_of(), session.islands(),
                          evaluator, channel.get(),
                          {.report =
                               [&](const GenerationReport& report) {
                                 recorder_.add(report);
                                 log_notices();
                               },
                           .replicate =
                               [&](const Trial& trial) {
                                 recorder_.add(trial);
                                 early_.push_back(trial);
                                 keep_best_weights(early_);
                               },
                           .step =
                               [&] {
                                 if (options_.evolution.islands > 1) return;
                                 begin_finals(archipelago, evaluator);
                               }});
  archipelago.replay(setup_.births);
  archipelago.run();
  while (!recorder_.is_complete()) archipelago.receive();
}

std::string Search::introduction(const Session& session) const {
  const Dataset& data = setup_.problem.dataset;
  const EvolutionConfig& e = options_.evolution;
  std::string text = fmt::format("{}\n", app_.title);
  const auto add = [&](std::string_view label, const std::string& what) {
    text += fmt::format("{:<11}{}\n", label, what);
  };
  add("dataset", fmt::format("{}: {}", options_.common.input, summary_of(data)));
  const RunSettings& s = setup_.settings;
  if (!options_.effort_said.empty()) add("effort", options_.effort_said);
  add("baselines",
      fmt::format("n-gram of order {} {:.4f}, bigram {:.4f}, uniform {:.4f} (validation "
                  "loss in nats per {})",
                  s.ngram_order, s.ngram_loss, s.bigram_loss, s.uniform_loss,
                  unit_of(data.vocabulary.kind())));
  add("search",
      fmt::format("{}, {}, {} of {}, seed {}, {}", name(e.strategy), name(e.mode),
                  e.budget_flops > 0 ? fmt::format("{:g} FLOPs in generations", e.budget_flops)
                                     : fmt::format("{} generations", e.generations),
                  e.population, e.seed, name(setup_.problem.precision)));
  if (!e.earlier.empty()) {
    add("warm start", fmt::format("{} results of an earlier run", e.earlier.size()));
  }
  if (e.islands > 1) {
    add("islands", fmt::format("{}, a migrant from each to the next every {} generations",
                               e.islands, e.migration_interval));
  }
  if (e.mode == Mode::steady_state) add("slots", fmt::to_string(e.islands * slots_of(e)));
  const std::size_t ranks = static_cast<std::size_t>(session.size()), workers = session.workers();
  add("ranks", ranks == 1 ? "1, which does everything"
                          : fmt::format("{}: {} coordinator{}, {} workers", ranks, ranks - workers,
                                        ranks - workers == 1 ? "" : "s", workers));
  if (setup_.known > 0) add("resumed", fmt::format("{} evaluations are known", setup_.known));
  add("log", setup_.folder->path().string());
  return text + "\n";
}

void Search::introduce(const Session& session) {
  log_.report(introduction(session));
  for (const std::string& notice : setup_.journal->notices()) log_.warning("{}", notice);
  log_notices();
  const EvolutionConfig& e = options_.evolution;
  const std::size_t slots = e.islands * slots_of(e), workers = session.workers();
  if (e.mode == Mode::steady_state && slots < 2 * workers) {
    log_.warning(
        "{} slots keep {} workers waiting for each other; --slots {} would not (but gives another "
        "result)",
        slots, workers, (2 * workers + e.islands - 1) / e.islands);
  }
}

/// Messages about the cache.
void Search::log_notices() {
  for (const std::string& notice : setup_.cache->take_notices()) log_.warning("{}", notice);
}

void Search::report_stop(Stop reason) {
  view_.end();
  log_notices();
  recorder_.write_stopped(static_cast<int>(reason));
  const std::string_view why = reason == Stop::time_is_up ? "the time is up" : "by a signal";
  log_.report(fmt::format("\nstopped    {}; all results are in the journal\n"
                          "resume with: {} --resume {}\n",
                          why, app_.name, setup_.folder->path().string()),
              LogLevel::warning);
}

Finals Search::finals_of(std::span<const Organism> history) const {
  return Finals(
      finalists_of(history, options_.evolution.goal, options_.finalists, setup_.settings.tokens),
      options_.replicates, options_.final_steps, setup_.settings.text);
}

/// When everyone is born and the last trainings are under way, idle workers begin with the finals
/// of those that look best by now. If others turn out to be the finalists, nothing is lost but time
/// that was left over; the history is the same.
void Search::begin_finals(const Archipelago& archipelago, Evaluator& evaluator) {
  if (options_.final_steps > 1) return;  // more would be lost than some time that was left over
  if (!archipelago.complete() || evaluator.idle() == 0) return;
  std::vector<Task> tasks;
  for (const Task& task : finals_of(archipelago.history()).tasks()) {
    if (tasks.size() == evaluator.idle()) break;
    if (begun_.insert(task.key()).second) tasks.push_back(task);
  }
  evaluator.submit(tasks);
}

/// The finalists, the champion first.
std::vector<Finalist> Search::hold_finals(Evaluator& evaluator) {
  Finals finals = finals_of(recorder_.history());
  std::set<Task::Key> wanted;
  std::vector<Task> fresh;
  for (const Task& task : finals.tasks()) {
    wanted.insert(task.key());
    if (!begun_.contains(task.key())) fresh.push_back(task);
  }
  evaluator.submit(fresh);
  std::vector<Trial> trials = std::move(early_);
  std::ranges::move(awaited(evaluator), std::back_inserter(trials));
  std::erase_if(trials, [&](const Trial& trial) { return !wanted.contains(trial.task.key()); });
  if (!wanted.empty()) finals.tell(trials);
  return {finals.ranking().begin(), finals.ranking().end()};
}

std::vector<Trial> Search::awaited(Evaluator& evaluator) {
  std::vector<Trial> trials;
  while (evaluator.pending() > 0) {
    trials.push_back(evaluator.wait());
    recorder_.add(trials.back());
    keep_best_weights(trials);
  }
  return trials;
}

std::vector<Ablation> Search::ablate(std::span<const Finalist> finalists, Evaluator& evaluator) {
  if (options_.ablate == 0 || finalists.empty() || finalists.front().failed()) return {};
  const std::span<const Organism> history = recorder_.history();
  const std::uint64_t last_id = std::ranges::max(history, {}, &Organism::id).id;
  Ablations ablations(finalists.front(), options_.ablate, last_id + 1, setup_.cost_of(),
                      setup_.space);
  evaluator.submit(ablations.tasks());
  ablations.tell(awaited(evaluator));
  return {ablations.all().begin(), ablations.all().end()};
}

std::string Search::weights_of_champion(std::span<const Finalist> finalists, Evaluator& trains) {
  const Organism& champion = champion_of(recorder_.history(), finalists);
  if (champion.evaluation->failed()) return "";
  Task task = task_of(champion);
  Evaluation expected = *champion.evaluation;
  const auto loss = [](const Evaluation& e) { return e.failed() ? kMaxLoss : e.loss; };
  if (!finalists.empty() && !finalists.front().failed()) {
    const std::vector<Evaluation>& all = finalists.front().replicates;
    const auto best = std::ranges::min_element(all, {}, loss);
    task.replicate = static_cast<std::uint32_t>(best - all.begin() + 1);
    expected = *best;
  }
  Evaluation again = expected;
  if (again.weights.empty()) {  // its result was known from a journal or a cache
    task.keeps_weights = true;
    trains.submit(std::span(&task, 1));
    again = trains.wait().evaluation;
  }
  try {
    require(!again.failed(), "{}", again.failure);
    require(again.loss == expected.loss, "its loss is {} now, but it was {}", again.loss,
            expected.loss);
    WeightFile file = parse_weights("the champion", again.weights);
    const RunSettings& s = setup_.settings;
    put_notes(file, {.genome = champion.genome,
                     .replicate = task.replicate,
                     .dataset = s.dataset,
                     .dataset_name = s.input,
                     .documents = s.documents.value_or(DocumentKind::lines),
                     .tokenizer = s.tokenizer,
                     .split_seed = s.split_seed,
                     .version = s.version,
                     .validation_loss = again.loss,
                     .test_loss = again.test_loss.value_or(0)});
    return to_bytes(file);
  } catch (const Error& error) {
    log_.warning("the weights of the champion are not kept: {}", error.what());
    return "";
  }
}

/// A champion at the edge of the space might have been better beyond it.
void Search::say_where_it_is_limited(std::uint64_t id) {
  constexpr double kNearly = 0.95;
  // As it was in the search: finals may train longer.
  const Organism& champion = *std::ranges::find(recorder_.history(), id, &Organism::id);
  std::vector<std::string> limits = at_edges(champion.genome, setup_.space);
  const double most = setup_.space.max_training_flops;
  if (most > 0 && champion.flops >= kNearly * most) {
    limits.push_back(fmt::format("{:.3g} FLOPs a training", champion.flops));
  }
  if (limits.empty()) return;
  log_.report(fmt::format(
      "\nThe champion is at the edge of the search space: {}.\nA wider one (--space FILE, for "
      "example data/spaces/wide.json){} may hold a better one.\n",
      fmt::join(limits, ", "),
      setup_.problem.objective == Objective::loss ? " or more --effort" : ""));
}

/// What lets the champion speak.
std::string Search::next_command() const {
  if (options_.genome_out == "genome.json" && options_.experiments == "experiments" &&
      options_.folder.empty()) {
    return "creature";
  }
  return fmt::format("creature --load {}",
                     (setup_.folder->path() / "champion.safetensors").string());
}

namespace {

/// Why the first of the finalists failed.
std::string failure_of(const Finalist& finalist) {
  for (const Evaluation& e : finalist.replicates) {
    if (e.failed()) return e.failure;
  }
  return "";
}

}  // namespace

void Search::require_champion(std::span<const Finalist> finalists) {
  const Organism& champion = champion_of(recorder_.history(), finalists);
  const bool finals_failed = !finalists.empty() && finalists.front().failed();
  if (!champion.evaluation->failed() && !finals_failed) return;
  recorder_.write_page(RunState::failed);
  require(!champion.evaluation->failed(),
          "every training failed, the last one because {}; {} is unchanged",
          champion.evaluation->failure, options_.genome_out);
  fail("every finalist failed when retrained, the first one because {}; {} is unchanged",
       failure_of(finalists.front()), options_.genome_out);
}

/// A champion of another dataset, or of another fitness, is not lost when this one takes its place.
void Search::keep_other_champion(const GenomeFile& champion) {
  const std::filesystem::path file = options_.genome_out;
  if (!is_there(file) || !makes_a_file(file)) return;
  try {
    const std::string content = read_regular_file(file, kLargestJson);
    const GenomeFile other = parse_genome(file.string(), content);
    const bool is_other_text = other.dataset != champion.dataset;
    if (other.dataset.empty() || (!is_other_text && other.fitness == champion.fitness)) return;
    std::string kept = file.string() + ".old";
    for (int number = 2; is_there(kept) && read_regular_file(kept, kLargestJson) != content;
         ++number) {
      kept = fmt::format("{}.old{}", file.string(), number);
    }
    write_file_atomically(kept, content);
    const std::string name = other.dataset_name.empty() ? "" : ", " + other.dataset_name;
    log_.report(fmt::format("\n{} was evolved {}; it is {} now\n", file.string(),
                            is_other_text ? "on another dataset" + name : "for another fitness",
                            kept));
  } catch (const Error& error) {
    log_.warning("what {} was is not kept: {}", file.string(), error.what());
  }
}

void Search::conclude(std::span<const Finalist> finalists, std::span<const Ablation> ablations,
                      const std::string& weights, std::size_t saved) {
  const std::span<const Organism> history = recorder_.history();
  const ReportSequence& sequence = recorder_.sequence();
  log_notices();
  recorder_.write_tables(finalists, ablations);
  if (sequence.space_exhausted()) {
    log_.info("the search space is exhausted: no new genome was found for a whole generation");
  }
  log_.report("\n" + final_report(history, finalists, setup_.settings));
  if (!ablations.empty()) {
    log_.report("\n" + ablation_report(finalists.front().organism.genome, ablations,
                                       setup_.problem.objective));
  }
  require_champion(finalists);
  say_where_it_is_limited(champion_of(history, finalists).id);
  const GenomeFile file =
      genome_file_of(champion_of(history, finalists), finalists, setup_.settings);
  keep_other_champion(file);
  const OpenPipe reader(options_.genome_out);  // who has not left meanwhile
  save_genome(options_.genome_out, file);
  if (!weights.empty()) setup_.folder->write("champion.safetensors", weights);
  recorder_.write_page(RunState::finished);
  // Last: whoever watches the folder knows by this file that all is done.
  setup_.folder->write("genome.json", to_json(file));
  log_.report(
      fmt::format("\ntrainings  {:.3g} FLOPs in the search; {} skipped (result already known)\n"
                  "genome     {}  (now run: {})\nreport     {}\n",
                  sequence.flops(), sequence.saved() + saved, options_.genome_out, next_command(),
                  (setup_.folder->path() / "report.html").string()));
}

}  // namespace microgpt::apps
