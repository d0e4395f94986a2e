#include "microgpt/experiment/creature_json.hpp"

#include <cereal/archives/json.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>

#include <sstream>

namespace microgpt {

std::string to_json(const CreatureReport& r) {
  std::ostringstream text;
  {
    using cereal::make_nvp;
    using Options = cereal::JSONOutputArchive::Options;
    cereal::JSONOutputArchive archive(text, Options(324, Options::IndentChar::space, 2));
    archive(make_nvp("validation_loss", r.validation_loss), make_nvp("test_loss", r.test_loss),
            make_nvp("parameters", r.parameters), make_nvp("training_flops", r.training_flops),
            make_nvp("seconds", r.seconds), make_nvp("n_emb", r.genome.n_emb),
            make_nvp("n_head", r.genome.n_head), make_nvp("n_layer", r.genome.n_layer),
            make_nvp("n_ctx", r.genome.n_ctx), make_nvp("n_ff_exp", r.genome.n_ff_exp),
            make_nvp("lr", r.genome.lr), make_nvp("steps", r.genome.steps),
            make_nvp("seed", r.seed), make_nvp("replicate", r.replicate),
            make_nvp("precision", r.precision), make_nvp("dataset", r.dataset),
            make_nvp("version", r.version), make_nvp("names", r.names));
  }
  return text.str() + "\n";
}

}  // namespace microgpt
