#include "microgpt/evolution/evolution.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "microgpt/core/error.hpp"
#include "microgpt/evolution/variation.hpp"

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
  require(c.elite + c.immigrants <= c.population,
          "elite ({}) and immigrants ({}) must fit into the population ({})", c.elite, c.immigrants,
          c.population);
  require(c.breeding != Breeding::elite_copies || c.elite >= 1,
          "elite ({}) must be at least 1: its copies are the next generation", c.elite);
  require(c.breeding != Breeding::tournament || (c.tournament >= 1 && c.tournament <= c.population),
          "tournament ({}) must be from 1 to the population ({}): its members are distinct",
          c.tournament, c.population);
}

std::size_t tournament(std::span<const Organism> population, std::size_t size, Rng& rng) {
  const auto members = sample_without_replacement(size, population.size(), rng);
  return *std::min_element(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
    return better(population[a], population[b]);
  });
}

Evolution::Evolution(const EvolutionConfig& config, SearchSpace space)
    : config_(config), space_(std::move(space)) {
  validate(config_);
  validate(space_);
}

namespace {

/// Indices of a generation, the best first.
std::vector<std::size_t> ranking_of(std::span<const Organism> organisms) {
  std::vector<std::size_t> ranking(organisms.size());
  std::iota(ranking.begin(), ranking.end(), std::size_t{0});
  std::sort(ranking.begin(), ranking.end(),
            [&](std::size_t a, std::size_t b) { return better(organisms[a], organisms[b]); });
  return ranking;
}

/// Of the children of tournament winners, 40 % come from crossover, 40 % from mutation and the rest
/// from hypermutation, in this order.
Origin child_origin(std::size_t child, std::size_t children) {
  const std::size_t share = (children * 2 + 2) / 5;  // 40 %, rounded
  if (child < share) return Origin::crossover;
  return child < 2 * share ? Origin::mutant : Origin::hypermutant;
}

}  // namespace

Organism Evolution::breed(std::size_t place, std::span<const Organism> parents,
                          std::span<const std::size_t> ranking) const {
  Organism child;
  child.id = history_.size() + place;
  child.generation = static_cast<std::uint32_t>(next_generation_ + 1);
  Rng rng(config_.seed, Stream::breeding, child.id);
  if (parents.empty()) {
    child.genome = random_genome(space_, rng);
    return child;
  }
  if (place < config_.elite) {
    const Organism& parent = parents[ranking[place]];
    child.origin = Origin::elite;
    child.genome = parent.genome;
    child.parents = {parent.id};
    child.evaluation = parent.evaluation;
    return child;
  }
  if (place < config_.elite + config_.immigrants) {
    child.origin = Origin::immigrant;
    child.genome = random_genome(space_, rng);
    return child;
  }
  if (config_.breeding == Breeding::elite_copies) {
    const Organism& parent = parents[ranking[rng.below(config_.elite)]];
    child.origin = Origin::mutant;
    child.genome = mutate(parent.genome, 1, space_, rng);
    child.parents = {parent.id};
    return child;
  }
  const std::size_t newcomers = config_.elite + config_.immigrants;
  child.origin = child_origin(place - newcomers, config_.population - newcomers);
  const Organism& mother = parents[tournament(parents, config_.tournament, rng)];
  child.parents = {mother.id};
  child.genome = mother.genome;
  if (child.origin == Origin::crossover) {
    const Organism& father = parents[tournament(parents, config_.tournament, rng)];
    child.parents.push_back(father.id);
    child.genome = crossover(mother.genome, father.genome, rng);
  }
  child.genome = mutate(child.genome, space_, rng);
  if (child.origin == Origin::hypermutant) child.genome = mutate(child.genome, space_, rng);
  return child;
}

std::vector<Organism> Evolution::ask() {
  require(!waiting_, "ask() before the results of the last one were told");
  require(!finished(), "ask() after the last generation");
  std::span<const Organism> parents;
  if (next_generation_ > 0) parents = generation(next_generation_ - 1);
  const std::vector<std::size_t> ranking = ranking_of(parents);
  std::vector<Organism> born;
  for (std::size_t place = 0; place < config_.population; ++place) {
    born.push_back(breed(place, parents, ranking));
  }
  history_.insert(history_.end(), born.begin(), born.end());
  ++next_generation_;
  waiting_ = true;
  std::erase_if(born, [](const Organism& organism) { return organism.evaluation.has_value(); });
  return born;
}

void Evolution::tell(std::span<const Result> results) {
  require(waiting_, "tell() before ask()");
  std::map<std::uint64_t, const Evaluation*> by_id;
  for (const Result& result : results) by_id[result.id] = &result.evaluation;
  const std::span latest = std::span(history_).last(config_.population);
  const auto missing = std::count_if(latest.begin(), latest.end(), [&](const Organism& organism) {
    return !organism.evaluation && !by_id.contains(organism.id);
  });
  const auto expected = std::count_if(
      latest.begin(), latest.end(), [](const Organism& organism) { return !organism.evaluation; });
  require(missing == 0 && static_cast<std::size_t>(expected) == results.size(),
          "tell() of {} results, but {} are awaited and {} of them are missing", results.size(),
          expected, missing);
  for (Organism& organism : latest) {
    if (!organism.evaluation) organism.evaluation = *by_id[organism.id];
  }
  waiting_ = false;
}

std::span<const Organism> Evolution::generation(std::size_t number) const {
  return std::span(history_).subspan(number * config_.population, config_.population);
}

const Organism& Evolution::champion() const {
  require(!history_.empty() && !waiting_, "there is no champion before the first results");
  return *std::min_element(history_.begin(), history_.end(), better);
}

}  // namespace microgpt
