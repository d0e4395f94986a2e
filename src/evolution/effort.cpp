#include "microgpt/evolution/effort.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "microgpt/core/error.hpp"
#include "microgpt/genome/genome.hpp"
#include "microgpt/training/windows.hpp"

namespace microgpt::evolution {

namespace {

constexpr std::array<double, 12> kWidths = {8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384};
constexpr double kTokensEach = 20;  // of a weight
// A small text bears no more: a larger model, or a longer training, learns it by heart.
constexpr double kWeightsEach = 1.5;  // of its tokens
constexpr double kMostEpochs = 30;
constexpr std::uint32_t kFewestSteps = 100;

/// Nine documents of ten have at most so many predictions.
std::size_t usual_length(const Documents& documents) {
  std::vector<std::size_t> lengths;
  for (std::size_t i = 0; i < documents.size(); ++i) lengths.push_back(documents[i].size() - 1);
  const auto place = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() * 9 / 10);
  std::ranges::nth_element(lengths, place);
  return *place;
}

/// Contexts from half of the usual length to twice of it, within what pays on texts.
std::vector<double> contexts(const Dataset& dataset) {
  const std::size_t length = usual_length(dataset.training);
  std::vector<double> all = {8, 12, 16, 24, 32, 48, 64, 96, 128};
  const double most = static_cast<double>(std::min<std::size_t>(length, 64)) * 2;
  std::erase_if(all, [&](double n_ctx) { return n_ctx > 8 && (n_ctx < most / 5 || n_ctx > most); });
  return all;
}

double context_of_recipe(const Dataset& dataset) {
  const std::vector<double> all = contexts(dataset);
  const auto length =
      static_cast<double>(std::min<std::size_t>(usual_length(dataset.training), 64));
  const auto found = std::ranges::find_if(all, [&](double n_ctx) { return n_ctx >= length; });
  return found == all.end() ? all.back() : *found;
}

/// With as many steps as it takes for such a cost; at least a hundred.
Genome lasting(Genome genome, double flops, const Dataset& dataset) {
  const CostModel cost_of(dataset);
  genome.steps = 100'000;
  const double each = cost_of(genome).flops / genome.steps;
  genome.steps =
      static_cast<std::uint32_t>(std::clamp(0.98 * flops / each, 1.0 * kFewestSteps, 1e7));
  return genome;
}

double parameters_of(const Genome& genome, const Dataset& dataset) {
  return static_cast<double>(parameter_count(gpt_config(genome, dataset.vocabulary.size())));
}

/// Those that every token uses: all but the tables of tokens.
double shared_parameters_of(const Genome& genome, const Dataset& dataset) {
  const double tables = 2.0 + genome.lookback - (genome.tie ? 1 : 0);
  return parameters_of(genome, dataset) -
         tables * genome.n_emb * static_cast<double>(dataset.vocabulary.size());
}

/// How many times a training of such a cost reads the text.
double epochs_of(const Genome& genome, double flops, const Dataset& dataset) {
  return flops / 6 / parameters_of(genome, dataset) /
         static_cast<double>(dataset.training.prediction_count());
}
double epochs_of(const Genome& genome, const Dataset& dataset) {
  return epochs_of(genome, CostModel(dataset)(genome).flops, dataset);
}

/// One width below and two above, of those that there are.
std::vector<double> widths_around(double width) {
  std::vector<double> widths;
  const auto place = std::ranges::find(kWidths, width) - kWidths.begin();
  for (std::size_t i = 0; i < kWidths.size(); ++i) {
    const auto distance = static_cast<std::ptrdiff_t>(i) - place;
    if (distance >= -2 && distance <= 2) widths.push_back(kWidths[i]);
  }
  return widths;
}

SearchSpace space_around(const Genome& recipe, double flops, const Dataset& dataset) {
  SearchSpace space = SearchSpace::primordial();
  const auto listed = [&](std::string_view gene, std::vector<double> values) {
    space[gene] = ListDomain{std::move(values)};
  };
  listed("n_emb", widths_around(recipe.n_emb));
  listed("n_head", {1, 2, 4, 8});
  listed("n_layer", {1, 2, 3, 4, 5, 6});
  listed("n_ctx", contexts(dataset));
  listed("n_ff_exp", {1, 2, 3, 4});
  space["lr"] = LogDomain{0.0005, 0.03};
  const double steps = recipe.steps;
  space["steps"] = RangeDomain{kFewestSteps,
                               std::ceil(8 * steps),
                               {kFewestSteps, std::ceil(steps / 4) + kFewestSteps,
                                steps + 2 * kFewestSteps, 2 * steps + 3 * kFewestSteps},
                               {std::ceil(steps / 20), std::ceil(steps / 4) + 1}};
  listed("batch", {4, 8, 16, 32, 64});
  space["activation"] = ListDomain{{1, 2, 3}};  // relu2, gelu, swiglu
  space["position"] = ListDomain{{0, 1, 2}};
  listed("qk_norm", {0, 1});
  listed("tie", {0, 1});
  listed("lookback", {0, 1, 2, 3, 4});
  space["init"] = ListDomain{{static_cast<double>(Init::scaled)}};
  space["schedule"] = ListDomain{{0, 1, 2}};
  listed("warmup", {0, 0.02, 0.05});
  listed("beta1", {recipe.beta1}), listed("beta2", {recipe.beta2});
  listed("weight_decay", {0, 0.03, 0.1, 0.3});
  listed("dropout", {0, 0.05, 0.1, 0.15, 0.2, 0.3});
  space.max_training_flops = flops;
  return space;
}

}  // namespace

Genome recipe(double flops, const Dataset& dataset) {
  Genome genome = {.n_ctx = static_cast<std::uint32_t>(context_of_recipe(dataset)),
                   .n_ff_exp = 3,
                   .batch = 16,
                   .activation = Activation::swiglu,
                   .position = Position::both,
                   .qk_norm = true,
                   .lookback = 2,
                   .init = Init::scaled,
                   .schedule = RateSchedule::constant,
                   .warmup = 0.02,
                   .beta1 = 0.9,
                   .beta2 = 0.99};
  const auto shape = [&](double width) {
    genome.n_emb = static_cast<std::uint32_t>(width);
    genome.n_head = genome.n_emb < 32 ? 1 : genome.n_emb < 64 ? 2 : genome.n_emb < 192 ? 4 : 8;
    genome.n_layer = genome.n_emb < 32 ? 1 : genome.n_emb < 64 ? 2 : genome.n_emb < 192 ? 3 : 4;
  };
  const auto read = static_cast<double>(dataset.training.prediction_count());
  shape(kWidths.front());
  for (const double width : kWidths) {
    const Genome smaller = genome;
    shape(width);
    const double tokens = flops / 6 / parameters_of(genome, dataset);
    const double weights = parameters_of(genome, dataset);
    if (tokens >= kTokensEach * weights &&
        shared_parameters_of(genome, dataset) <= kWeightsEach * read) {
      continue;
    }
    if (width > kWidths.front()) genome = smaller;
    break;
  }
  genome.lr = 0.004 * std::sqrt(64.0 / genome.n_emb);
  const double epochs = epochs_of(genome, flops, dataset);
  genome.dropout = epochs < 5 ? 0 : 0.1;
  genome.weight_decay = epochs < 5 ? 0.03 : 0.1;
  return lasting(genome, flops * std::min(1.0, kMostEpochs / epochs), dataset);
}

namespace {

/// So many times as much as a recipe takes can pay for what is found beside it.
constexpr double kBeyondRecipe = 4;

/// The parts of an effort, in floating-point operations.
struct Shares {
  double training;     ///< the largest one of the search
  double final_steps;  ///< a training of the finals, in such trainings
  std::uint32_t finalists, replicates;
};

/// A worker does so many trainings at least, or all of them together; otherwise a search would
/// learn nothing.
double most_of_training(double flops, double workers) {
  return flops / std::max(24.0, 16 * workers);
}

Shares shares_of(double flops, double workers, const Dataset& dataset) {
  const CostModel cost_of(dataset);
  // Half of all for long trainings at the end, one for each worker.
  const double training = most_of_training(flops / 2, workers);
  const Genome genome = recipe(training, dataset);
  const double cost = cost_of(genome).flops;
  const double borne = cost * kMostEpochs / epochs_of(genome, dataset);
  const double longer = std::min(flops / 2 / workers, borne) / training;
  if (cost <= training && longer >= 2) {
    // One for each worker, as far as there is something to choose from.
    const std::uint32_t finalists = static_cast<std::uint32_t>(std::clamp(workers / 2, 1.0, 8.0));
    return {training, longer, finalists, workers >= 2 ? 2U : 1U};
  }
  const double beside =
      kBeyondRecipe * cost_of(recipe(most_of_training(flops, workers), dataset)).flops;
  return {std::min(most_of_training(flops, workers), beside), 1, 2, 2};
}

}  // namespace

EffortPlan plan_effort(double flops, std::size_t workers, const Dataset& dataset) {
  const Shares shares = shares_of(flops, static_cast<double>(workers), dataset);
  EffortPlan plan;
  plan.finalists = shares.finalists, plan.replicates = shares.replicates;
  plan.final_steps = shares.final_steps;
  plan.slots = std::max<std::size_t>(4, 2 * workers);
  const Genome first = recipe(shares.training, dataset);
  const double cost = CostModel(dataset)(first).flops;
  require(cost <= shares.training,
          "{:.2g} floating-point operations are too few: the smallest model needs {:.2g} for its "
          "training, which is to be at most {:.2g}",
          flops, cost, shares.training);
  plan.space = space_around(first, shares.training, dataset);
  plan.first = {first};
  // Of what a training costs, its scoring takes a part, also where trainings are short.
  const GptConfig config = gpt_config(first, dataset.vocabulary.size());
  const double scoring = scoring_flops(config, dataset.validation) / shares.training;
  // All wait for the last of the finals.
  const double count = plan.finalists * plan.replicates, all = static_cast<double>(workers);
  const double finals = std::ceil(count / all) * all * shares.final_steps * shares.training;
  plan.budget_flops = (flops - finals) / (1 + 3 * scoring);
  require(plan.budget_flops >= cost,
          "{:.2g} floating-point operations are too few: scoring alone would take most of them",
          flops);
  return plan;
}

}  // namespace microgpt::evolution
