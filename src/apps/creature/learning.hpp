#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "creature/beginning.hpp"
#include "microgpt/training/dataset.hpp"
#include "microgpt/training/language_model.hpp"

namespace microgpt::apps {

struct Training {
  std::string trace;  ///< the content of the --trace file
  double seconds = 0;
};

/// What a creature is when it is done with learning.
struct Learnt {
  Beginning begin;
  std::optional<Dataset> data;  ///< none if weights were loaded, and no dataset was asked for
  std::unique_ptr<LanguageModel> model;
  std::optional<double> validation_loss, test_loss;
  DocumentKind kind = DocumentKind::lines;                      ///< that it has learnt
  std::vector<std::string> judged;                              ///< documents that it is to judge
  std::optional<std::string> weights, initial, c_source, page;  ///< files
  Training training;
};

/// Trains, unless the creature is trained already. `talks`: introduces it, and shows the progress.
/// Throws Error naming the file, the value and the rule.
Learnt learnt_by(const CreatureOptions& options, Beginning begin, bool talks);

}  // namespace microgpt::apps
