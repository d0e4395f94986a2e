#include "microgpt/evolution/evolution.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "microgpt/core/error.hpp"

namespace microgpt {

std::string_view name(Origin origin) {
  switch (origin) {
    case Origin::random:
      return "random";
    case Origin::immigrant:
      return "immigrant";
    case Origin::elite:
      return "elite";
    case Origin::crossover:
      return "crossover";
    case Origin::mutant:
      return "mutant";
    case Origin::hypermutant:
      return "hypermutant";
    case Origin::neighbour:
      return "neighbour";
  }
  return "";
}

bool better(const Organism& a, const Organism& b) {
  const double fitness_a = a.evaluation->fitness, fitness_b = b.evaluation->fitness;
  return fitness_a != fitness_b ? fitness_a < fitness_b : a.id < b.id;
}

void validate(const EvolutionConfig& c) {
  require(c.population >= 1 && c.population <= 1'000'000,
          "population ({}) must be from 1 to 1,000,000", c.population);
  require(c.generations >= 1 && c.generations <= 1'000'000,
          "generations ({}) must be from 1 to 1,000,000", c.generations);
  require(std::isfinite(c.budget_flops) && c.budget_flops >= 0,
          "budget-flops ({}) must be a number that is not negative", c.budget_flops);
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

/// Places of a generation, the best first.
std::vector<std::size_t> ranking_of(std::span<const Organism> organisms) {
  std::vector<std::size_t> ranking(organisms.size());
  std::iota(ranking.begin(), ranking.end(), std::size_t{0});
  std::sort(ranking.begin(), ranking.end(),
            [&](std::size_t a, std::size_t b) { return better(organisms[a], organisms[b]); });
  return ranking;
}

}  // namespace

bool Evolution::acceptable(const Organism& child) const {
  if (child.origin == Origin::elite) return true;
  return !known_.contains(child.genome) &&
         (space().max_training_flops == 0 || child.flops <= space().max_training_flops);
}

Organism Evolution::breed(std::size_t place, const Ancestors& ancestors) const {
  constexpr int kAttempts = 1000;  // then the space is as good as exhausted
  const std::uint64_t id = history_.size();
  Rng rng(config().seed, Stream::breeding, id);
  Organism child;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    child = strategy_->breed(ancestors, place, rng);
    child.flops = rules_->cost(child.genome);
    if (acceptable(child)) break;
  }
  require(space().max_training_flops == 0 || child.flops <= space().max_training_flops,
          "max_training_flops ({:g}): in {} attempts no genome was cheap enough; the last one ({}) "
          "takes {:g}",
          space().max_training_flops, kAttempts, describe(child.genome), child.flops);
  child.id = id;
  child.generation = static_cast<std::uint32_t>(starts_.size());
  return child;
}

std::vector<Organism> Evolution::ask() {
  require(!waiting_, "ask() before the results of the last one were told");
  require(!finished(), "ask() after the last generation");
  // Room for all siblings, so that the spans below stay what they are while history_ grows.
  if (history_.capacity() < history_.size() + config().population) {
    history_.reserve(2 * history_.size() + config().population);
  }
  const std::span<const Organism> past = history_;
  const std::span<const Organism> parents = past.subspan(starts_.empty() ? 0 : starts_.back());
  const std::vector<std::size_t> ranking = ranking_of(parents);
  const Ancestors ancestors = {.history = past, .parents = parents, .ranking = ranking};
  strategy_->study(ancestors);
  starts_.push_back(history_.size());
  std::vector<Organism> to_evaluate;
  for (std::size_t place = 0; place < config().population; ++place) {
    Organism child = breed(place, ancestors);
    const auto known = known_.find(child.genome);
    if (known != known_.end()) {
      known_genomes_born_ += child.origin != Origin::elite;
      child.evaluation = history_[known->second].evaluation;  // none if it is a sibling's
    } else {
      if (config().budget_flops > 0 && flops_ + child.flops > config().budget_flops) {
        exhausted_ = true;
        break;
      }
      flops_ += child.flops;
      known_.emplace(child.genome, history_.size());
      to_evaluate.push_back(child);
    }
    history_.push_back(std::move(child));
  }
  waiting_ = history_.size() > starts_.back();
  if (!waiting_) starts_.pop_back();  // nobody could be afforded
  return to_evaluate;
}

void Evolution::tell(std::span<const Result> results) {
  require(waiting_, "tell() before ask()");
  std::map<std::uint64_t, const Evaluation*> by_id;
  for (const Result& result : results) by_id[result.id] = &result.evaluation;
  const std::span latest = std::span(history_).subspan(starts_.back());
  std::size_t expected = 0, missing = 0;
  for (const Organism& organism : latest) {
    if (organism.evaluation || known_.at(organism.genome) != organism.id) continue;
    ++expected;
    missing += !by_id.contains(organism.id);
  }
  require(missing == 0 && expected == results.size(),
          "tell() of {} results, but {} are awaited and {} of them are missing", results.size(),
          expected, missing);
  for (Organism& organism : latest) {
    if (organism.evaluation) continue;
    const std::size_t first = known_.at(organism.genome);
    organism.evaluation =
        first == organism.id ? *by_id[organism.id] : history_[first].evaluation.value();
  }
  waiting_ = false;
}

std::span<const Organism> Evolution::generation(std::size_t number) const {
  const std::size_t end = number + 1 < starts_.size() ? starts_[number + 1] : history_.size();
  return std::span(history_).subspan(starts_[number], end - starts_[number]);
}

const Organism& Evolution::champion() const {
  require(!history_.empty() && !waiting_, "there is no champion before the first results");
  return *std::min_element(history_.begin(), history_.end(), better);
}

std::vector<Organism> Evolution::best(std::size_t count) const {
  std::vector<const Organism*> found;
  for (const auto& [genome, first] : known_) {
    if (!history_[first].evaluation->failed()) found.push_back(&history_[first]);
  }
  std::sort(found.begin(), found.end(),
            [](const Organism* a, const Organism* b) { return better(*a, *b); });
  std::vector<Organism> chosen;
  for (std::size_t i = 0; i < std::min(count, found.size()); ++i) chosen.push_back(*found[i]);
  return chosen;
}

}  // namespace microgpt
