#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "microgpt/training/language_model.hpp"

namespace CLI {
class App;
}

namespace microgpt::apps {

/// What a creature is to do with what it has learnt.
struct SpeechOptions {
  std::uint32_t samples = 10;
  Sampling sampling = {.length = 200};
  std::string prompt;
  bool lines = false;                ///< print the documents alone
  bool is_fresh = false;             ///< only those that are not in the dataset, and none twice
  bool interactive = false;          ///< continue each line of standard input
  std::optional<std::string> score;  ///< a file whose documents are judged ...
  std::string score_bytes;           ///< ... and what is in it
};

void add_speech_options(CLI::App& app, SpeechOptions& options);

/// Reads the file that is to be judged. Throws Error naming the option or the file, the value
/// and the rule.
void prepare(SpeechOptions& options);

/// Throws Error if a model with this vocabulary does not know a part of the prompt.
void require_known(const Vocabulary& vocabulary, const SpeechOptions& options);

/// The documents that are to be judged. Throws Error if one is no text, or has a part that a model
/// with this vocabulary does not know.
std::vector<std::string> documents_to_judge(const SpeechOptions& options,
                                            const Vocabulary& vocabulary, DocumentKind kind);

/// The documents that are asked for. `known`: those that are not fresh. Throws Error if too few
/// fresh ones are found.
std::vector<std::string> speak(LanguageModel& model, std::uint64_t seed,
                               const SpeechOptions& options, std::unordered_set<std::string> known);

/// Judges some documents, which go on or end, the oddest first: as a table, or a JSON object on
/// each line.
void print_scores(LanguageModel& model, const std::vector<std::string>& documents, bool ends,
                  bool as_json);

/// Continues what stands on each line of standard input.
void converse(LanguageModel& model, std::uint64_t seed, const SpeechOptions& options);

}  // namespace microgpt::apps
