#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "microgpt/genome/genome.hpp"
#include "microgpt/training/language_model.hpp"

namespace microgpt::run {

/// One training and its results, for other programs.
struct CreatureReport {
  Genome genome;
  std::uint64_t seed = 1;
  std::uint32_t replicate = 0;
  std::string precision, dataset, version;  ///< dataset: SHA-256 of the file
  /// Nats per character, or byte; none if the weights do not say and there is no dataset.
  std::optional<double> validation_loss, test_loss;
  std::uint64_t parameters = 0;
  double training_flops = 0;  ///< 0 if the weights were loaded
  double seconds = 0;         ///< of training
  std::vector<std::string> names;
};

/// One JSON object on a line.
std::string to_json(const Judged& judged);

/// One JSON object and a newline. Losses are finite; otherwise the training would have failed.
std::string to_json(const CreatureReport& report);

}  // namespace microgpt::run
