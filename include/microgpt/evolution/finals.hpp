#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "microgpt/evolution/objective.hpp"
#include "microgpt/evolution/trial.hpp"
#include "microgpt/training/text_statistics.hpp"

namespace microgpt::evolution {

/// The mean of some independent measurements.
struct Estimate {
  double mean = 0;
  double standard_error = 0;  ///< of the mean: standard deviation / sqrt(count)
  std::size_t count = 0;

  /// Half the width of the interval that holds the next measurement with probability 0.95, if
  /// measurements are normally distributed: t standard_error sqrt(count + 1), t the 97.5 % quantile
  /// of Student's distribution with count - 1 degrees of freedom. Infinite for one measurement.
  double next_within() const;
  /// Half the width of the 95 % confidence interval of the mean: t standard_error. Infinite for one
  /// measurement.
  double mean_within() const;
};

Estimate estimate_of(std::span<const double> measurements);

/// Half the width of the 95 % confidence interval of the difference of two means, each of two
/// measurements at least: Welch, "The generalization of 'Student's' problem when several different
/// population variances are involved", 1947.
double difference_within(const Estimate& a, const Estimate& b);

/// " ± 0.0025", or nothing where a single measurement says nothing of its error.
std::string plus_minus(const Estimate& estimate);

/// One of the best of a search, retrained as several replicates.
struct Finalist {
  Organism organism;
  std::vector<Evaluation> replicates;  ///< number 1 first; number 0 was the search
  Estimate fitness, validation, test;  ///< over the replicates that did not fail; else kMaxLoss

  std::size_t failures() const;  ///< of the replicates
  bool failed() const;           ///< all of them
};

/// How often a training reads a text, about: as if all documents were of the same length.
double epochs_of(const GptGenome& genome, const TextStatistics& text);

/// The share of n-grams to keep in a training that reads the text so many times, the others being
/// dropped: 1/√(1 + (epochs - 1) u²/(u² + 0.01)), u being TextStatistics::unique_ngrams. Read once,
/// an n-gram is best learnt as it is; read again and again, it is recited, unless it stands in many
/// places. The formula was fitted to what docs/texts.md shows.
double kept_ngrams(double epochs, double unique_ngrams);

/// The end of a search. Its best organisms were chosen because of one good training, so some of
/// them were lucky. Each is retrained `replicates` times with fresh initial weights and a fresh
/// order of the documents, and the one with the best mean is the champion (of those that failed
/// least often): its mean is not biased by the selection. These trainings may be longer than those
/// of the search: what is best in many short ones is then tried in few long ones.
class Finals {
 public:
  /// `longer`: how many times as many steps each training takes. Its learning rate is smaller by
  /// the fourth root of that, and fewer n-grams are kept, in the proportion of kept_ngrams(), where
  /// `text` is known; docs/texts.md has what was measured.
  Finals(std::vector<Organism> finalists, std::uint32_t replicates, double longer = 1,
         const TextStatistics& text = {});

  std::vector<Task> tasks() const;
  /// The trials of all tasks, in any order. Throws Error unless there is one for each.
  void tell(std::span<const Trial> trials);

  /// The champion first. There must be at least one finalist.
  std::span<const Finalist> ranking() const { return finalists_; }

 private:
  std::vector<Finalist> finalists_;
  std::uint32_t replicates_;
};

/// Leaves the weights of one trial of each organism: that with the lowest loss.
void keep_best_weights(std::vector<Trial>& trials);

/// The most that a training can be longer in the finals.
inline constexpr double kMostLonger = 1000;

/// How much higher the score of the search was than the mean of the new trainings.
double luck_of(const Finalist& finalist, Objective objective);

/// The best of all: of the finalists, if there are any, the first, else of the evaluated history;
/// of equals, the one born first. There must be one.
const Organism& champion_of(std::span<const Organism> history, std::span<const Finalist> finalists);

}  // namespace microgpt::evolution
