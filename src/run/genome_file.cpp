#include "microgpt/run/genome_file.hpp"

#include <algorithm>

namespace microgpt::run {

GenomeFile genome_file_of(const Organism& organism, std::span<const Finalist> finalists,
                          const RunSettings& settings) {
  GenomeFile file = {
      .genome = organism.genome,
      .loss = organism.evaluation->loss,
      .generation = organism.generation,
      .evolved = true,
      .seed = settings.evolution.seed,
      .precision = std::string(name(settings.precision)),
      .dataset = settings.dataset,
      .dataset_name = settings.input,
      .documents = settings.documents ? std::string(name(*settings.documents)) : "",
      .tokenizer = settings.tokenizer,
      .split_seed = settings.split_seed,
      .fitness = settings.fitness == Objective::loss ? "" : std::string(name(settings.fitness)),
      .version = settings.version};
  const auto finalist = std::ranges::find_if(
      finalists, [&](const Finalist& f) { return f.organism.id == organism.id && !f.failed(); });
  if (finalist == finalists.end()) return file;
  file.genome = finalist->organism.genome;  // which may have trained longer than in the search
  file.loss = finalist->validation.mean;
  file.replicates = static_cast<std::uint32_t>(finalist->validation.count);
  file.standard_error = finalist->validation.standard_error;
  file.test_loss = finalist->test.mean;
  file.test_standard_error = finalist->test.standard_error;
  return file;
}

}  // namespace microgpt::run
