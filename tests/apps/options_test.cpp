// The options of a search, and the rules between them.
#include "search/options.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "../support/errors.hpp"

namespace microgpt::test {

using namespace apps;
namespace {

const SearchApp kForLoss = {.name = "evolve_loss",
                            .description = "Searches.",
                            .title = "A search",
                            .objective = Objective::loss,
                            .evolution = {.strategy = StrategyKind::guided},
                            .space = {}};

SearchOptions read(const std::vector<std::string>& arguments, const SearchApp& app = kForLoss) {
  SearchOptions options;
  EXPECT_TRUE(read_options(app, arguments, false, options));
  return options;
}

std::string refusal(const std::vector<std::string>& arguments) {
  return error_of([&] { read(arguments); });
}

TEST(SearchOptions, without_arguments_are_those_of_the_program) {
  const SearchOptions options = read({});
  EXPECT_EQ(options.evolution.strategy, StrategyKind::guided);
  EXPECT_EQ(options.evolution.generations, EvolutionConfig().generations);
  EXPECT_EQ(options.finalists, kForLoss.finalists);
  EXPECT_TRUE(options.folder.empty());
}

TEST(SearchOptions, names_become_what_they_name) {
  const SearchOptions options =
      read({"--strategy=random", "--mode=steady-state", "--inject=nan:0.25", "--time-limit=90m"});
  EXPECT_EQ(options.evolution.strategy, StrategyKind::random);
  EXPECT_EQ(options.evolution.mode, Mode::steady_state);
  EXPECT_EQ(options.limits.faults.nan, 0.25);
  EXPECT_EQ(options.time_limit, 90 * 60);
}

TEST(SearchOptions, a_budget_is_the_only_limit_unless_generations_are_given) {
  EXPECT_GT(read({"--budget-flops=1e12"}).evolution.generations, 100'000U);
  EXPECT_EQ(read({"--budget-flops=1e12", "--generations=5"}).evolution.generations, 5U);
}

TEST(SearchOptions, ablations_are_trained_three_times_if_finalists_are) {
  EXPECT_EQ(read({}).ablate, 0U);
  EXPECT_EQ(read({"--ablate", "--finalists=1"}).ablate, 3U);
  EXPECT_EQ(read({"--ablate", "--finalists=1", "--replicates=2"}).ablate, 2U);
}

// When a run goes on it is as it was, but what is said anew; from whatever folder.
TEST(SearchOptions, what_a_resumed_run_must_know_is_kept_with_absolute_paths) {
  const auto given = read({"--seed=7", "--quiet", "--folder=somewhere", "--cache=known"}).given;
  const auto kept = [&](const std::string& option) {
    return std::ranges::find(given, option) != given.end();
  };
  EXPECT_TRUE(kept("--seed=7"));
  EXPECT_TRUE(kept("--cache=" + std::filesystem::absolute("known").string()));
  EXPECT_TRUE(kept("--genome-out=" + std::filesystem::absolute("genome.json").string()));
  EXPECT_TRUE(std::ranges::none_of(given, [](const std::string& option) {
    return option.starts_with("--quiet") || option.starts_with("--folder");
  }));
}

TEST(SearchOptions, impossible_ones_are_refused_by_name) {
  EXPECT_EQ(refusal({"--deadline-factor=0.5"}),
            "--deadline-factor (0.5) must be 0, or from 1 to 1,000,000");
  EXPECT_EQ(refusal({"--memory-limit=-1"}), "--memory-limit (-1) must be from 0 to 1,000,000,000");
  EXPECT_EQ(refusal({"--retries=101"}), "--retries (101) must be from 0 to 100");
  EXPECT_EQ(refusal({"--time-limit=-1"}),
            "--time-limit (-1) must be from 0 to 1,000,000,000 seconds");
  EXPECT_EQ(refusal({"--strategy=lucky"}), "strategy (lucky) must be classic, random or guided");
  EXPECT_EQ(refusal({"--live=sometimes"}), "--live (sometimes) must be auto, always or never");
  EXPECT_TRUE(contains(refusal({"--inject=nan:0.1", "--cache=known"}), "exclude each other"));
  EXPECT_TRUE(contains(refusal({"--ablate", "--finalists=0"}), "--ablate needs --finalists"));
  EXPECT_TRUE(contains(refusal({"--quiet", "--verbose"}), "excludes"));
  EXPECT_TRUE(contains(refusal({"--resume=latest", "--folder=somewhere"}), "excludes"));
}

}  // namespace
}  // namespace microgpt::test
