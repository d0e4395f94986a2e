#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "creature/options.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/model/weights.hpp"
#include "microgpt/run/training_notes.hpp"

namespace microgpt::apps {

/// Everything that is decided before the first step. With weights it is trained already, unless
/// they are those of --init.
struct Beginning {
  std::string_view origin;  ///< as the closing line names it
  Genome genome;
  CommonOptions
      common;  ///< a file is read as that of the genome or the weights, if nothing is said
  Precision precision = Precision::f64;
  std::uint64_t seed = 1;
  std::optional<GenomeFile> dna;
  std::optional<WeightFile> weights;
  std::string weights_file;            ///< where they are from
  std::optional<TrainingNotes> notes;  ///< what they say of their training

  bool is_trained(const CreatureOptions& options) const { return weights && !options.init; }
};

/// A creature that is to be trained, from its genome, or one that is: from the weights of a file,
/// or from those that the run of its genome has kept.
Beginning beginning_of(const CreatureOptions& options);

}  // namespace microgpt::apps
