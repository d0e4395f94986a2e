#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "microgpt/genome/genome.hpp"

namespace microgpt::run {

/// One training and its results, for other programs.
struct CreatureReport {
  Genome genome;
  std::uint64_t seed = 1;
  std::uint32_t replicate = 0;
  std::string precision, dataset, version;    ///< dataset: SHA-256 of the file
  double validation_loss = 0, test_loss = 0;  ///< nats per token
  std::uint64_t parameters = 0;
  double training_flops = 0;  ///< 0 if the weights were loaded
  double seconds = 0;         ///< of training
  std::vector<std::string> names;
};

/// One JSON object and a newline. Losses are finite; otherwise the training would have failed.
std::string to_json(const CreatureReport& report);

}  // namespace microgpt::run
