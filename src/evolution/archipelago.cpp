#include "microgpt/evolution/archipelago.hpp"

#include <algorithm>
#include <utility>

#include "microgpt/core/error.hpp"

namespace microgpt::evolution {

Archipelago::Archipelago(const EvolutionConfig& config, const SearchSpace& space,
                         const CostOf& cost_of, std::span<const std::size_t> islands,
                         Evaluator& evaluator, IslandChannel* channel, Outlets outlets)
    : evaluator_(evaluator), channel_(channel), outlets_(std::move(outlets)) {
  for (const std::size_t number : islands) {
    EvolutionConfig of_island = config;
    of_island.island = number;
    of_island.budget_flops = config.budget_flops / static_cast<double>(config.islands);
    islands_.push_back({.evolution = Evolution(of_island, space, cost_of)});
  }
}

void Archipelago::replay(const RecordedBirths& births) {
  for (Island& island : islands_) island.evolution.replay(births);
}

void Archipelago::run() {
  while (!finished()) {
    const bool moved = step();
    outlets_.step();
    if (!moved && !finished()) receive();
    if (channel_ == nullptr) continue;
    while (const std::optional<Message> message = channel_->poll()) deliver(*message);
  }
}

bool Archipelago::finished() const {
  return std::ranges::all_of(islands_, [](const Island& i) { return i.last_reported; });
}

bool Archipelago::complete() const {
  return std::ranges::all_of(islands_, [](const Island& i) { return i.evolution.complete(); });
}

/// Breeds whoever can be bred, and waits for one trial if any is under way. False if nothing can
/// happen before a message comes.
bool Archipelago::step() {
  moved_ = false;
  for (Island& island : islands_) advance(island);
  if (evaluator_.pending() > 0) take_trial();
  return moved_;
}

void Archipelago::advance(Island& island) {
  migrate(island);
  const std::size_t born = island.evolution.history().size();
  std::vector<Task> tasks;
  for (const Organism& o : island.evolution.ask([&] { evaluator_.poll(); })) {
    tasks.push_back(task_of(o));
  }
  evaluator_.submit(tasks);
  moved_ |= island.evolution.history().size() > born;
  close(island);
  report(island);
}

/// The island that `island` sends its migrants to.
std::size_t Archipelago::next_to(const Island& island) {
  const EvolutionConfig& config = island.evolution.config();
  return (config.island + 1) % config.islands;
}

/// The best leaves at once; breeding goes on when that of the island before has come.
void Archipelago::migrate(Island& island) {
  Evolution& evolution = island.evolution;
  if (!evolution.migration_due()) return;
  if (!std::exchange(island.emigrated, true)) {
    send({.island = next_to(island), .organism = evolution.emigrant(), .last = false});
  }
  if (island.arrivals.empty()) return;
  evolution.immigrate(island.arrivals.front().organism);
  if (!island.arrivals.front().last) island.arrivals.pop_front();
  island.emigrated = false;
  moved_ = true;
}

/// An island on which nobody will be born any more says so: then no other waits for it. At once,
/// since its next trial may be its last, and end this coordinator's run.
void Archipelago::close(Island& island) {
  if (!island.evolution.complete() || std::exchange(island.closed, true)) return;
  send({.island = next_to(island), .organism = std::nullopt, .last = true});
}

void Archipelago::take_trial() {
  const Trial trial = evaluator_.wait();
  moved_ = true;
  if (trial.task.replicate > 0) return outlets_.replicate(trial);
  Island& island = island_of(trial);
  island.evolution.tell(std::span(&trial, 1));
  island.trials.push_back(trial);
  report(island);
}

/// Reports the generations whose members are all born and evaluated.
void Archipelago::report(Island& island) {
  const Evolution& evolution = island.evolution;
  const auto is_known = [&](std::size_t generation) {
    const bool closed = generation + 1 < evolution.generation_count() || evolution.finished() ||
                        evolution.config().mode == Mode::generational;
    return closed && std::ranges::all_of(evolution.generation(generation), [](const Organism& o) {
             return o.evaluation.has_value();
           });
  };
  while (island.reported < evolution.generation_count() && is_known(island.reported)) {
    GenerationReport report = report_of(island);
    const std::span<const Organism> members = evolution.generation(island.reported++);
    report.members.assign(members.begin(), members.end());
    outlets_.report(report);
  }
  if (!evolution.finished() || std::exchange(island.last_reported, true)) return;
  GenerationReport report = report_of(island);
  report.last = true;
  outlets_.report(report);
}

GenerationReport Archipelago::report_of(Island& island) const {
  return {.island = island.evolution.config().island,
          .members = {},
          .trials = std::exchange(island.trials, {}),
          .last = false,
          .flops = island.evolution.flops(),
          .saved = island.evolution.known_genomes_born(),
          .space_exhausted = island.evolution.space_exhausted()};
}

void Archipelago::send(const Migrant& migrant) {
  if (own_island(migrant.island) != nullptr) return deliver(migrant);
  require(channel_ != nullptr, "island {} is bred nowhere", migrant.island);
  channel_->send(migrant);
}

void Archipelago::receive() {
  require(channel_ != nullptr, "the islands wait for each other");
  deliver(channel_->wait());
}

void Archipelago::deliver(const Message& message) {
  if (const auto* report = std::get_if<GenerationReport>(&message)) return outlets_.report(*report);
  const auto& migrant = std::get<Migrant>(message);
  Island* island = own_island(migrant.island);
  require(island != nullptr, "island {} is bred by another coordinator", migrant.island);
  island->arrivals.push_back(migrant);
  moved_ = true;
}

Archipelago::Island* Archipelago::own_island(std::size_t number) {
  const auto found = std::ranges::find_if(
      islands_, [&](const Island& i) { return i.evolution.config().island == number; });
  return found == islands_.end() ? nullptr : &*found;
}

Archipelago::Island& Archipelago::island_of(const Trial& trial) {
  Island* island = own_island(trial.task.island);
  require(island != nullptr, "a trial of island {}, which is bred by another coordinator",
          trial.task.island);
  return *island;
}

}  // namespace microgpt::evolution
