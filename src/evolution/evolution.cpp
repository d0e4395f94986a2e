#include "microgpt/evolution/evolution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "microgpt/core/error.hpp"
#include "replacement.hpp"

namespace microgpt::evolution {

void validate(const EvolutionConfig& c) {
  require(c.population >= 1 && c.population <= 1'000'000,
          "population ({}) must be from 1 to 1,000,000", c.population);
  require(c.generations >= 1 && c.generations <= 1'000'000,
          "generations ({}) must be from 1 to 1,000,000", c.generations);
  require(std::isfinite(c.budget_flops) && c.budget_flops >= 0,
          "budget-flops ({}) must be a number that is not negative", c.budget_flops);
  require(c.islands >= 1 && c.islands <= 10'000, "islands ({}) must be from 1 to 10,000",
          c.islands);
  require(c.island < c.islands, "island ({}) must be below islands ({})", c.island, c.islands);
  require(c.migration_interval >= 1 && c.migration_interval <= 1'000'000,
          "migration-interval ({}) must be from 1 to 1,000,000", c.migration_interval);
  require(c.slots <= 10'000'000, "slots ({}) must be at most 10,000,000", c.slots);
  require(
      c.mode != Mode::steady_state || c.strategy == StrategyKind::random || c.elite < c.population,
      "elite ({}) must be smaller than the population ({}) in the steady state", c.elite,
      c.population);
  // Guided and random search have no immigrants, and random search no elite.
  const bool guided = c.strategy == StrategyKind::guided;
  require(guided || c.strategy == StrategyKind::random || c.elite + c.immigrants <= c.population,
          "elite ({}) and immigrants ({}) must fit into the population ({})", c.elite, c.immigrants,
          c.population);
  require(!guided || c.elite <= c.population, "elite ({}) must fit into the population ({})",
          c.elite, c.population);
  require(guided || c.goal == Goal::loss,
          "objective ({}) needs the guided strategy: {} looks for the lowest loss alone",
          name(c.goal), name(c.strategy));
  require(guided || c.earlier.empty(),
          "strategy ({}) learns nothing from an earlier search: only guided does",
          name(c.strategy));
  require(c.earlier.empty() || c.earlier.size() >= 8,
          "an earlier search must have at least 8 results to teach anything, not {}",
          c.earlier.size());
  require(c.strategy != StrategyKind::elite_copies || c.elite >= 1,
          "elite ({}) must be at least 1: its copies are the next generation", c.elite);
  require(
      c.strategy != StrategyKind::classic || (c.tournament >= 1 && c.tournament <= c.population),
      "tournament ({}) must be from 1 to the population ({}): its members are distinct",
      c.tournament, c.population);
}

std::size_t slots_of(const EvolutionConfig& config) {
  return config.slots > 0 ? config.slots : 2 * config.population;
}

std::vector<std::size_t> ranking_of(std::span<const Organism> history,
                                    std::span<const std::size_t> places) {
  struct Key {  // side by side in memory: the steady state sorts for each birth
    double fitness;
    std::uint64_t id;
    std::size_t place;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<Key> keys;
  keys.reserve(places.size());
  for (const std::size_t place : places) {
    keys.push_back({history[place].evaluation->fitness, history[place].id, keys.size()});
  }
  std::ranges::sort(keys);
  std::vector<std::size_t> ranking;
  ranking.reserve(keys.size());
  for (const Key& key : keys) ranking.push_back(key.place);
  return ranking;
}

Evolution::Evolution(const EvolutionConfig& config, SearchSpace space, CostOf cost_of)
    : history_(config.island, config.islands) {
  if (!cost_of) cost_of = [](const Genome&) { return Cost(); };
  rules_ = std::make_unique<const Rules>(Rules{config, std::move(space), std::move(cost_of)});
  validate(rules_->config);
  validate(rules_->space);
  for (const Genome& genome : config.enqueued) require_in(rules_->space, genome);
  strategy_ = make_strategy(rules_->config, rules_->space, rules_->cost_of);
  replacement_ = config.mode == Mode::generational ? generational_replacement(config)
                                                   : steady_state_replacement(config);
}

Evolution::~Evolution() = default;
Evolution::Evolution(Evolution&&) noexcept = default;

void Evolution::require_room() const {
  std::optional<Organism> first = enqueued_child();
  if (!first) first = breed({}, nullptr);  // throws if there is none
  const double flops = first->flops;
  require(config().budget_flops == 0 || flops <= config().budget_flops,
          "budget-flops ({:g}{}) is not enough for a single training: the first takes {:g}",
          config().budget_flops, config().islands > 1 ? " for each island" : "", flops);
}

bool Evolution::fits_budget(const Organism& organism) const {
  return config().budget_flops == 0 || !history_.needs_training(organism) ||
         flops() + organism.flops <= config().budget_flops;
}

bool Evolution::can_breed() const {
  if (exhausted_) return false;
  return replacement_->within_generation() || (!complete() && !migration_due());
}

std::vector<Organism> Evolution::ask(const OnAttempt& on_attempt) {
  std::vector<Organism> to_evaluate;
  while (can_breed()) {
    const std::optional<Birth> birth = replacement_->next(history_);
    if (!birth) break;
    study(*birth);
    if (birth->begins_generation) history_.begin_generation();
    std::optional<Organism> child = next_child(*birth, on_attempt);
    exhausted_ = !child || !fits_budget(*child);
    if (exhausted_) break;
    const bool trains = history_.needs_training(*child);
    if (birth->now) child->due = *birth->now + (trains ? child->flops : 0);
    if (trains) to_evaluate.push_back(*child);
    history_.add(std::move(*child));
    replacement_->born(history_.organisms().back());
  }
  history_.drop_empty_generation();
  return to_evaluate;
}

const RecordedBirth* Evolution::recorded(std::uint64_t id) const {
  if (recorded_ == nullptr) return nullptr;
  const auto found = recorded_->find(id);
  return found == recorded_->end() ? nullptr : &found->second;
}

/// Whether all of a group are recorded who are trained: the elite and a migrant are not.
bool Evolution::is_recorded(const Birth& first) const {
  if (recorded_ == nullptr) return false;
  const bool generational = config().mode == Mode::generational;
  const std::size_t elite = generational && !first.ancestors.parents.empty() ? config().elite : 0;
  const std::size_t count = first.group - (generational && migrant_ ? 1 : 0);
  for (std::size_t i = elite; i < count; ++i) {
    if (recorded(history_.next_id() + i * config().islands) == nullptr) return false;
  }
  return true;
}

void Evolution::study(const Birth& birth) {
  if (birth.group == 0) return;
  const std::span<const std::size_t> finished = replacement_->finished(history_);
  while (learnt_ < finished.size()) strategy_->learn(history_.organisms()[finished[learnt_++]]);
  replays_ = is_recorded(birth);
  Ancestors ancestors = birth.ancestors;
  ancestors.births = birth.group;
  ancestors.spent = spent();
  strategy_->study(ancestors);
}

double Evolution::spent() const {
  const double births = static_cast<double>(history_.size()) /
                        static_cast<double>(config().population * config().generations);
  return config().budget_flops == 0 ? births : std::max(births, flops() / config().budget_flops);
}

/// The child for a place: as it was recorded, bred, or the migrant that has waited for the last
/// one. In a group of which some are not recorded the others are bred too: they may depend on each
/// other.
std::optional<Organism> Evolution::next_child(const Birth& birth, const OnAttempt& on_attempt) {
  const bool settles = migrant_ && birth.place + 1 == config().population;
  if (settles) return settle();
  if (std::optional<Organism> given = enqueued_child()) return given;
  const RecordedBirth* as_it_was = recorded(history_.next_id());
  std::optional<Organism> child;
  if (!replays_ || as_it_was == nullptr) child = breed(birth, on_attempt);
  if (as_it_was == nullptr) return child;
  Organism again;
  again.genome = as_it_was->genome;
  again.origin = as_it_was->origin;
  again.parents = as_it_was->parents;
  const double flops = flops_of(again);
  return completed(std::move(again), flops);
}

/// The next of the enqueued genomes, if there is one.
std::optional<Organism> Evolution::enqueued_child() const {
  if (config().island != 0 || history_.size() >= config().enqueued.size()) return std::nullopt;
  Organism child;
  child.genome = config().enqueued[history_.size()];
  child.origin = Origin::enqueued;
  const double flops = flops_of(child);
  return completed(std::move(child), flops);
}

/// With its place in the history, and what its training costs.
Organism Evolution::completed(Organism child, double flops) const {
  child.id = history_.next_id();
  child.island = static_cast<std::uint32_t>(config().island);
  child.generation = static_cast<std::uint32_t>(generation_count());  // counts from 1
  child.flops = flops;
  return child;
}

Organism Evolution::settle() {
  Organism settler = std::move(*migrant_);
  migrant_.reset();
  settler.parents = {settler.id};
  settler.id = history_.next_id();
  settler.island = static_cast<std::uint32_t>(config().island);
  settler.generation = static_cast<std::uint32_t>(generation_count());
  settler.origin = Origin::migrant;
  return settler;
}

/// The first of many attempts that is new and affordable, or an elite; otherwise a known,
/// affordable one; none if there is none either. When recent births found no new genome, fewer
/// attempts are made: an exhausted space must not keep the ranks waiting.
std::optional<Organism> Evolution::breed(const Birth& birth, const OnAttempt& on_attempt) const {
  constexpr std::size_t kAttempts = 1000;
  const std::size_t attempts =
      std::max<std::size_t>(1, kAttempts >> std::min<std::size_t>(history_.births_since_new(), 10));
  Ancestors ancestors = birth.ancestors;
  ancestors.knows = [this](const Genome& genome) { return history_.knows(genome); };
  Rng rng(config().seed, Stream::breeding, history_.next_id());
  std::optional<Organism> known;
  for (std::size_t attempt = 0; attempt < attempts; ++attempt) {
    if (on_attempt) on_attempt();
    Organism child = strategy_->breed(ancestors, birth.place, rng);
    child.genome = canonical(child.genome, space());
    const Cost cost = rules_->cost_of(child.genome);
    if (!is_allowed(cost, space())) continue;
    child = completed(std::move(child), cost.flops);
    if (child.origin == Origin::elite || !history_.knows(child.genome)) return child;
    known = std::move(child);
  }
  const bool has_caps = space().max_training_flops > 0 || space().max_parameters > 0;
  require(known || history_.size() > 0 || has_caps,
          "none of {} genomes drawn from the space is allowed in it", kAttempts);
  require(known || history_.size() > 0,
          "max_training_flops ({:g}) and max_parameters ({:g}): none of {} genomes drawn from the "
          "space is cheap enough and small enough",
          space().max_training_flops, space().max_parameters, kAttempts);
  return known;
}

void Evolution::tell(std::span<const Trial> trials) {
  for (const Trial& trial : trials) history_.tell(trial);
}

bool Evolution::migration_due() const {
  if (config().islands == 1 || complete()) return false;
  if (config().mode == Mode::generational && awaited() > 0) return false;
  return history_.size() == (migrations_ + 1) * config().migration_interval * config().population;
}

std::optional<Organism> Evolution::emigrant() {
  const Organism* best = nullptr;
  for (const std::size_t place : replacement_->finished(history_)) {
    const Organism& organism = history_.organisms()[place];
    if (organism.evaluation->failed() || (best && !better(organism, *best))) continue;
    best = &organism;
  }
  return best ? std::optional(*best) : std::nullopt;
}

void Evolution::immigrate(std::optional<Organism> migrant) {
  require(migration_due(), "a migrant, but no migration is due");
  ++migrations_;
  migrant_ = std::move(migrant);
}

}  // namespace microgpt::evolution
