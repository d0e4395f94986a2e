#include "microgpt/experiment/settings.hpp"

#include <cereal/archives/json.hpp>
#include <cereal/types/string.hpp>

#include <sstream>

namespace microgpt {

std::string to_json(const RunSettings& s) {
  const EvolutionConfig& e = s.evolution;
  const bool by_tournament = e.breeding == Breeding::tournament;
  std::ostringstream text;
  {
    using cereal::make_nvp;
    using Options = cereal::JSONOutputArchive::Options;
    cereal::JSONOutputArchive archive(text, Options(324, Options::IndentChar::space, 2));
    archive(make_nvp("program", s.program), make_nvp("version", s.version),
            make_nvp("seed", e.seed), make_nvp("precision", s.precision),
            make_nvp("dataset", s.dataset), make_nvp("population", e.population),
            make_nvp("generations", e.generations), make_nvp("elite", e.elite),
            make_nvp("immigrants", e.immigrants));
    if (by_tournament) {
      archive(make_nvp("tournament", e.tournament));
    } else {
      archive(make_nvp("samples", s.samples), make_nvp("temperature", s.temperature));
    }
  }
  return text.str() + "\n";
}

}  // namespace microgpt
