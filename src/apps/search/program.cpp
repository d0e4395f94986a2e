#include "program.hpp"

#include <memory>
#include <optional>

#include "command_line.hpp"
#include "microgpt/cluster/isolation/isolated_trainer.hpp"
#include "microgpt/cluster/session.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/stop.hpp"
#include "microgpt/core/version.hpp"
#include "microgpt/genome/cost.hpp"
#include "search.hpp"

namespace microgpt::apps {

namespace {

/// What rank 0 reads of its command line, and of the journal of a run that goes on.
struct Start {
  SearchOptions options;
  std::unique_ptr<Journal> resumed;
  bool goes = false;  // otherwise --help was asked for
};

Start start_of(const SearchApp& app, const std::vector<std::string>& arguments) {
  Start start;
  start.goes = read_options(app, arguments, true, start.options);
  if (!start.goes || start.options.resume.empty()) return start;
  start.resumed = journal_to_resume(start.options);
  const JournalHeader header = journal_header_from(start.resumed->header());
  std::vector<std::string> all = header.options;  // of repeated options the last counts
  all.insert(all.end(), arguments.begin(), arguments.end());
  read_options(app, all, true, start.options);
  if (start.options.space_file.empty()) start.options.space_json = header.space;
  return start;
}

/// One search, on one rank.
class Run {
 public:
  Run(const SearchApp& app, Session& session, IsolatedTrainer& nursery)
      : app_(app), session_(session), nursery_(nursery) {}

  int first(const std::vector<std::string>& arguments) {
    std::optional<SearchSetup> ready;
    RunSpec briefing;
    try {
      Start start = start_of(app_, arguments);
      options_ = std::move(start.options);
      if (start.goes) ready.emplace(options_, app_, std::move(start.resumed));
    } catch (...) {
      session_.share(briefing);  // lets the others leave
      throw;
    }
    if (ready) {
      briefing = {.arguments = options_.given,
                  .problem = ready->problem,
                  .space = ready->space,
                  .folder = ready->folder->path().string(),
                  .journal_header = ready->journal->header()};
    }
    briefing.exit_code = kSuccess;
    session_.share(briefing);
    return ready ? search(*ready) : int{kSuccess};
  }

  int other() {
    ignore_stop_signals();  // rank 0 says when it is over
    RunSpec briefing;
    session_.share(briefing);
    if (!briefing.problem) return briefing.exit_code;
    read_options(app_, briefing.arguments, false, options_);
    session_.form_groups(options_.evolution.islands);
    if (session_.is_coordinator()) {
      coordinate(briefing);
    } else {
      session_.work(training(*briefing.problem), schedule());
    }
    return kSuccess;
  }

 private:
  Schedule schedule() const { return options_.schedule; }

  /// Trains in the nursery.
  EvaluateFunction training(const Problem& problem) {
    nursery_.prepare(problem, options_.limits);
    return [this](const Task& task) { return nursery_.train(task, [this] { session_.poll(); }); };
  }

  int search(SearchSetup& ready) {
    if (options_.time_limit > 0) stop_after(options_.time_limit);
    session_.form_groups(options_.evolution.islands);
    const EvaluateFunction function = session_.size() == 1 ? training(ready.problem) : nullptr;
    const auto evaluator = session_.coordinate(function, schedule());  // dismisses all in the end
    Search search(options_, app_, ready);
    try {
      search.run(session_, *evaluator);
      return kSuccess;
    } catch (const Stopped& stopped) {
      search.report_stop(stopped.reason);
      return static_cast<int>(stopped.reason);
    }
  }

  /// Coordinates a group, for islands that are not rank 0's.
  void coordinate(const RunSpec& briefing) {
    const std::filesystem::path folder = briefing.folder;
    EvaluationCache cache(*briefing.problem);
    for (const KnownEvaluation& known : journaled(folder, briefing.journal_header))
      cache.remember(known);
    Journal journal(folder / fmt::format("journal-{}", session_.group() + 1));
    if (journal.is_new()) journal.begin(briefing.journal_header);
    require(journal.header() == briefing.journal_header,
            "{}/journal-{}: belongs to another run than {}/journal", briefing.folder,
            session_.group() + 1, briefing.folder);
    const auto trains = session_.coordinate(nullptr, schedule());
    CachedEvaluator evaluator(*trains, cache, &journal);
    const std::unique_ptr<IslandChannel> mail = session_.mail();
    Archipelago archipelago(options_.evolution, briefing.space,
                            TrainingCost(briefing.problem->dataset), session_.islands(), evaluator,
                            *mail);
    breed_islands(archipelago, *mail, [](const GenerationReport&) {});
  }

  const SearchApp& app_;
  Session& session_;
  IsolatedTrainer& nursery_;
  SearchOptions options_;
};

/// One search on this rank, from joining the others to leaving them.
int run_on_rank(const SearchApp& app, int argc, char** argv) {
  IsolatedTrainer nursery;  // before MPI: see there
  catch_stop_signals();     // before MPI, which takes a second to start
  Session session(argc, argv);
  Run run(app, session, nursery);
  bool returned = false;
  // Within the session, which ends the job on all ranks if an exception leaves it.
  const int exit_code = guarded(app.name, true, [&] {
    int code = kBadInput;
    try {
      session.require_same_program(fmt::format("{} {}", app.name, version()));
      code = session.is_first() ? run.first({argv + 1, argv + argc}) : run.other();
    } catch (const Refused&) {
    } catch (const SupervisorLost&) {
      throw std::runtime_error("the process that starts trainings has died");
    }
    returned = true;
    return code;
  });
  // Workers are dismissed by their coordinator; other coordinators know of nothing. And others
  // would wait for a rank that has not returned.
  const bool awaited =
      session.is_first() ? exit_code != kSuccess && session.groups() > 1 : !returned;
  if (awaited) session.abort(exit_code);
  return exit_code;
}

}  // namespace

int run_search(const SearchApp& app, int argc, char** argv) {
  prepare_standard_streams();
  try {
    return run_on_rank(app, argc, argv);
  } catch (const Error& error) {
    complain(app.name, error.what());
  } catch (const Refused&) {
  }
  return kBadInput;
}

}  // namespace microgpt::apps
