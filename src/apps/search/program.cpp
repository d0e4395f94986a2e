#include "program.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>

#include "ask_tell.hpp"
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

/// The options by which a resumed run goes on for longer than before. Throws Error if one of them
/// would cut it short: its history would no longer be what it was.
std::vector<std::string> extension_of(const SearchApp& app, const EvolutionConfig& before,
                                      const EvolutionConfig& now) {
  const std::string_view budget = is_of_gpts(app.objective) ? "--budget-flops" : "--trials";
  std::vector<std::string> extension;
  const auto compare = [&](std::string_view option, auto was, auto is) {
    require(is >= was,
            "{} ({}) must not be smaller than before ({}): a run can be made longer only", option,
            is, was);
    if (is > was) extension.push_back(fmt::format("{}={}", option, is));
  };
  require(before.budget_flops > 0 || now.budget_flops == 0,
          "{} ({}): the run has no budget, but a number of generations; --generations makes it "
          "longer",
          budget, now.budget_flops);
  compare(budget, before.budget_flops, now.budget_flops);
  compare("--generations", before.generations, now.generations);
  return extension;
}

/// With what was known at the beginning: it stands in the journal, wherever the files are now.
void begin_as_before(const JournalHeader& header, SearchOptions& options) {
  genome::use_genes(genome::genes_of_space("the journal's space", header.space));
  const EvolutionConfig before = settings_from_json(header.settings).evolution;
  options.evolution.enqueued = before.enqueued;
  options.evolution.earlier = before.earlier;
}

Start start_of(const SearchApp& app, const std::vector<std::string>& arguments) {
  Start start;
  start.goes = read_options(app, arguments, true, start.options);
  if (!start.goes || start.options.resume.empty()) return start;
  start.resumed = journal_to_resume(start.options);
  const JournalHeader header = journal_header_from(start.resumed->header());
  std::vector<std::string> all = header.options;  // of repeated options the last counts
  std::ranges::copy(start.resumed->extensions(), std::back_inserter(all));
  SearchOptions before;
  read_options(app, all, false, before);
  all.insert(all.end(), arguments.begin(), arguments.end());
  read_options(app, all, true, start.options);
  start.options.extension = extension_of(app, before.evolution, start.options.evolution);
  if (start.options.space_file.empty()) start.options.space_json = header.space;
  begin_as_before(header, start.options);
  return start;
}

/// One search, on one rank.
class Run {
 public:
  Run(const SearchApp& app, Session& session, IsolatedTrainer& trainer)
      : app_(app), session_(session), trainer_(trainer) {}

  int first(const std::vector<std::string>& arguments) {
    std::optional<SearchSetup> setup;
    RunSpec spec;
    try {
      Start start = start_of(app_, arguments);
      options_ = std::move(start.options);
      if (start.goes) {
        setup.emplace(options_, app_, std::move(start.resumed), session_.workers());
      }
    } catch (...) {
      session_.share(spec);  // lets the others leave
      throw;
    }
    if (setup) {
      spec = {.arguments = options_.given,
              .problem = std::move(setup->problem),
              .space = setup->space,
              .folder = setup->folder->path().string(),
              .journal_header = setup->journal->header()};
    }
    spec.exit_code = kSuccess;
    session_.share(spec);
    if (setup) setup->problem = std::move(*spec.problem);
    return setup ? search(*setup) : int{kSuccess};
  }

  int other() {
    ignore_stop_signals();  // rank 0 decides when to stop
    RunSpec spec;
    session_.share(spec);
    if (!spec.problem) return spec.exit_code;
    read_options(app_, spec.arguments, false, options_);
    genome::use_genes(spec.space.genes());
    begin_as_before(journal_header_from(spec.journal_header), options_);
    session_.form_groups(options_.evolution.islands);
    if (session_.is_coordinator()) {
      coordinate(spec);
    } else {
      session_.work(training(*spec.problem), schedule());
    }
    return kSuccess;
  }

 private:
  Schedule schedule() const { return options_.schedule; }

  /// Trains in the isolated process.
  EvaluateFunction training(Problem& problem) {
    if (problem.command) problem.command->slot = session_.slot();
    trainer_.prepare(problem, options_.limits);
    return [this](const Task& task) { return trainer_.train(task, [this] { session_.poll(); }); };
  }

  std::unique_ptr<Evaluator> evaluator_of(SearchSetup& setup) {
    if (options_.ask_tell) {
      return std::make_unique<AskTellEvaluator>(genome::own_space_of(setup.space.genes())->measure);
    }
    const EvaluateFunction function = session_.size() == 1 ? training(setup.problem) : nullptr;
    return session_.coordinate(function, schedule());
  }

  int search(SearchSetup& setup) {
    if (options_.time_limit > 0) stop_after(options_.time_limit);
    session_.form_groups(options_.evolution.islands);
    const auto evaluator = evaluator_of(setup);  // dismisses all in the end
    Search search(options_, app_, setup);
    try {
      search.run(session_, *evaluator);
      return kSuccess;
    } catch (const Stopped& stopped) {
      search.report_stop(stopped.reason);
      return static_cast<int>(stopped.reason);
    }
  }

  /// Coordinates a group, for islands that are not rank 0's.
  void coordinate(const RunSpec& spec) {
    const std::filesystem::path folder = spec.folder;
    EvaluationCache cache(*spec.problem);
    const std::vector<Trial> trials = journaled(folder, spec.journal_header);
    for (const Trial& trial : trials) cache.remember(trial);
    const RecordedBirths births = births_of(trials);
    Journal journal(folder / fmt::format("journal-{}", session_.group() + 1));
    if (journal.is_new()) journal.begin(spec.journal_header);
    require(journal.header() == spec.journal_header,
            "{}/journal-{}: belongs to another run than {}/journal", spec.folder,
            session_.group() + 1, spec.folder);
    const auto trains = session_.coordinate(nullptr, schedule());
    CachedEvaluator evaluator(*trains, cache, &journal);
    const std::unique_ptr<IslandChannel> channel = session_.island_channel();
    Archipelago archipelago(
        options_.evolution, spec.space, cost_of(*spec.problem), session_.islands(), evaluator,
        channel.get(), {.report = [&](const GenerationReport& report) { channel->send(report); }});
    archipelago.replay(births);
    archipelago.run();
  }

  const SearchApp& app_;
  Session& session_;
  IsolatedTrainer& trainer_;
  SearchOptions options_;
};

/// One search on this rank, from joining the others to leaving them.
int run_on_rank(const SearchApp& app, int argc, char** argv) {
  IsolatedTrainer trainer;  // before MPI: see there
  catch_stop_signals();     // before MPI, which takes a second to start
  Session session(argc, argv);
  Run run(app, session, trainer);
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
