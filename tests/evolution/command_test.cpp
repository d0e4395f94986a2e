// What a command is told, and what its output means.
#include "microgpt/evolution/command.hpp"

#include <gtest/gtest.h>

#include "../support/errors.hpp"
#include "microgpt/evolution/creature.hpp"
#include "microgpt/evolution/evolution.hpp"

namespace microgpt::test {

using namespace evolution;
namespace {

constexpr const char* kSpace = R"({"genes": {
  "lr": {"kind": "real", "range": [0.1, 0.3], "default": 0.1},
  "n-steps": {"kind": "int", "range": [1, 9], "default": 4},
  "solver": {"kind": "choice", "values": ["cg", "gmres"]},
  "restart": {"kind": "int", "values": [10, 20], "default": 20, "only_if": {"solver": "gmres"}}}})";

const genome::OwnSpace& space() { return genome::read_own_space("space.json", kSpace); }

Task some_task(std::uint32_t replicate = 0) {
  return {.id = 17, .genome = Genome(space().space.genes()), .replicate = replicate};
}

/// The result of a command with this output.
Evaluation result_of(std::string_view output, std::uint32_t replicate = 0,
                     const Measure& measure = {},
                     const std::optional<std::string>& file = std::nullopt) {
  ResultReader reader(measure);
  reader.add(output);
  return reader.result(replicate, file);
}
std::string refusal(std::string_view output) {
  return error_of([&] { result_of(output); });
}

TEST(Command, has_its_placeholders_filled_in) {
  const Command command = {.arguments = {"./run", "--lr={lr}", "{genome}", "{n-steps}{n-steps}",
                                         "{restart}", "{other}", "{trial}/x"},
                           .trials = "",
                           .space = ""};
  EXPECT_EQ(arguments_of(command, some_task(), "/t/000017"),
            (std::vector<std::string>{"./run", "--lr=0.1", "/t/000017/genome.json", "44", "20",
                                      "{other}", "/t/000017/x"}));
  EXPECT_EQ(trial_name(some_task()), "000017");
  EXPECT_EQ(trial_name(some_task(2)), "000017-2");
}

TEST(Command, finds_genes_in_the_environment) {
  const auto variables =
      environment_of({.arguments = {}, .trials = "", .space = "", .seed = 5}, some_task());
  const auto value = [&](const std::string& name) -> std::string {
    for (const auto& [key, each] : variables) {
      if (key == name) return each;
    }
    return "none";
  };
  EXPECT_EQ(value("GENE_LR"), "0.1");
  EXPECT_EQ(value("GENE_N_STEPS"), "4");
  EXPECT_EQ(value("GENE_SOLVER"), "cg");
  EXPECT_EQ(value("GENE_RESTART"), "none");  // without effect
  EXPECT_EQ(value("MICROGPT_SEED"), "5");
  EXPECT_EQ(value("MICROGPT_TRIAL"), "17");
}

TEST(Command, is_a_json_list_and_read_back) {
  const std::vector<std::string> arguments = {"./a b", "\"{lr}\"", "\n"};
  EXPECT_EQ(parse_command(command_json(arguments)), arguments);
  EXPECT_NE(error_of([] { parse_command("./a"); }), "");
  EXPECT_EQ(error_of([] { parse_command("[]"); }), "a command must name a program");
  EXPECT_NE(error_of([] { parse_command("[3]"); }), "");
}

TEST(ResultReader, takes_the_last_object) {
  EXPECT_EQ(result_of("{\"loss\": 3}\n").fitness, 3);
  EXPECT_EQ(result_of("{\"loss\": 3}").loss, 3);
  EXPECT_EQ(result_of("reading\n{\"loss\": 3}\n  {\"loss\": -2.5, \"epochs\": [1]}  \ndone\n").loss,
            -2.5);
  const Evaluation evaluation = result_of("{\"loss\": 1, \"cost\": 2.5, \"test\": 4}\n");
  EXPECT_EQ(evaluation.cost, 2.5);
  EXPECT_EQ(evaluation.test_loss, 4);
  EXPECT_EQ(result_of("{\"loss\": 1}\n", 2).test_loss, 1);
}

TEST(ResultReader, finds_it_wherever_the_pieces_end) {
  const std::string output = "one\n{\"loss\": 7}\ntwo\n";
  for (std::size_t cut = 0; cut <= output.size(); ++cut) {
    ResultReader reader({});
    reader.add(output.substr(0, cut)), reader.add(output.substr(cut));
    EXPECT_EQ(reader.result(0, std::nullopt).loss, 7) << cut;
  }
}

TEST(ResultReader, maximises_what_is_to_be_large) {
  const Measure accuracy = {.name = "accuracy", .unit = "%", .is_maximised = true};
  EXPECT_EQ(result_of("{\"accuracy\": 93}\n", 0, accuracy).fitness, -93);
}

TEST(ResultReader, reads_the_file_if_there_is_no_such_line) {
  EXPECT_EQ(result_of("nothing\n", 0, {}, "{\"loss\": 5}").loss, 5);
  EXPECT_EQ(result_of("{\"loss\": 6}\n", 0, {}, "{\"loss\": 5}").loss, 6);
  EXPECT_EQ(error_of([] { result_of("", 0, {}, "nan"); }).substr(0, 36),
            "result.json is not one JSON object (");
}

TEST(ResultReader, keeps_a_curve_of_interim_lines) {
  std::string output;
  for (int step = 1; step <= 100; ++step) {
    output += fmt::format("{{\"step\": {}, \"loss\": {}}}\n", step, 100 - step);
  }
  const Evaluation evaluation = result_of(output + "{\"loss\": 0.5}\n{\"step\": 101}\n");
  EXPECT_EQ(evaluation.loss, 0.5);
  ASSERT_EQ(evaluation.learning.size(), LearningCurve::kParts);
  EXPECT_EQ(evaluation.learning.front(), 95);
  EXPECT_EQ(evaluation.learning.back(), 0);
}

TEST(ResultReader, says_what_is_wrong_with_a_result) {
  constexpr const char* kNone =
      "no result: neither a line of standard output that is a JSON object with \"loss\", nor a "
      "file result.json";
  const std::string line = "the last line of its output that begins with {";
  EXPECT_EQ(refusal(""), kNone);
  EXPECT_EQ(refusal("nan\n"), kNone);
  EXPECT_EQ(refusal("1,5\n"), kNone);
  EXPECT_EQ(refusal("{\"step\": 1, \"loss\": 3}\n"), kNone);
  EXPECT_EQ(refusal("{\"x\": 1}\n"), line + " has no \"loss\"");
  EXPECT_EQ(refusal("{\"loss\": \"nan\"}\n"), line + ": loss (\"nan\") must be a number");
  EXPECT_EQ(refusal("{\"loss\": null}\n"), line + ": loss (null) must be a number");
  EXPECT_EQ(refusal("{\"loss\": 1e10}\n"),
            line + ": loss (10000000000) must be from -1e+09 to 1e+09");
  EXPECT_EQ(refusal("{\"loss\": 1, \"cost\": -1}\n"), line + ": cost (-1) must not be negative");
  EXPECT_EQ(refusal("{\"loss\": 1, \"constraints\": [0, -2, 0.5]}\n"),
            "constraint 3 is violated: 0.5 is above 0");
  EXPECT_EQ(refusal("{\"loss\": 1, \"constraints\": 3}\n"),
            line + ": constraints must be a list of numbers");
  for (const char* wrong : {"{\"loss\": NaN}", "{\"loss\": 1,5}", "{\"loss\": 1} {\"loss\": 2}",
                            "{\"loss\": 1", "{'loss': 1}", "{\"loss\": 1\x01}"}) {
    EXPECT_TRUE(contains(refusal(std::string(wrong) + "\n"), line + " is not one JSON object ("))
        << wrong;
  }
}

TEST(ResultReader, has_no_use_for_lines_that_are_too_long_or_binary) {
  EXPECT_EQ(result_of("{\"loss\": 2}\n{" + std::string(1 << 20, '"') + "\n").loss, 2);
  std::string binary;
  for (int i = 0; i < 256; ++i) binary += static_cast<char>(i);
  EXPECT_EQ(result_of(binary + "\n{\"loss\": 2}\n" + binary).loss, 2);
}

TEST(AskTell, trials_are_asked_and_told_in_lines) {
  const Task task = some_task(2);
  EXPECT_EQ(
      ask_json(task),
      "{\"trial\":17,\"replicate\":2,\"genome\":{\"lr\":0.1,\"n-steps\":4,\"solver\":\"cg\"}}");
  const Told told = parse_told("{\"trial\": 17, \"replicate\": 2, \"loss\": 3}", {});
  EXPECT_EQ(told.key, task.key());
  EXPECT_EQ(told.evaluation.loss, 3);
  EXPECT_EQ(told.evaluation.test_loss, 3);
  EXPECT_EQ(parse_told("{\"trial\": 1, \"failure\": \"tired\"}", {}).evaluation.failure, "tired");
  EXPECT_EQ(parse_told("{\"trial\": 1, \"loss\": \"nan\"}", {}).evaluation.failure,
            "its result: loss (\"nan\") must be a number");
  EXPECT_EQ(error_of([] { parse_told("{\"loss\": 1}", {}); }),
            "standard input: a line has no \"trial\"");
  EXPECT_TRUE(contains(error_of([] { parse_told("3", {}); }), "is not a JSON object"));
  EXPECT_TRUE(contains(error_of([] { parse_told("{", {}); }), "is not one JSON object ("));
}

// Branin's function with a category, a condition and a forbidden part: the guided search finds
// better points than random search, and neither proposes what is forbidden.
TEST(OwnSpaceSearch, breeds_what_is_allowed_and_finds_what_is_good) {
  const genome::OwnSpace& own = genome::read_own_space("s", R"({"genes": {
      "x": {"kind": "real", "range": [-5, 10]}, "y": {"kind": "real", "range": [0, 15]},
      "way": {"kind": "choice", "values": ["a", "b"]},
      "n": {"kind": "int", "range": [1, 9], "only_if": {"way": "b"}}},
      "forbidden": ["way == b and n < 3", "x > 8"]})");
  const auto value = [](const Genome& g) {
    const double a = g["y"] - 0.1291845091 * g["x"] * g["x"] + 1.5915494309 * g["x"] - 6;
    const double branin = a * a + 9.6021126424 * std::cos(g["x"]) + 10;
    return branin + (g["way"] == 0 ? 5 : g["n"]);
  };
  int wins = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    std::vector<double> best;
    for (const StrategyKind strategy : {StrategyKind::guided, StrategyKind::random}) {
      Evolution evolution({.mode = Mode::steady_state,
                           .strategy = strategy,
                           .generations = 1000,
                           .budget_flops = 60,
                           .seed = seed},
                          own.space, own.cost_of());
      std::size_t trained = 0;
      while (!evolution.finished()) {
        std::vector<Trial> trials;
        for (const Organism& o : evolution.ask()) {
          EXPECT_EQ(own.forbids(o.genome), nullptr);
          Evaluation evaluation;
          evaluation.fitness = evaluation.loss = value(o.genome);
          trials.push_back({.task = task_of(o), .evaluation = evaluation});
        }
        trained += trials.size();
        evolution.tell(trials);
      }
      EXPECT_EQ(trained, 60U);
      best.push_back(best_of(evolution.history(), 1).at(0).evaluation->fitness);
    }
    wins += best[0] < best[1];
  }
  EXPECT_GE(wins, 7);
}

}  // namespace
}  // namespace microgpt::test
