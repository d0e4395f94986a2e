#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "microgpt/genome/genome.hpp"
#include "microgpt/model/weights.hpp"
#include "microgpt/training/corpus.hpp"

namespace microgpt::run {

/// What a weight file says of the training that it comes from, in its metadata.
struct TrainingNotes {
  Genome genome;
  std::uint32_t replicate = 0;
  std::string dataset;       ///< SHA-256 of the file
  std::string dataset_name;  ///< of the file, without folders
  DocumentKind documents = DocumentKind::lines;
  std::string tokenizer = "characters";       ///< what it is cut into: see --tokens
  std::optional<std::uint64_t> split_seed;    ///< none: that of the training
  std::string version;                        ///< of the program
  double validation_loss = 0, test_loss = 0;  ///< nats per character
};

void put_notes(WeightFile& file, const TrainingNotes& notes);

/// None if the file says nothing of its training, as those of other programs do. Throws Error if
/// what it says is not valid.
std::optional<TrainingNotes> notes_of(const WeightFile& file);

}  // namespace microgpt::run
