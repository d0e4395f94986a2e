#include "microgpt/run/creature_json.hpp"

#include <cereal/archives/json.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>

#include <sstream>

#include "microgpt/genome/genes.hpp"

namespace microgpt::run {

std::string to_json(const CreatureReport& r) {
  std::ostringstream text;
  {
    using cereal::make_nvp;
    using Options = cereal::JSONOutputArchive::Options;
    cereal::JSONOutputArchive archive(text, Options(324, Options::IndentChar::space, 2));
    archive(make_nvp("validation_loss", r.validation_loss), make_nvp("test_loss", r.test_loss),
            make_nvp("parameters", r.parameters), make_nvp("training_flops", r.training_flops),
            make_nvp("seconds", r.seconds));
    for_each_gene(r.genome, [&](const Gene& gene, const auto& value) {
      archive(make_nvp(std::string(gene.name), value));
    });
    archive(make_nvp("seed", r.seed), make_nvp("replicate", r.replicate),
            make_nvp("precision", r.precision), make_nvp("dataset", r.dataset),
            make_nvp("version", r.version), make_nvp("names", r.names));
  }
  return text.str() + "\n";
}

}  // namespace microgpt::run
