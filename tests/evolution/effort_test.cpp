#include "microgpt/evolution/effort.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "../support/corpus.hpp"
#include "../support/errors.hpp"
#include "microgpt/evolution/evolution.hpp"
#include "microgpt/training/dataset.hpp"

namespace microgpt::test {

using namespace evolution;
using namespace training;
namespace {

/// So many distinct documents of about such a length.
Dataset dataset_of(std::size_t documents, std::size_t length) {
  std::vector<std::string> texts;
  Rng rng(1, Stream::documents, length);
  for (std::size_t i = 0; i < documents; ++i) {
    std::string text;
    for (std::size_t n = 1 + length / 2 + rng.below(length); n > 0; --n) {
      text.push_back(static_cast<char>('a' + rng.below(26)));
    }
    texts.push_back(std::move(text));
  }
  return split(std::move(texts), 1);
}

TEST(Effort, a_recipe_costs_what_it_may_and_grows_with_it_as_far_as_the_text_bears) {
  for (const std::size_t length : {6U, 60U, 2000U}) {
    const Dataset dataset = dataset_of(2000, length);
    const CostModel cost_of(dataset);
    const auto tokens = static_cast<double>(dataset.training.prediction_count());
    double last = 0;
    for (double flops = 3e9; flops < 1e16; flops *= 7) {
      SCOPED_TRACE(fmt::format("length {}, {:g} operations", length, flops));
      const GptGenome genome = recipe(flops, dataset);
      EXPECT_NO_THROW(validate(genome));
      EXPECT_LE(cost_of(genome).flops, flops);
      const double table = 1.0 * genome.ngram_rows * genome.n_emb;
      const double parameters = cost_of(genome).parameters - table;
      EXPECT_LE(parameters, std::max(1.6 * tokens, 3000.0));
      EXPECT_GE(parameters, 0.9 * last);
      last = parameters;
      const double epochs =
          genome.steps * genome.batch * 1.0 / static_cast<double>(dataset.training.size());
      if (length == 6 && epochs < 20) {
        EXPECT_GE(cost_of(genome).flops, 0.8 * flops);
      }
      EXPECT_LE(epochs, length == 6 ? 40 : 100 * static_cast<double>(length));
    }
  }
}

TEST(Effort, a_plan_can_be_searched_and_spends_what_it_may) {
  for (const std::size_t length : {6U, 60U, 2000U}) {
    const Dataset dataset = dataset_of(1000, length);
    const CostModel cost_of(dataset);
    for (const std::size_t workers : {1U, 2U, 16U, 1000U}) {
      for (double flops = 1e12 + 1e11 * static_cast<double>(workers); flops < 1e18; flops *= 30) {
        SCOPED_TRACE(fmt::format("length {}, {} workers, {:g}", length, workers, flops));
        const EffortPlan plan = plan_effort(flops, workers, dataset);
        EXPECT_NO_THROW(validate(plan.space));
        EXPECT_NO_THROW(require_in(plan.space, plan.first));
        EXPECT_TRUE(is_allowed(cost_of(plan.first), plan.space));
        EXPECT_EQ(plan.first, canonical(plan.first, plan.space));
        const double largest = plan.space.max_training_flops;
        const double final_training = plan.final_steps * largest;
        const double count = plan.finalists * plan.replicates, all = static_cast<double>(workers);
        const double finals =
            std::ceil(count / all) * all * final_training;  // the time, by workers
        EXPECT_LE(plan.budget_flops + finals, 1.001 * flops);
        EXPECT_GE(plan.budget_flops, 8 * largest) << "enough to search";
        EXPECT_LE(largest * static_cast<double>(workers), flops / 16) << "no training takes long";
        EXPECT_LE(final_training * static_cast<double>(workers), flops / 2) << "nor do the finals";
        EXPECT_GE(plan.slots, 2 * workers);
        EvolutionConfig config = {.mode = Mode::steady_state,
                                  .slots = plan.slots,
                                  .strategy = StrategyKind::guided,
                                  .generations = 1'000'000,
                                  .budget_flops = plan.budget_flops,
                                  .enqueued = {plan.first}};
        Evolution evolution(config, plan.space, cost_of);
        evolution.require_room();
        EXPECT_EQ(evolution.ask().front().genome, plan.first);
      }
    }
  }
}

TEST(Effort, that_is_too_little_says_what_is_needed) {
  const Dataset dataset = dataset_of(500, 6);
  EXPECT_TRUE(
      contains(error_of([&] { plan_effort(1e8, 1, dataset); }), "too few: the smallest model"));
  EXPECT_NO_THROW(plan_effort(1e11, 1, dataset));
}

// A text that is read again and again must not be recited; a long one has more to remember.
TEST(Effort, the_table_of_ngrams_goes_with_the_text_and_its_dropout_with_the_epochs) {
  const Dataset small = dataset_of(2000, 6), large = dataset_of(2000, 2000);
  EXPECT_EQ(recipe(1e13, small).ngram_rows, 4096U);
  EXPECT_EQ(recipe(1e13, large).ngram_rows, 65'536U);
  EXPECT_EQ(recipe(1e10, large).ngram_dropout, 0);
  EXPECT_GT(recipe(1e13, small).ngram_dropout, 0.7);
  EXPECT_LT(recipe(1e13, small).ngram_dropout, 0.9);
}

// In long texts the context is as long as the space allows; in short ones as long as they are.
TEST(Effort, contexts_fit_the_documents) {
  EXPECT_EQ(recipe(1e11, dataset_of(2000, 2000)).n_ctx, 64U);
  const GptGenome names = recipe(1e11, dataset_of(2000, 6));
  EXPECT_GE(names.n_ctx, 8U);
  EXPECT_LE(names.n_ctx, 12U);
}

}  // namespace
}  // namespace microgpt::test
