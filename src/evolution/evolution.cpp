#include "microgpt/evolution/evolution.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "microgpt/core/error.hpp"

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
  require(c.strategy != StrategyKind::elite_copies || c.elite >= 1,
          "elite ({}) must be at least 1: its copies are the next generation", c.elite);
  require(
      c.strategy != StrategyKind::classic || (c.tournament >= 1 && c.tournament <= c.population),
      "tournament ({}) must be from 1 to the population ({}): its members are distinct",
      c.tournament, c.population);
}

Evolution::Evolution(const EvolutionConfig& config, SearchSpace space, Cost cost) {
  if (!cost) cost = [](const Genome&) { return 0.0; };
  rules_ = std::make_unique<const Rules>(Rules{config, std::move(space), std::move(cost)});
  validate(rules_->config);
  validate(rules_->space);
  strategy_ = make_strategy(rules_->config, rules_->space, rules_->cost);
}

namespace {

/// Places of a generation, the best first; as better() orders them.
std::vector<std::size_t> ranking_of(std::span<const Organism> organisms) {
  struct Key {  // side by side in memory: the steady state sorts for each birth
    double fitness;
    std::uint64_t id;
    std::size_t place;
    auto operator<=>(const Key&) const = default;
  };
  std::vector<Key> keys;
  keys.reserve(organisms.size());
  for (const Organism& o : organisms) keys.push_back({o.evaluation->fitness, o.id, keys.size()});
  std::ranges::sort(keys);
  std::vector<std::size_t> ranking;
  ranking.reserve(keys.size());
  for (const Key& key : keys) ranking.push_back(key.place);
  return ranking;
}

}  // namespace

std::uint64_t Evolution::id_of(std::size_t place_in_history) const {
  return place_in_history * config().islands + config().island;
}

std::size_t Evolution::place_of(std::uint64_t id) const {
  const bool ours = id % config().islands == config().island;
  return ours ? id / config().islands : history_.size();
}

bool Evolution::migration_due() const {
  if (config().islands == 1 || complete()) return false;
  if (config().mode == Mode::generational && awaited_ > 0) return false;
  return history_.size() == (migrations_ + 1) * config().migration_interval * config().population;
}

std::optional<Organism> Evolution::emigrant() const {
  const bool generational = config().mode == Mode::generational;
  const std::vector<Organism> best = best_of(generational ? history_ : finished_, 1);
  return best.empty() ? std::nullopt : std::optional(best.front());
}

void Evolution::immigrate(std::optional<Organism> migrant) {
  require(migration_due(), "a migrant, but no migration is due");
  ++migrations_;
  migrant_ = std::move(migrant);
}

/// The child for a place: bred, or the migrant that has waited for the last one.
std::optional<Organism> Evolution::next_child(std::size_t place, const Ancestors& ancestors,
                                              const std::function<void()>& on_attempt) {
  if (!migrant_ || place + 1 != config().population) return breed(place, ancestors, on_attempt);
  Organism settler = std::move(*migrant_);
  migrant_.reset();
  settler.parents = {settler.id};
  settler.id = id_of(history_.size());
  settler.generation = static_cast<std::uint32_t>(starts_.size());
  settler.origin = Origin::migrant;
  return settler;
}

/// The first of many attempts that is new and affordable, or an elite; otherwise someone known and
/// affordable; nobody if there is none either. Where nobody new was found for the last births,
/// fewer attempts are made: an exhausted space must not keep the ranks waiting.
std::optional<Organism> Evolution::breed(std::size_t place, const Ancestors& ancestors,
                                         const std::function<void()>& on_attempt) const {
  constexpr std::size_t kAttempts = 1000;
  const std::size_t attempts =
      std::max<std::size_t>(1, kAttempts >> std::min<std::size_t>(fruitless_births_, 10));
  const std::uint64_t id = id_of(history_.size());
  Rng rng(config().seed, Stream::breeding, id);
  std::optional<Organism> known;
  for (std::size_t attempt = 0; attempt < attempts; ++attempt) {
    if (on_attempt) on_attempt();
    Organism child = strategy_->breed(ancestors, place, rng);
    child.id = id;
    child.generation = static_cast<std::uint32_t>(starts_.size());  // counts from 1
    child.flops = rules_->cost(child.genome);
    if (!is_affordable(child.flops)) continue;
    if (child.origin == Origin::elite || !known_.contains(child.genome)) return child;
    known = std::move(child);
  }
  require(known || !history_.empty(),
          "max_training_flops ({:g}): none of {} genomes drawn from the space is cheap enough",
          space().max_training_flops, kAttempts);
  return known;
}

void Evolution::require_room() const {
  const Ancestors nobody = {.history = {}, .parents = {}, .ranking = {}, .known = &known_};
  const double flops = breed(0, nobody, nullptr)->flops;  // throws if there is none
  require(config().budget_flops == 0 || flops <= config().budget_flops,
          "budget-flops ({:g}{}) is not enough for a single training: the first takes {:g}",
          config().budget_flops, config().islands > 1 ? " for each island" : "", flops);
}

bool Evolution::is_affordable(double flops) const {
  const double limit = space().max_training_flops;
  return limit == 0 || flops <= limit;
}

bool Evolution::can_breed() const {
  if (complete() || migration_due()) return false;
  if (config().mode == Mode::generational) return awaited_ == 0;
  return busy_.size() < slots() || history_[busy_.top().organism].evaluation.has_value();
}

std::size_t slots_of(const EvolutionConfig& config) {
  return config.slots > 0 ? config.slots : 2 * config.population;
}

std::vector<Organism> Evolution::ask(const std::function<void()>& on_attempt) {
  if (!can_breed()) return {};
  return config().mode == Mode::generational ? breed_generation(on_attempt)
                                             : breed_into_slots(on_attempt);
}

/// False if there is no child, or no room for it in the budget; then nobody is born.
bool Evolution::add_to_history(std::optional<Organism> born, std::vector<Organism>& to_evaluate) {
  if (!born) {
    exhausted_ = true;
    return false;
  }
  Organism& child = *born;
  const auto known = known_.find(child.genome);
  const bool is_new = child.origin == Origin::migrant || known == known_.end();
  if (child.origin == Origin::migrant) {
    known_.try_emplace(child.genome, history_.size());
  } else if (known == known_.end()) {
    if (config().budget_flops > 0 && flops_ + child.flops > config().budget_flops) {
      exhausted_ = true;
      return false;
    }
    flops_ += child.flops;
    ++awaited_;
    known_.emplace(child.genome, history_.size());
    to_evaluate.push_back(child);
  } else {
    known_genomes_born_ += child.origin != Origin::elite;
    child.evaluation = history_[known->second].evaluation;
    if (!child.evaluation) copies_.push_back(history_.size());
  }
  fruitless_births_ = is_new ? 0 : fruitless_births_ + 1;
  history_.push_back(std::move(child));
  return true;
}

std::vector<Organism> Evolution::breed_generation(const std::function<void()>& on_attempt) {
  // Room for all siblings, so that the spans below stay what they are while history_ grows.
  if (history_.capacity() < history_.size() + config().population) {
    history_.reserve(2 * history_.size() + config().population);
  }
  const std::span<const Organism> past = history_;
  const std::span<const Organism> parents = past.subspan(starts_.empty() ? 0 : starts_.back());
  const std::vector<std::size_t> ranking = ranking_of(parents);
  const Ancestors ancestors = {
      .history = past, .parents = parents, .ranking = ranking, .known = &known_};
  strategy_->study(ancestors);
  starts_.push_back(history_.size());
  std::vector<Organism> to_evaluate;
  for (std::size_t place = 0; place < config().population; ++place) {
    if (!add_to_history(next_child(place, ancestors, on_attempt), to_evaluate)) break;
  }
  if (history_.size() == starts_.back()) starts_.pop_back();  // nobody could be afforded
  return to_evaluate;
}

std::vector<Organism> Evolution::breed_into_slots(const std::function<void()>& on_attempt) {
  // The elite need not be born again: it lives on. Everyone else has a place as in a generation.
  const std::size_t population = config().population,
                    elite = std::min(config().elite, population - 1);
  std::vector<Organism> to_evaluate;
  while (can_breed()) {
    double now = 0;
    if (busy_.size() == slots()) {
      now = busy_.top().until;
      finish_on_virtual_clock(history_[busy_.top().organism]);
      busy_.pop();
    }
    update_living();
    const std::span<const Organism> parents = living_;
    const std::vector<std::size_t> ranking = ranking_of(parents);
    const Ancestors ancestors = {
        .history = finished_, .parents = parents, .ranking = ranking, .known = &known_};
    const std::size_t number = history_.size();
    if (number % population == 0) {
      strategy_->study(ancestors);
      starts_.push_back(number);
    }
    // The very first has place 0: there is no elite yet.
    const std::size_t place = number == 0 ? 0 : elite + number % (population - elite);
    std::optional<Organism> child = next_child(place, ancestors, on_attempt);
    if (child) {
      const bool trained = child->origin != Origin::migrant && !known_.contains(child->genome);
      child->due = now + (trained ? child->flops : 0);
    }
    const double due = child ? child->due : now;
    if (add_to_history(std::move(child), to_evaluate)) busy_.push({due, number});
  }
  if (starts_.back() == history_.size()) starts_.pop_back();  // nobody could be afforded
  return to_evaluate;
}

void Evolution::finish_on_virtual_clock(const Organism& organism) {
  finished_.push_back(organism);
  elite_.insert(std::upper_bound(elite_.begin(), elite_.end(), organism, better), organism);
  if (elite_.size() > config().elite) elite_.pop_back();
}

/// The parents of the steady state: the elite, and the youngest of those who have finished,
/// together as many as a population. Assigned in place, which keeps their memory: it is done anew
/// for each birth.
void Evolution::update_living() {
  std::size_t count = 0;
  const auto put = [&](const Organism& organism) {
    if (count == living_.size()) living_.emplace_back();
    living_[count++] = organism;
  };
  for (const Organism& organism : elite_) put(organism);
  for (std::size_t i = finished_.size(); i-- > 0 && count < config().population;) {
    const bool is_elite = std::any_of(elite_.begin(), elite_.end(),
                                      [&](const Organism& o) { return o.id == finished_[i].id; });
    if (!is_elite) put(finished_[i]);
  }
  living_.resize(count);
}

void Evolution::tell(std::span<const Result> results) {
  for (const Result& result : results) {
    const std::size_t place = place_of(result.id);
    const bool awaited = place < history_.size() && !history_[place].evaluation &&
                         known_.at(history_[place].genome) == place;
    require(awaited, "tell() of organism {}, whose result is not awaited", result.id);
    history_[place].evaluation = result.evaluation;
    --awaited_;
    std::erase_if(copies_, [&](std::size_t copy) {
      if (known_.at(history_[copy].genome) != place) return false;
      history_[copy].evaluation = result.evaluation;
      return true;
    });
  }
}

std::span<const Organism> Evolution::generation(std::size_t number) const {
  const std::size_t end = number + 1 < starts_.size() ? starts_[number + 1] : history_.size();
  return std::span(history_).subspan(starts_[number], end - starts_[number]);
}

}  // namespace microgpt::evolution
