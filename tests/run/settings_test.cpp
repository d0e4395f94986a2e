#include "microgpt/run/settings.hpp"

#include <gtest/gtest.h>

#include "support/errors.hpp"

namespace microgpt::test {

using namespace run;
namespace {

RunSettings unusual() {
  RunSettings s;
  s.program = "evolve", s.version = "9", s.dataset = "00ff", s.inject = "nan:0.5";
  s.precision = Precision::f32, s.fitness = Objective::beauty;
  s.evolution.strategy = StrategyKind::elite_copies, s.evolution.mode = Mode::steady_state;
  s.evolution.seed = 18446744073709551615U, s.evolution.budget_flops = 0.1 + 0.2;
  s.samples = 7, s.tokens = 27;
  return s;
}

TEST(Settings, what_is_read_is_what_was_written) {
  const std::string text = to_json(unusual());
  EXPECT_EQ(to_json(settings_from_json(text)), text);
  EXPECT_TRUE(contains(text, "  \"strategy\": \"elite copies\",\n  \"fitness\": \"beauty\",\n"));
  EXPECT_TRUE(contains(text, "  \"samples\": 7,\n  \"temperature\": 0.0\n}\n"));
}

TEST(Settings, carry_what_a_run_began_with_and_looks_for) {
  RunSettings s;
  s.tokens = 27;
  EXPECT_FALSE(contains(to_json(s), "warm_start"));
  EXPECT_FALSE(contains(to_json(s), "objective"));
  s.evolution.enqueued = {GptGenome{.n_emb = 12}};
  s.evolution.earlier = {{GptGenome{.n_emb = 24, .activation = Activation::gelu}, 2.1},
                         {{}, 0.1 + 0.2}};
  s.evolution.goal = Goal::loss_and_flops, s.largest_cost = 1e9;
  const RunSettings again = settings_from_json(to_json(s));
  EXPECT_EQ(again.evolution.enqueued, s.evolution.enqueued);
  EXPECT_EQ(again.evolution.earlier, s.evolution.earlier);
  EXPECT_EQ(again.evolution.goal, s.evolution.goal);
  EXPECT_EQ(again.largest_cost, s.largest_cost);
  EXPECT_EQ(again.split_seed, std::nullopt);
  EXPECT_EQ(again.final_steps, 1);
  std::string text = to_json(s);
  text.replace(text.find("\"fitness\": 2.1"), 14, "\"fitness\": \"2\"");
  EXPECT_EQ(error_of([&] { settings_from_json(text); }), "\"fitness\" must be a number");
}

TEST(Settings, say_how_the_text_was_read_and_how_long_finals_train_if_it_is_unusual) {
  RunSettings s;
  s.tokens = 27;
  for (const char* key : {"documents", "tokenizer", "split_seed", "final_steps"}) {
    EXPECT_FALSE(contains(to_json(s), key));
  }
  s.tokenizer = "bytes";
  s.documents = DocumentKind::stream, s.split_seed = 0, s.final_steps = 15.5;
  const RunSettings again = settings_from_json(to_json(s));
  EXPECT_EQ(again.documents, DocumentKind::stream);
  EXPECT_EQ(again.tokenizer, "bytes");
  EXPECT_EQ(again.split_seed, 0U);
  EXPECT_EQ(again.final_steps, 15.5);
}

TEST(Settings, a_wrong_value_is_named) {
  const auto message = [](const std::string& from, const std::string& to) {
    std::string text = to_json(unusual());
    return error_of([&] { settings_from_json(text.replace(text.find(from), from.size(), to)); });
  };
  EXPECT_EQ(message("\"population\": 8", "\"population\": 0"),
            "\"population\" (0) must be at least 1");
  EXPECT_EQ(message("\"elite\"", "\"knights\""), "\"elite\" is missing");
  EXPECT_EQ(message("\"beauty\"", "\"luck\""),
            "fitness (luck) must be held-out, last-step or beauty");
  EXPECT_EQ(message("steady-state", "steady"),
            "mode (steady) must be generational or steady-state");
}

}  // namespace
}  // namespace microgpt::test
