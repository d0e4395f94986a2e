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

namespace {

using AddLine = std::function<void(std::string_view label, const std::string& what)>;

/// What GPTs learn, and what counting achieves.
void introduce_dataset(const SearchOptions& options, const SearchSetup& setup, const AddLine& add) {
  const Dataset& data = setup.problem.dataset;
  add("dataset", fmt::format("{}: {}", options.common.input, summary_of(data)));
  const RunSettings& s = setup.settings;
  if (!options.effort_said.empty()) add("effort", options.effort_said);
  add("baselines",
      fmt::format("n-gram of order {} {:.4f}, bigram {:.4f}, uniform {:.4f} (validation "
                  "loss in nats per {})",
                  s.ngram_order, s.ngram_loss, s.bigram_loss, s.uniform_loss,
                  unit_of(data.vocabulary.kind())));
}

void introduce_command(const SearchSetup& setup, const AddLine& add) {
  const RunSettings& s = setup.settings;
  add("command", printable(fmt::format("{}", fmt::join(s.command, " "))));
  add("result", fmt::format("{}{}, {} is better; {} genes", printable(s.measure),
                            s.unit.empty() ? "" : " in " + printable(s.unit),
                            is_maximised(s.fitness) ? "more" : "less", setup.space.genes().size()));
}

std::string length_of(const EvolutionConfig& e, const Problem& problem) {
  if (e.budget_flops == 0) return fmt::format("{} generations", e.generations);
  return problem.command ? fmt::format("{:g} trials in generations", e.budget_flops)
                         : fmt::format("{:g} FLOPs in generations", e.budget_flops);
}

}  // namespace

std::string Search::introduction(const Session& session) const {
  const EvolutionConfig& e = options_.evolution;
  const Problem& problem = setup_.problem;
  std::string text = fmt::format("{}\n", app_.title);
  const AddLine add = [&](std::string_view label, const std::string& what) {
    text += fmt::format("{:<11}{}\n", label, what);
  };
  if (problem.command) {
    introduce_command(setup_, add);
  } else {
    introduce_dataset(options_, setup_, add);
  }
  add("search", fmt::format("{}, {}, {} of {}, seed {}{}", name(e.strategy), name(e.mode),
                            length_of(e, problem), e.population, e.seed,
                            problem.command ? "" : fmt::format(", {}", name(problem.precision))));
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

}  // namespace microgpt::apps
