#include "microgpt/evolution/effort.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "microgpt/core/error.hpp"
#include "microgpt/evolution/finals.hpp"
#include "microgpt/genome/gpt_genome.hpp"

namespace microgpt::evolution {

namespace {

constexpr std::array<double, 12> kWidths = {8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384};
constexpr double kTokensEach = 20;  // of a weight
// A small text bears no more: a larger model, or a longer training, learns it by heart.
constexpr double kWeightsEach = 1.5;  // of its tokens
constexpr double kMostEpochs = 30;
constexpr std::uint32_t kFewestSteps = 100;
// Of the table of n-grams. A larger one would be a burden on the memory of nodes with many ranks.
constexpr double kFewestRows = 1024, kMostRows = 131'072, kMostOfTable = 4'194'304;

/// Nine documents of ten have at most so many predictions.
std::size_t usual_length(const Documents& documents) {
  std::vector<std::size_t> lengths;
  for (std::size_t i = 0; i < documents.size(); ++i) lengths.push_back(documents.size_of(i) - 1);
  const auto place = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() * 9 / 10);
  std::ranges::nth_element(lengths, place);
  return *place;
}

/// Two widths below and two above, of those that there are.
std::vector<double> widths_around(double width) {
  const auto place = std::ranges::find(kWidths, width);
  const auto begin = place - std::min<std::ptrdiff_t>(2, place - kWidths.begin());
  const auto end = place + std::min<std::ptrdiff_t>(3, kWidths.end() - place);
  return {begin, end};
}

/// The rows of the table of n-grams: a power of two, from a quarter to half of the tokens of a
/// text, and no more than leave room for a network of the space around a recipe of such a width.
double ngram_rows_for(double tokens, double width) {
  double rows = kFewestRows;
  while (rows < kMostRows && 4 * rows <= tokens) rows *= 2;
  while (rows * width > kMostOfTable) rows /= 2;
  return rows;
}

/// All values of a gene that is a category.
ListDomain categories_of(const Gene& gene) {
  ListDomain domain;
  for (double value = gene.low; value <= gene.high; ++value) domain.values.push_back(value);
  return domain;
}

/// The parts of an effort, in floating-point operations.
struct Shares {
  double training;     ///< the largest one of the search
  double final_steps;  ///< a training of the finals, in such trainings
  std::uint32_t finalists, replicates;
};

/// What is asked of a dataset again and again, while its documents are read once.
class Planner {
 public:
  explicit Planner(const Dataset& dataset)
      : dataset_(dataset),
        cost_of_(dataset),
        text_(statistics_of(dataset)),
        tokens_(static_cast<double>(text_.tokens)),
        length_(static_cast<double>(std::min<std::size_t>(usual_length(dataset.training), 64))) {}

  GptGenome recipe(double flops) const;
  Shares shares(double flops, double workers) const;
  SearchSpace space_around(const GptGenome& recipe, double flops) const;
  double flops_of(const Genome& genome) const { return cost_of_(genome).flops; }

 private:
  /// Contexts from two fifths of the usual length to twice of it, at most 128.
  std::vector<double> contexts() const {
    std::vector<double> all = {8, 12, 16, 24, 32, 48, 64, 96, 128};
    std::erase_if(all, [&](double n) { return n > 8 && (n < 0.4 * length_ || n > 2 * length_); });
    return all;
  }
  double context_of_recipe() const {
    const std::vector<double> all = contexts();
    const auto found = std::ranges::find_if(all, [&](double n_ctx) { return n_ctx >= length_; });
    return found == all.end() ? all.back() : *found;
  }
  /// All but the table of n-grams.
  double parameters_of(GptGenome genome) const {
    genome.ngram = 1;
    return cost_of_(genome).parameters;
  }
  /// Those that every token uses: all but the tables.
  double shared_parameters_of(const GptGenome& genome) const {
    const double tables = 2.0 + genome.lookback;
    return parameters_of(genome) -
           tables * genome.n_emb * static_cast<double>(dataset_.vocabulary.size());
  }
  /// How many times a training of such a cost reads the text.
  double epochs_of(const GptGenome& genome, double flops) const {
    return flops / 6 / parameters_of(genome) / tokens_;
  }
  bool is_worth(const GptGenome& genome, double flops) const {
    const double learnt = flops / 6 / parameters_of(genome);
    return learnt >= kTokensEach * parameters_of(genome) &&
           shared_parameters_of(genome) <= kWeightsEach * tokens_;
  }

  const Dataset& dataset_;
  CostModel cost_of_;
  TextStatistics text_;
  double tokens_, length_;
};

SearchSpace Planner::space_around(const GptGenome& recipe, double flops) const {
  SearchSpace space = SearchSpace::primordial();
  const auto listed = [&](std::string_view gene, std::vector<double> values) {
    space[gene] = ListDomain{std::move(values)};
  };
  listed("n_emb", widths_around(recipe.n_emb));
  listed("n_head", {1, 2, 4, 8});
  listed("n_layer", {1, 2, 3, 4, 5, 6, 8});
  listed("n_ctx", contexts());
  listed("n_ff_exp", {1, 2, 3, 4});
  space["lr"] = LogDomain{0.0005, 0.03};
  const double steps = recipe.steps;
  space["steps"] = RangeDomain{kFewestSteps,
                               std::ceil(8 * steps),
                               {kFewestSteps, std::ceil(steps / 4) + kFewestSteps,
                                steps + 2 * kFewestSteps, 2 * steps + 3 * kFewestSteps},
                               {std::ceil(steps / 20), std::ceil(steps / 4) + 1}};
  listed("batch", {4, 8, 16, 32, 64, 128});
  for (const char* gene : {"activation", "position", "qk_norm", "tie", "schedule"}) {
    space[gene] = categories_of(space.genes()[gene]);
  }
  std::erase(std::get<ListDomain>(space["activation"]).values,
             static_cast<double>(Activation::relu));
  listed("lookback", {0, 1, 2});
  listed("ngram", {1, 2, 3, 4, 5, 6, 8});
  const double rows = recipe.ngram_rows;
  listed("ngram_rows", {rows / 4, rows, 2 * rows});
  listed("init", {static_cast<double>(Init::scaled)});
  listed("warmup", {0, 0.02, 0.05});
  listed("beta1", {recipe.beta1}), listed("beta2", {recipe.beta2});
  listed("weight_decay", {0, 0.03, 0.1, 0.3});
  listed("dropout", {0, 0.05, 0.1, 0.15, 0.2, 0.3});
  space["ngram_dropout"] = LinearDomain{0, 0.95};
  space.max_training_flops = flops;
  return space;
}

/// The sizes that go with a width.
GptGenome shaped(GptGenome genome, double width) {
  genome.n_emb = static_cast<std::uint32_t>(width);
  genome.n_head = width < 32 ? 1 : width < 64 ? 2 : width < 192 ? 4 : 8;
  genome.n_layer = width < 32 ? 1 : width < 64 ? 2 : width < 192 ? 3 : 4;
  return genome;
}

GptGenome Planner::recipe(double flops) const {
  const GptGenome base = {.n_ctx = static_cast<std::uint32_t>(context_of_recipe()),
                          .n_ff_exp = 3,
                          .batch = 16,
                          .activation = Activation::swiglu,
                          .position = Position::both,
                          .qk_norm = true,
                          .ngram = 5,
                          .init = Init::scaled,
                          .schedule = RateSchedule::constant,
                          .warmup = 0.02,
                          .beta1 = 0.9,
                          .beta2 = 0.99};
  GptGenome genome = shaped(base, kWidths.front());
  for (const double width : kWidths) {
    const GptGenome wider = shaped(base, width);
    if (!is_worth(wider, flops)) break;
    genome = wider;
  }
  genome.ngram_rows = static_cast<std::uint32_t>(ngram_rows_for(tokens_, genome.n_emb));
  genome.lr = 0.004 * std::sqrt(64.0 / genome.n_emb);
  const double epochs = epochs_of(genome, flops);
  genome.dropout = epochs < 5 ? 0 : 0.1;
  // Hundredths, which a file gives back as they are.
  const double kept = kept_ngrams(std::min(epochs, kMostEpochs), text_.unique_ngrams);
  genome.ngram_dropout = std::floor(100 * (1 - kept)) / 100;
  genome.weight_decay = epochs < 5 ? 0.03 : 0.1;
  // As many steps as it takes for the cost.
  constexpr std::uint32_t kMany = 100'000;
  genome.steps = kMany;
  const double each = flops_of(genome) / kMany;
  const double steps = 0.98 * flops * std::min(1.0, kMostEpochs / epochs) / each;
  genome.steps = static_cast<std::uint32_t>(std::clamp(steps, 1.0 * kFewestSteps, 1e7));
  return genome;
}

/// A worker does so many trainings at least, or all of them together; otherwise a search would
/// learn nothing.
double most_of_training(double flops, double workers) {
  return flops / std::max(24.0, 16 * workers);
}

Shares Planner::shares(double flops, double workers) const {
  // Half of all for long trainings at the end.
  const double training = most_of_training(flops / 2, workers);
  const GptGenome genome = recipe(training);
  const double cost = flops_of(genome);
  const double borne = cost * kMostEpochs / epochs_of(genome, cost);
  const double longer = std::min(flops / 2 / workers, borne) / training;
  if (cost <= training && longer >= 2) {
    // One for each worker, as far as there is something to choose from.
    const auto finalists = static_cast<std::uint32_t>(std::clamp(workers / 2, 1.0, 8.0));
    return {training, longer, finalists, workers >= 2 ? 2U : 1U};
  }
  constexpr double kBeyondRecipe = 4;  // so much more may pay for what is found beside it
  const double most = most_of_training(flops, workers);
  return {std::min(most, kBeyondRecipe * flops_of(recipe(most))), 1, 2, 2};
}

}  // namespace

GptGenome recipe(double flops, const Dataset& dataset) { return Planner(dataset).recipe(flops); }

EffortPlan plan_effort(double flops, std::size_t workers, const Dataset& dataset) {
  const Planner planner(dataset);
  const Shares shares = planner.shares(flops, static_cast<double>(workers));
  EffortPlan plan;
  plan.finalists = shares.finalists, plan.replicates = shares.replicates;
  plan.final_steps = shares.final_steps;
  plan.slots = std::max<std::size_t>(4, 2 * workers);
  const GptGenome recipe = planner.recipe(shares.training);
  const double cost = planner.flops_of(recipe);
  require(cost <= shares.training,
          "{:.2g} floating-point operations are too few: the smallest model needs {:.2g} for its "
          "training, which is to be at most {:.2g}",
          flops, cost, shares.training);
  plan.space = planner.space_around(recipe, shares.training);
  plan.first = canonical(recipe, plan.space);
  // Scoring comes on top of each training, of which the usual one is a third of the largest.
  const GptConfig config = gpt_config(plan.first, dataset.vocabulary.size());
  const double scoring = 3 * scoring_flops(config, dataset.validation) / shares.training;
  // All wait for the last of the finals.
  const double count = plan.finalists * plan.replicates, all = static_cast<double>(workers);
  const double finals = std::ceil(count / all) * all * shares.final_steps * shares.training;
  plan.budget_flops = (flops - finals) / (1 + scoring);
  require(plan.budget_flops >= cost,
          "{:.2g} floating-point operations are too few: scoring alone would take most of them",
          flops);
  return plan;
}

}  // namespace microgpt::evolution
