#include "archipelago.hpp"

#include <algorithm>
#include <utility>

#include "microgpt/core/error.hpp"

namespace microgpt::apps {

Archipelago::Archipelago(const EvolutionConfig& config, const SearchSpace& space, const Cost& cost,
                         std::span<const std::size_t> islands, Evaluator& evaluator,
                         IslandChannel& mail)
    : evaluator_(evaluator), mail_(mail) {
  for (const std::size_t number : islands) {
    EvolutionConfig of_island = config;
    of_island.island = number;
    of_island.budget_flops = config.budget_flops / static_cast<double>(config.islands);
    islands_.push_back({.evolution = Evolution(of_island, space, cost)});
  }
}

bool Archipelago::finished() const {
  return std::ranges::all_of(islands_, [](const Island& i) { return i.last_sent; });
}

bool Archipelago::complete() const {
  return std::ranges::all_of(islands_, [](const Island& i) { return i.evolution.complete(); });
}

Archipelago::Island& Archipelago::island_of(std::size_t number) {
  const auto found = std::ranges::find_if(
      islands_, [&](const Island& i) { return i.evolution.config().island == number; });
  require(found != islands_.end(), "island {} is bred by another coordinator", number);
  return *found;
}

void Archipelago::take(const Migrant& migrant) {
  island_of(migrant.island).arrivals.push_back(migrant);
}

bool Archipelago::step() {
  bool moved = false;
  for (Island& island : islands_) moved |= advance(island);
  if (evaluator_.pending() == 0) return moved;
  take_result();
  return true;
}

bool Archipelago::advance(Island& island) {
  bool moved = migrate(island);
  const std::size_t born = island.evolution.history().size();
  std::vector<Task> tasks;
  for (const Organism& o : island.evolution.ask([&] { evaluator_.poll(); })) {
    tasks.push_back(
        {.id = o.id, .genome = o.genome, .replicate = 0, .rank = rank_of(o), .flops = o.flops});
  }
  evaluator_.submit(tasks);
  moved |= island.evolution.history().size() > born;
  report(island);
  return moved;
}

/// The own champion leaves at once; breeding goes on when that of the island before has come. An
/// island that ends early, because its budget is spent, says so: then nobody waits for it.
bool Archipelago::migrate(Island& island) {
  Evolution& evolution = island.evolution;
  const std::size_t next = (evolution.config().island + 1) % evolution.config().islands;
  if (evolution.complete() && !island.closed) {
    mail_.send(Migrant{.island = next, .organism = std::nullopt, .last = true});
    island.closed = true;
  }
  if (!evolution.migration_due()) return false;
  if (!island.emigrated) {
    mail_.send(Migrant{.island = next, .organism = evolution.emigrant(), .last = false});
    island.emigrated = true;
  }
  if (island.arrivals.empty()) return false;
  evolution.immigrate(island.arrivals.front().organism);
  if (!island.arrivals.front().last) island.arrivals.pop_front();
  island.emigrated = false;
  return true;
}

void Archipelago::take_result() {
  const TimedResult timed = evaluator_.wait();
  const std::size_t islands = islands_.front().evolution.config().islands;
  Island& island = island_of(timed.result.id % islands);
  const Organism& organism = island.evolution.history()[timed.result.id / islands];
  island.work.push_back({.timing = timed.timing, .flops = organism.flops, .known = timed.known});
  // Other replicates belong to finals that began early; the cache has them now.
  if (timed.result.replicate == 0) island.evolution.tell(std::span(&timed.result, 1));
  report(island);
}

/// Whether a generation is complete, and everyone's evaluation known.
bool Archipelago::known(const Island& island, std::size_t generation) const {
  const Evolution& evolution = island.evolution;
  const bool closed = generation + 1 < evolution.generation_count() || evolution.finished() ||
                      evolution.config().mode == Mode::generational;
  return closed && std::ranges::all_of(evolution.generation(generation),
                                       [](const Organism& o) { return o.evaluation.has_value(); });
}

void Archipelago::report(Island& island) {
  const Evolution& evolution = island.evolution;
  while (island.reported < evolution.generation_count() && known(island, island.reported)) {
    const std::span<const Organism> members = evolution.generation(island.reported);
    GenerationReport news = news_of(island);
    news.generation.assign(members.begin(), members.end());
    mail_.send(news);
    ++island.reported;
  }
  if (evolution.finished() && !island.last_sent) {
    GenerationReport news = news_of(island);
    news.last = true;
    mail_.send(news);
    island.last_sent = true;
  }
}

GenerationReport Archipelago::news_of(Island& island) {
  const Clock::time_point now = Clock::now();
  const std::chrono::duration<double> took = now - std::exchange(island.last_report, now);
  return {.island = island.evolution.config().island,
          .generation = {},
          .work = std::exchange(island.work, {}),
          .seconds = took.count(),
          .last = false,
          .flops = island.evolution.flops(),
          .saved = island.evolution.known_genomes_born(),
          .space_exhausted = island.evolution.space_exhausted()};
}

void breed_islands(Archipelago& archipelago, IslandChannel& mail,
                   const std::function<void(const GenerationReport&)>& on_news,
                   const std::function<void()>& on_step) {
  const auto deliver = [&](const Message& letter) {
    if (const auto* migrant = std::get_if<Migrant>(&letter)) archipelago.take(*migrant);
    if (const auto* news = std::get_if<GenerationReport>(&letter)) on_news(*news);
  };
  while (!archipelago.finished()) {
    const bool moved = archipelago.step();
    on_step();
    if (!moved && !archipelago.finished()) deliver(mail.wait());
    while (const std::optional<Message> letter = mail.look()) deliver(*letter);
  }
}

}  // namespace microgpt::apps
