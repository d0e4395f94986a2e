#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "microgpt/model/sampler.hpp"
#include "microgpt/model/weights.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::training {

/// A document, judged by a model.
struct Judged {
  std::string text;
  std::vector<double> surprisals;  ///< -ln P of each token, its end included if it has one; nats
  std::size_t length = 0;          ///< characters (bytes, if these are the tokens) and its end

  double nats() const;
  double bits_per_character() const;
};

/// The beginning of a text, as its vocabulary has it: in normal form C, unless tokens are bytes.
std::string normalised(std::string_view beginning, const Vocabulary& vocabulary);

/// A trained GPT with its vocabulary: it speaks, completes and judges.
class LanguageModel {
 public:
  /// Calculates in `type`, whatever the type of the numbers in the file is. Throws Error if the
  /// weights do not fit it.
  LanguageModel(const WeightFile& file, NumberType type);
  ~LanguageModel();
  LanguageModel(const LanguageModel&) = delete;
  LanguageModel& operator=(const LanguageModel&) = delete;

  const Vocabulary& vocabulary() const { return vocabulary_; }
  const GptConfig& config() const { return config_; }

  /// Generates `count` documents that begin with `beginning`. The i-th depends on the seed, i +
  /// first and the sampling alone. Throws Error if a character is not in the vocabulary.
  std::vector<std::string> speak(std::uint64_t seed, std::uint64_t first, std::size_t count,
                                 Sampling sampling, std::string_view beginning = "");

  /// Mean cross-entropy; see held_out_loss() in scoring.hpp.
  double loss(const Documents& documents);

  /// Each of some texts, with the delimiter at its end if it `ends`. Throws Error if a character is
  /// not in the vocabulary.
  std::vector<Judged> judge(const std::vector<std::string>& texts, bool ends = true);

 private:
  template <class Real>
  struct Body;
  struct Bodies;

  GptConfig config_;
  Vocabulary vocabulary_;
  std::unique_ptr<Bodies> bodies_;
};

}  // namespace microgpt::training
