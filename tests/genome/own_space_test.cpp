// Search spaces whose files describe the genes.
#include "microgpt/genome/own_space.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../support/errors.hpp"
#include "microgpt/genome/genome_json.hpp"

namespace microgpt::test {

using namespace genome;
namespace {

constexpr const char* kSpace = R"({"genes": {
  "lr": {"kind": "real", "range": [1e-4, 0.1], "log": true, "default": 0.01, "unit": "1/step"},
  "shift": {"kind": "int", "range": [-3, 3]},
  "width": {"kind": "int", "range": [16, 64], "step": 16},
  "steps": {"kind": "int", "range": [1, 1000000], "log": true},
  "solver": {"kind": "choice", "values": ["cg", "gmres"]},
  "restart": {"kind": "int", "values": [10, 20, 50], "only_if": {"solver": "gmres"}},
  "exact": {"kind": "switch", "default": true, "only_if": "restart >= 20 and width != 16"}},
  "forbidden": ["solver == cg && width > 48", {"shift": [-3, 3], "exact": false}],
  "objective": {"name": "seconds used", "unit": "s", "goal": "maximize"}})";

const OwnSpace& space() { return read_own_space("space.json", kSpace); }

std::string refusal(const std::string& text) {
  return error_of([&] { read_own_space("s.json", text); });
}
/// The refusal of a space with this gene after one named mode, without the path.
std::string refusal_of_gene(const std::string& gene, const std::string& name = "x") {
  const std::string message = refusal(fmt::format(
      R"({{"genes": {{"mode": {{"kind": "choice", "values": ["a", "b"]}}, "{}": {}}}}})", name,
      gene));
  EXPECT_TRUE(message.starts_with("s.json: ")) << message;
  return message.substr(std::min(message.size(), message.find(' ') + 1));
}

TEST(OwnSpace, has_the_genes_that_its_file_describes) {
  const GeneTable& genes = space().space.genes();
  ASSERT_EQ(genes.size(), 7U);
  const Genome first(genes);
  EXPECT_EQ(first["lr"], 0.01);
  EXPECT_EQ(first["shift"], 0);
  EXPECT_EQ(first["width"], 32);
  EXPECT_EQ(genes["solver"].text(first["solver"]), "cg");
  EXPECT_EQ(genes["exact"].text(first["exact"]), "true");
  EXPECT_EQ(genes["lr"].unit, "1/step");
  EXPECT_TRUE(contains(space().space, first));
  EXPECT_EQ(space().measure.name, "seconds used");
  EXPECT_TRUE(space().measure.is_maximised);
}

TEST(OwnSpace, large_ranges_are_drawn_from_on_their_scale) {
  const auto& steps = std::get<RangeDomain>(space().space["steps"]);
  EXPECT_EQ(steps.min, 1);
  EXPECT_EQ(steps.max, 1'000'000);
  EXPECT_LE(steps.draw.size(), 256U);
  const double middle = steps.draw[steps.draw.size() / 2];
  EXPECT_LT(middle, 10'000);  // in the middle of the logarithmic scale
  EXPECT_EQ(std::get<ListDomain>(space().space["shift"]).values.size(), 7U);
}

TEST(OwnSpace, the_same_content_has_the_same_genes) {
  EXPECT_EQ(&read_own_space("a", kSpace), &read_own_space("b", fmt::format("{}\n", kSpace)));
  EXPECT_EQ(&parse_space("c", to_json(space().space), {}).genes(), &space().space.genes());
  EXPECT_EQ(own_space_of(space().space.genes()), &space());
  EXPECT_EQ(own_space_of(gpt_genes()), nullptr);
}

TEST(OwnSpace, genes_whose_condition_fails_have_no_effect_nor_those_that_depend_on_them) {
  Genome genome(space().space.genes());
  EXPECT_EQ(without_effect(genome).size(), 2U);  // restart, and exact, which needs it
  genome["solver"] = 1, genome["restart"] = 20;
  EXPECT_TRUE(without_effect(genome).empty());
  genome["restart"] = 10;
  EXPECT_EQ(without_effect(genome).size(), 1U);
}

TEST(OwnSpace, what_is_forbidden_costs_more_than_anything) {
  Genome genome(space().space.genes());
  EXPECT_EQ(space().cost_of()(genome).flops, 1);
  genome["width"] = 64;
  ASSERT_NE(space().forbids(genome), nullptr);
  EXPECT_EQ(space().forbids(genome)->text, "solver == cg && width > 48");
  EXPECT_FALSE(is_allowed(space().cost_of()(genome), space().space));
  genome["width"] = 32, genome["shift"] = -3, genome["exact"] = 0;
  ASSERT_NE(space().forbids(genome), nullptr);
  genome["shift"] = 2;
  EXPECT_EQ(space().forbids(genome), nullptr);
}

TEST(OwnSpace, genomes_are_written_without_what_has_no_effect_and_read_back) {
  Genome genome(space().space.genes());
  EXPECT_EQ(trial_json(genome),
            "{\"lr\":0.01,\"shift\":0,\"width\":32,\"steps\":1000,\"solver\":\"cg\"}\n");
  genome["solver"] = 1, genome["restart"] = 50, genome["exact"] = 0;
  const std::string json = trial_json(genome);
  EXPECT_TRUE(test::contains(json, "\"restart\":50,\"exact\":false"));
  EXPECT_EQ(parse_trial("g", json, space().space.genes()), genome);
  EXPECT_EQ(parse_trial("g", fmt::format("{{\"genome\":{}, \"result\": 3}}", json),
                        space().space.genes()),
            genome);
  EXPECT_EQ(error_of([] { parse_trial("g", "{\"rate\": 1}", space().space.genes()); }),
            "g: there is no gene rate");
  EXPECT_EQ(error_of([] { parse_trial("g", "{\"width\": 1.5}", space().space.genes()); }),
            "g: width (1.5) must be a whole number, not negative, of at most 10 digits");
}

TEST(OwnSpace, files_that_are_no_space_are_refused_with_the_reason) {
  EXPECT_EQ(refusal("{}"), "s.json: key \"genes\" is missing: a command has genes of its own");
  EXPECT_EQ(refusal("[1]"), "s.json: must hold a JSON object, not [1]");
  EXPECT_EQ(refusal("{\"genes\": {}}"),
            "s.json: genes (an object) must be an object with at least one gene");
  EXPECT_EQ(refusal("{\"genes\": {\"x\": 3}}"),
            "s.json: gene x (3) must be an object with its kind");
  EXPECT_EQ(refusal("{\"genes\": {\"x\": {\"kind\": \"switch\"}}, \"max\": 3}"),
            "s.json: unknown key \"max\"");
  EXPECT_EQ(refusal("{\"genes\": {\"x\": {\"kind\": \"switch\"}}, \"objective\": {\"goal\": "
                    "\"best\"}}"),
            "s.json: objective: goal (best) must be minimize or maximize");
  EXPECT_EQ(refusal("{\"genes\": {\"x\": {\"kind\": \"switch\"}, \"x\": {\"kind\": \"switch\"}}}"),
            "s.json: gene x is there twice");
  EXPECT_EQ(refusal("{\"genes\": {\"a-b\": {\"kind\": \"switch\"}, \"A_b\": {\"kind\": "
                    "\"switch\"}}}"),
            "s.json: genes a-b and A_b differ in case or - and _ alone, which environment "
            "variables do not");
}

TEST(OwnSpace, genes_that_make_no_sense_are_refused_with_the_reason) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "gene x: kind must be given, as a text"},
      {R"({"kind": "float"})", "gene x: kind (float) must be int, real, choice or switch"},
      {R"({"kind": "real"})", "gene x: \"range\" or \"values\" must be given"},
      {R"({"kind": "real", "range": [1]})", "gene x: range must have two numbers, not 1"},
      {R"({"kind": "real", "range": [2, 1]})", "gene x: range must rise: 1 follows 2"},
      {R"({"kind": "real", "range": [0, 1], "log": true})",
       "gene x: range (0 to 1) must be above 0 on a logarithmic scale"},
      {R"({"kind": "real", "range": [0, 1], "default": 2})",
       "gene x: default (2) must be one of its values"},
      {R"({"kind": "real", "range": ["a", 1]})",
       "gene x: range (\"a\") must be a number from -1e300 to 1e300"},
      {R"({"kind": "real", "range": [0, 1], "step": 1})", "gene x: a real one has no \"step\""},
      {R"({"kind": "int", "range": [0.5, 3]})",
       "gene x: 0.5 must be a whole number from -4294967295 to 4294967295"},
      {R"({"kind": "int", "range": [0, 9], "step": 0})",
       "gene x: step (0) must be a whole number of at least 1, and not beside \"log\""},
      {R"({"kind": "int", "values": [3, 2]})", "gene x: values must rise: 2 follows 3"},
      {R"({"kind": "choice", "values": []})", "gene x: values must be a list of 1 to 1000 texts"},
      {R"({"kind": "choice", "values": ["u", "u"]})", "gene x: \"u\" is there twice"},
      {R"({"kind": "choice", "values": ["u", 3]})",
       "gene x: values (3) must be texts, not empty, without control characters"},
      {R"({"kind": "choice", "values": ["u"], "default": "v"})", "x (v) must be u"},
      {R"({"kind": "switch", "values": [1]})", "gene x: a switch has no \"values\""},
      {R"({"kind": "switch", "lowest": 1})", "gene x: unknown key \"lowest\""},
      {R"({"kind": "switch", "only_if": {"y": 1}})",
       "gene x: only_if: there is no gene y (before it in the file)"},
      {R"({"kind": "switch", "only_if": {"mode": "c"}})", "mode (c) must be a or b"},
      {R"({"kind": "switch", "only_if": 3})",
       "gene x: only_if (3) must be an object, such as {\"solver\": \"cg\"}, or a text, such as "
       "\"solver == cg and passes > 1\""},
      {R"({"kind": "switch", "only_if": "mode = a"})",
       "gene x: only_if: \"mode = a\" must be a comparison, such as solver == cg or passes > 1"},
      {R"({"kind": "switch", "only_if": "mode > a"})",
       "gene x: only_if: mode has no order, so > says nothing"}};
  for (const auto& [gene, message] : cases) EXPECT_EQ(refusal_of_gene(gene), message) << gene;
  EXPECT_EQ(refusal_of_gene(R"({"kind": "switch"})", "loss"),
            "gene loss: this name has a meaning of its own in tables; choose another");
  EXPECT_EQ(refusal_of_gene(R"({"kind": "switch"})", "2nd"),
            "\"2nd\" must be a name of at most 64 letters, digits, _ and -, not a digit first");
}

// Random genomes of a space are in it, and a search of it ends, whatever is forbidden.
TEST(OwnSpace, random_genomes_lie_in_the_space) {
  Rng rng(1, Stream::breeding, 0);
  for (int i = 0; i < 500; ++i) {
    const Genome genome = random_genome(space().space, rng);
    validate(genome);
    ASSERT_TRUE(contains(space().space, canonical(genome, space().space)));
  }
}

}  // namespace
}  // namespace microgpt::test
