#include "microgpt/evolution/finals.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <map>

#include "microgpt/core/error.hpp"
#include "microgpt/genome/gpt_genome.hpp"

namespace microgpt::evolution {

double Estimate::mean_within() const {
  if (count < 2) return std::numeric_limits<double>::infinity();
  const boost::math::students_t distribution(static_cast<double>(count) - 1);
  return boost::math::quantile(distribution, 0.975) * standard_error;
}

double Estimate::next_within() const {
  return mean_within() * std::sqrt(static_cast<double>(count) + 1);
}

Estimate estimate_of(std::span<const double> measurements) {
  const double n = static_cast<double>(measurements.size());
  double sum = 0, squares = 0;
  for (const double x : measurements) sum += x;
  const double mean = sum / n;
  for (const double x : measurements) squares += (x - mean) * (x - mean);
  const double error = measurements.size() < 2 ? 0 : std::sqrt(squares / (n - 1) / n);
  return {.mean = mean, .standard_error = error, .count = measurements.size()};
}

double difference_within(const Estimate& a, const Estimate& b) {
  const double of_a = a.standard_error * a.standard_error,
               of_b = b.standard_error * b.standard_error;
  if (of_a + of_b == 0) return 0;
  const double freedom = (of_a + of_b) * (of_a + of_b) /
                         (of_a * of_a / (static_cast<double>(a.count) - 1) +
                          of_b * of_b / (static_cast<double>(b.count) - 1));
  return boost::math::quantile(boost::math::students_t(freedom), 0.975) * std::sqrt(of_a + of_b);
}

std::string plus_minus(const Estimate& estimate) {
  return estimate.count < 2 ? "" : fmt::format(" ± {:.4f}", estimate.standard_error);
}

void keep_best_weights(std::vector<Trial>& trials) {
  std::map<std::uint64_t, Trial*> best;
  for (Trial& trial : trials) {
    if (trial.evaluation.weights.empty()) continue;
    Trial*& of_organism = best[trial.task.id];
    if (of_organism != nullptr && of_organism->evaluation.loss <= trial.evaluation.loss) {
      trial.evaluation.weights.clear();
      continue;
    }
    if (of_organism != nullptr) of_organism->evaluation.weights.clear();
    of_organism = &trial;
  }
}

double luck_of(const Finalist& finalist, Objective objective) {
  return score_of(objective, finalist.organism.evaluation->fitness) -
         score_of(objective, finalist.fitness.mean);
}

std::size_t Finalist::failures() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(replicates, [](const Evaluation& e) { return e.failed(); }));
}

bool Finalist::failed() const { return failures() == replicates.size(); }

namespace {

void summarise(Finalist& finalist) {
  if (finalist.failed()) {
    finalist.fitness = finalist.validation = finalist.test = {.mean = kMaxLoss};
    return;
  }
  std::vector<double> fitness, validation, test;
  for (const Evaluation& e : finalist.replicates) {
    if (e.failed()) continue;
    fitness.push_back(e.fitness);
    validation.push_back(e.loss);
    test.push_back(e.test_loss.value());
  }
  finalist.fitness = estimate_of(fitness);
  finalist.validation = estimate_of(validation);
  finalist.test = estimate_of(test);
}

}  // namespace

double epochs_of(const GptGenome& genome, const TextStatistics& text) {
  const auto tokens = static_cast<double>(text.tokens);
  const double window =
      std::min<double>(genome.n_ctx, tokens / static_cast<double>(text.documents));
  return 1.0 * genome.steps * genome.batch * window / tokens;
}

double kept_ngrams(double epochs, double unique_ngrams) {
  constexpr double kMany = 0.1;
  const double square = unique_ngrams * unique_ngrams;
  return 1 / std::sqrt(1 + std::max(epochs - 1, 0.0) * square / (square + kMany * kMany));
}

namespace {

/// The factor, or the nearest one that makes a valid whole number of steps.
double factor_within_range(const Genome& genome, double factor) {
  if (factor == 1) return 1;
  const Gene& gene = gpt_genes()["steps"];
  const double steps = genome[gene];
  return std::min(gene.high, std::round(factor * steps)) / steps;
}

/// A genome for a training of so many times as many steps, which are few enough for a genome.
Genome prolonged(GptGenome genome, double factor, const TextStatistics& text) {
  genome.lr /= std::sqrt(std::sqrt(factor));
  if (factor > 1 && genome.ngram > 1 && text.tokens > 0) {
    const double epochs = epochs_of(genome, text);
    const double kept =
        kept_ngrams(epochs * factor, text.unique_ngrams) / kept_ngrams(epochs, text.unique_ngrams);
    genome.ngram_dropout =
        std::min(gpt_genes()["ngram_dropout"].high, 1 - (1 - genome.ngram_dropout) * kept);
  }
  genome.steps = static_cast<std::uint32_t>(std::round(factor * genome.steps));
  return genome;
}

}  // namespace

Finals::Finals(std::vector<Organism> finalists, std::uint32_t replicates, double longer,
               const TextStatistics& text)
    : replicates_(replicates) {
  for (Organism& organism : finalists) {
    const double factor = factor_within_range(organism.genome, longer);
    if (factor != 1) organism.genome = prolonged(gpt_genome(organism.genome), factor, text);
    organism.flops *= factor;
    finalists_.emplace_back().organism = std::move(organism);
  }
}

std::vector<Task> Finals::tasks() const {
  std::vector<Task> tasks;
  for (const Finalist& finalist : finalists_) {
    for (std::uint32_t replicate = 1; replicate <= replicates_; ++replicate) {
      Task& task = tasks.emplace_back(task_of(finalist.organism));
      task.replicate = replicate;
      task.priority = task.flops;  // the longest first; the virtual clock has stopped
      task.keeps_weights = true;   // those of one of them are the champion's
    }
  }
  return tasks;
}

void Finals::tell(std::span<const Trial> trials) {
  std::map<Task::Key, const Evaluation*> found;
  for (const Trial& trial : trials) found[trial.task.key()] = &trial.evaluation;
  require(trials.size() == finalists_.size() * replicates_ && found.size() == trials.size(),
          "{} results of replicates, but {} are awaited", trials.size(),
          finalists_.size() * replicates_);
  for (Finalist& finalist : finalists_) {
    finalist.replicates.clear();
    for (std::uint32_t replicate = 1; replicate <= replicates_; ++replicate) {
      const auto at = found.find({finalist.organism.id, replicate});
      require(at != found.end(), "replicate {} of organism {} is missing", replicate,
              finalist.organism.id);
      finalist.replicates.push_back(*at->second);
    }
    summarise(finalist);
  }
  std::stable_sort(finalists_.begin(), finalists_.end(), [](const Finalist& a, const Finalist& b) {
    return std::pair(a.failures(), a.fitness.mean) < std::pair(b.failures(), b.fitness.mean);
  });
}

const Organism& champion_of(std::span<const Organism> history,
                            std::span<const Finalist> finalists) {
  return finalists.empty() ? *std::ranges::min_element(history, better)
                           : finalists.front().organism;
}

}  // namespace microgpt::evolution
