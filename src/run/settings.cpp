#include "microgpt/run/settings.hpp"

#include <cereal/archives/json.hpp>
#include <cereal/types/string.hpp>

#include <sstream>

namespace microgpt::run {

std::string to_json(const RunSettings& s) {
  const EvolutionConfig& e = s.evolution;
  std::ostringstream text;
  {
    using cereal::make_nvp;
    using Options = cereal::JSONOutputArchive::Options;
    cereal::JSONOutputArchive archive(text, Options(324, Options::IndentChar::space, 2));
    archive(make_nvp("program", s.program), make_nvp("version", s.version),
            make_nvp("seed", e.seed), make_nvp("precision", s.precision),
            make_nvp("dataset", s.dataset), make_nvp("population", e.population),
            make_nvp("mode", std::string(name(e.mode))), make_nvp("slots", e.slots),
            make_nvp("generations", e.generations), make_nvp("budget_flops", e.budget_flops),
            make_nvp("elite", e.elite), make_nvp("immigrants", e.immigrants),
            make_nvp("islands", e.islands), make_nvp("migration_interval", e.migration_interval),
            make_nvp("strategy", std::string(name(e.strategy))), make_nvp("fitness", s.fitness),
            make_nvp("finalists", s.finalists), make_nvp("replicates", s.replicates));
    archive(make_nvp("deadline_factor", s.deadline_factor),
            make_nvp("memory_limit", s.memory_limit), make_nvp("inject", s.inject));
    archive(make_nvp("tokens", s.tokens), make_nvp("bigram_loss", s.bigram_loss),
            make_nvp("uniform_loss", s.uniform_loss));
    if (e.strategy != StrategyKind::elite_copies) {
      archive(make_nvp("tournament", e.tournament));
    } else {
      archive(make_nvp("samples", s.samples));
    }
    archive(make_nvp("temperature", s.temperature));
  }
  return text.str() + "\n";
}

}  // namespace microgpt::run
