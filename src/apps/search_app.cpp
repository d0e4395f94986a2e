#include "search_app.hpp"

#include <optional>

#include "command_line.hpp"
#include "microgpt/cluster/session.hpp"
#include "search.hpp"
#include "search_options.hpp"

namespace microgpt {

namespace {

constexpr std::size_t kUnlimited = 1'000'000;  // generations, where a budget ends the search

int run_coordinator(Session& session, const SearchOptions& options, const SearchApp& app) {
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
  const auto evaluator = session.coordinate(
      [&](const Task& task) { return evaluate(task.genome, *problem, task.replicate); },
      schedule_from(options.schedule));
  Search(options, app, *ready, *problem).run(*evaluator, session.size());
  return kSuccess;
}

int run_worker(Session& session, const SearchOptions& options) {
  std::optional<Problem> problem;
  session.share(problem);
  if (!problem) return kBadInput;
  session.work([&](const Task& task) { return evaluate(task.genome, *problem, task.replicate); },
               schedule_from(options.schedule));
  return kSuccess;
}

}  // namespace

int run_search(const SearchApp& search, int argc, char** argv) {
  Session session(argc, argv);
  return guarded(search.name, session.is_coordinator(), [&] {
    SearchOptions options;
    options.evolution = search.evolution;
    options.strategy = name(options.evolution.strategy);
    options.finalists = search.finalists;
    CLI::App app(search.description, search.name);
    set_house_rules(app);
    add_options(app, options, search);
    if (!parse(app, argc, argv, session.is_coordinator())) return int{kSuccess};
    options.evolution.mode = mode_from(options.mode);
    schedule_from(options.schedule);
    if (search.objective == Objective::loss) {
      options.evolution.strategy = strategy_from(options.strategy);
    }
    if (options.evolution.budget_flops > 0 && app.count("--generations") == 0) {
      options.evolution.generations = kUnlimited;
    }
    return session.is_coordinator() ? run_coordinator(session, options, search)
                                    : run_worker(session, options);
  });
}

}  // namespace microgpt
