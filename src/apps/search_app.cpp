#include "search_app.hpp"

#include <optional>

#include "command_line.hpp"
#include "microgpt/cluster/session.hpp"
#include "microgpt/genome/cost.hpp"
#include "search.hpp"
#include "search_options.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kUnlimited = 1'000'000;  // generations, where a budget ends the search

EvaluateFunction evaluation_of(const Problem& problem) {
  return [&problem](const Task& task) { return evaluate(task.genome, problem, task.replicate); };
}

int run_first(Session& session, const SearchOptions& options, const SearchApp& app) {
  std::optional<Preparation> ready;
  std::optional<Problem> problem;
  SearchSpace space;
  try {
    ready.emplace(options, app);
    problem = ready->problem;
    space = ready->space;
  } catch (...) {
    session.share(problem, space);  // lets the others leave
    throw;
  }
  session.share(problem, space);
  const auto evaluator =
      session.coordinate(evaluation_of(*problem), schedule_from(options.schedule));
  Search(options, app, *ready, *problem).run(session, *evaluator);
  return kSuccess;
}

/// Coordinates a group, for the islands that are not rank 0's.
void run_coordinator(Session& session, const SearchOptions& options, const Problem& problem,
                     const SearchSpace& space) {
  const auto trains = session.coordinate(evaluation_of(problem), schedule_from(options.schedule));
  EvaluationCache cache(problem);
  CachedEvaluator evaluator(*trains, cache);
  const std::unique_ptr<Mail> mail = session.mail();
  Archipelago archipelago(options.evolution, space, TrainingCost(problem.dataset),
                          session.islands(), evaluator, *mail);
  breed_islands(archipelago, *mail, [](const News&) {});
}

int run_other(Session& session, const SearchOptions& options) {
  std::optional<Problem> problem;
  SearchSpace space;
  session.share(problem, space);
  if (!problem) return kBadInput;
  if (session.is_coordinator()) {
    run_coordinator(session, options, *problem, space);
  } else {
    session.work(evaluation_of(*problem), schedule_from(options.schedule));
  }
  return kSuccess;
}

}  // namespace

int run_search(const SearchApp& search, int argc, char** argv) {
  Session session(argc, argv);
  return guarded(search.name, session.is_first(), [&] {
    SearchOptions options;
    options.evolution = search.evolution;
    options.strategy = name(options.evolution.strategy);
    options.finalists = search.finalists;
    CLI::App app(search.description, search.name);
    set_house_rules(app);
    add_options(app, options, search);
    if (!parse(app, argc, argv, session.is_first())) return int{kSuccess};
    options.evolution.mode = mode_from(options.mode);
    schedule_from(options.schedule);
    if (search.objective == Objective::loss) {
      options.evolution.strategy = strategy_from(options.strategy);
    }
    if (options.evolution.budget_flops > 0 && app.count("--generations") == 0) {
      options.evolution.generations = kUnlimited;
    }
    session.form_groups(options.evolution.islands);
    return session.is_first() ? run_first(session, options, search) : run_other(session, options);
  });
}

}  // namespace microgpt
