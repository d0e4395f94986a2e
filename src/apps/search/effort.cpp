#include "search/effort.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>

#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/evolution/creature.hpp"
#include "microgpt/evolution/effort.hpp"
#include "microgpt/genome/cost.hpp"

namespace microgpt::apps {

Effort parse_effort(const std::string& text) {
  const char last = text.empty() ? ' ' : text.back();
  const auto unit = time_units().find(std::string(1, static_cast<char>(std::tolower(last))));
  const bool has_unit = unit != time_units().end();
  const double number =
      parse_double(std::string_view(text).substr(0, text.size() - has_unit)).value_or(0);
  Effort effort = {.text = text};
  (has_unit ? effort.seconds : effort.flops) = number * (has_unit ? unit->second : 1);
  const bool is_time = effort.seconds >= 10 && effort.seconds <= 1e8;
  require(is_time || (effort.flops >= 1e9 && effort.flops <= 1e25),
          "--effort ({}) must be a time of at least 10 seconds, such as 10m or 2h, or a number of "
          "floating-point operations of at least 1e9, such as 3e13",
          text);
  return effort;
}

namespace {

/// Floating-point operations a second of a training of about this size, alone on a core.
double measured_speed(const Genome& genome, const Problem& problem) {
  using Clock = std::chrono::steady_clock;
  const CostModel cost_of(problem.dataset);
  const auto flops_of = [&](std::uint32_t steps) {
    Genome part = genome;
    part["steps"] = steps;
    return cost_of(part).flops;
  };
  Creature creature(genome, problem.dataset, problem.precision, problem.seed);
  creature.step();  // whose memory is new
  const auto begin = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  std::uint32_t steps = 1;
  for (; !creature.trained() && seconds() < 1; ++steps) creature.step();
  return (flops_of(steps) - flops_of(1)) / seconds();
}

bool is_given(const SearchOptions& options, std::string_view name) {
  return std::ranges::any_of(options.given, [&](const std::string& option) {
    return option.starts_with(name) && option[name.size()] == '=';
  });
}

}  // namespace

SearchSpace choose_by_effort(SearchOptions& options, const Problem& problem, std::size_t workers) {
  // Workers share caches and the memory, and some of the time goes to what is no training.
  constexpr double kTogether = 0.8;
  const Effort& effort = *options.effort;
  const std::size_t there = workers;
  const bool has_slots = is_given(options, "--slots");
  if (has_slots) {  // what an effort of operations was planned for elsewhere
    require(options.evolution.slots >= 2, "--slots ({}) must be at least 2 with --effort",
            options.evolution.slots);
    workers = options.evolution.slots / 2;
  }
  double flops = effort.flops;
  if (effort.seconds > 0) {
    const double all = effort.seconds * static_cast<double>(there) * kTogether;
    constexpr double kGuess = 3e10;  // floating-point operations a second of a core
    const EffortPlan probe = plan_effort(all * kGuess, workers, problem.dataset);
    const double speed = measured_speed(probe.first, problem);
    flops = *parse_double(fmt::format("{:.2g}", all * speed));
    options.effort_said =
        fmt::format("{}: {:g} floating-point operations, at {:.1f} GFLOP/s a core; ", effort.text,
                    flops, speed / 1e9);
  }
  const EffortPlan plan = plan_effort(flops, workers, problem.dataset);
  EvolutionConfig& e = options.evolution;
  std::erase_if(options.given,
                [](const std::string& option) { return option.starts_with("--effort="); });
  const auto choose = [&](std::string_view name, auto& option, const auto& value) {
    option = value;
    options.given.push_back(fmt::format("{}={}", name, value));
  };
  e.mode = Mode::steady_state;
  options.given.push_back("--mode=steady-state");
  if (!is_given(options, "--precision")) {
    options.given.push_back(fmt::format("--precision={}", name(problem.precision)));
  }
  if (!has_slots) choose("--slots", e.slots, plan.slots);
  choose("--finalists", options.finalists, plan.finalists);
  choose("--replicates", options.replicates, plan.replicates);
  choose("--final-steps", options.final_steps, plan.final_steps);
  choose("--budget-flops", e.budget_flops, plan.budget_flops);
  options.effort_said += fmt::format("the same again: --effort {} --slots {}", flops, e.slots);
  e.generations = kUnlimited;
  e.enqueued = {plan.first};
  return plan.space;
}

}  // namespace microgpt::apps
