#include "json_lines.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/evolution/objective.hpp"
#include "microgpt/run/settings.hpp"

// Apart from settings.cpp: cereal brings a RapidJSON of its own, and a file can hold only one.
namespace microgpt::run {

namespace {

EvolutionConfig evolution_from(const json::Value& line) {
  EvolutionConfig e;
  const std::string strategy = text(line, "strategy");
  const std::optional<StrategyKind> known = find_name<StrategyKind>(strategy);
  e.strategy = known ? *known : from_name<StrategyKind>(strategy);
  e.mode = from_name<Mode>(text(line, "mode"));
  e.seed = whole(line, "seed");
  e.slots = whole(line, "slots");
  e.population = whole(line, "population");
  require(e.population > 0, "\"population\" (0) must be at least 1");
  e.generations = whole(line, "generations");
  e.budget_flops = number(line, "budget_flops");
  e.elite = whole(line, "elite");
  e.immigrants = whole(line, "immigrants");
  e.islands = whole(line, "islands");
  require(e.islands > 0, "\"islands\" (0) must be at least 1");
  e.migration_interval = whole(line, "migration_interval");
  if (line.HasMember("tournament")) e.tournament = whole(line, "tournament");
  return e;
}

}  // namespace

RunSettings settings_from_json(std::string_view json) {
  const json::Document line = parse_line(json);
  RunSettings s = {.program = text(line, "program"),
                   .version = text(line, "version"),
                   .precision = text(line, "precision"),
                   .dataset = text(line, "dataset"),
                   .fitness = text(line, "fitness"),
                   .evolution = evolution_from(line),
                   .finalists = whole32(line, "finalists"),
                   .replicates = whole32(line, "replicates"),
                   .deadline_factor = number(line, "deadline_factor"),
                   .memory_limit = number(line, "memory_limit"),
                   .inject = text(line, "inject"),
                   .tokens = whole(line, "tokens"),
                   .bigram_loss = number(line, "bigram_loss"),
                   .uniform_loss = number(line, "uniform_loss")};
  if (line.HasMember("samples")) s.samples = whole32(line, "samples");
  s.temperature = number(line, "temperature");
  require(s.tokens > 0, "\"tokens\" (0) must be at least 1");
  from_name<Objective>(s.fitness);
  from_name<Precision>(s.precision);
  return s;
}

}  // namespace microgpt::run
