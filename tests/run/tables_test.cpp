#include "microgpt/run/tables.hpp"

#include <gtest/gtest.h>

#include "microgpt/analysis/generation_summary.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "support/errors.hpp"
#include "support/temporary_folder.hpp"

namespace microgpt::test {

using namespace run;
namespace {

Organism crossover() {
  Organism o;
  o.id = 3, o.island = 1, o.generation = 2, o.origin = Origin::crossover, o.parents = {1, 2};
  o.genome["lr"] = 0.1 + 0.2;
  o.flops = 1234.5;
  o.evaluation.emplace();
  o.evaluation->loss = 2.5, o.evaluation->fitness = -1.25, o.evaluation->beauty = 1.25;
  return o;
}

Organism with_fitness(std::uint64_t id, double fitness) {
  Organism o = crossover();
  o.id = id;
  o.evaluation->fitness = o.evaluation->loss = fitness;
  return o;
}

Organism failed(std::uint64_t id) {
  Organism o = crossover();
  o.id = id;
  o.evaluation = failed_evaluation("bad luck");
  return o;
}

std::string written(std::span<const Organism> organisms) {
  return organisms_header() + organisms_csv(organisms, Precision::f32, 27);
}

/// What is read of a file with this content.
std::vector<Organism> read(const std::string& text) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "organisms.csv", text);
  return read_organisms_csv(folder / "organisms.csv");
}

TEST(OrganismsCsv, quotes_what_could_break_a_row_and_keeps_every_digit) {
  Organism o = crossover();
  EXPECT_EQ(organisms_csv(std::span(&o, 1), Precision::f32, 27),
            "3,2,2,crossover,1 "
            "2,16,4,1,16,4,0.30000000000000004,200,1,relu,learned,off,off,0,1,1024,uniform,linear,"
            "0,0.85,0.99,0,0,0,f32,4192,1234.5,-1.25,2.5,"
            "1.25,,,,\n");
  o.evaluation = failed_evaluation("a \"quoted\", broken\nreason");
  EXPECT_EQ(organisms_csv(std::span(&o, 1), Precision::f32, 27),
            "3,2,2,crossover,1 "
            "2,16,4,1,16,4,0.30000000000000004,200,1,relu,learned,off,off,0,1,1024,uniform,linear,"
            "0,0.85,0.99,0,0,0,f32,4192,1234.5,,,,,,,"
            "\"a \"\"quoted\"\", broken\nreason\"\n");
}

TEST(CsvField, what_is_no_text_leaves_a_mark_and_can_be_read) {
  EXPECT_EQ(csv_field("h\xff"), "h\uFFFD");
  EXPECT_EQ(csv_field("h\xff,"), "\"h\uFFFD,\"");
}

TEST(OrganismsCsv, the_row_of_a_finalist_has_the_means_of_its_new_trainings) {
  const Organism o = crossover();
  Finals finals({o}, 2);
  const auto replicate = [](std::uint32_t number, double loss) {
    Trial trial = {.task = {.id = 3, .replicate = number}};
    trial.evaluation.fitness = trial.evaluation.loss = loss;
    trial.evaluation.test_loss = loss + 1;
    return trial;
  };
  finals.tell(std::vector{replicate(1, 2.0), replicate(2, 3.0)});
  const std::string row = organisms_csv(std::span(&o, 1), Precision::f64, 27, finals.ranking());
  EXPECT_TRUE(row.ends_with(",-1.25,2.5,1.25,2.5,0.5,3.5,\n")) << row;
}

TEST(OrganismsCsv, what_is_read_is_what_was_written) {
  Organism strange = failed(5);
  strange.evaluation->failure = "a \"quoted\", broken\r\nreason";
  strange.parents.clear();
  const std::vector<Organism> organisms = {crossover(), strange, with_fitness(7, 0.1 + 0.7)};
  const std::vector<Organism> back = read(written(organisms));
  ASSERT_EQ(back.size(), 3U);
  EXPECT_EQ(written(back), written(organisms));
  EXPECT_EQ(back[0].parents, (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(back[1].evaluation->failure, strange.evaluation->failure);
}

TEST(OrganismsCsv, a_file_that_is_being_written_is_read_to_its_last_whole_row) {
  const std::vector<Organism> organisms = {crossover(), failed(5), with_fitness(7, 2)};
  const std::string text = written(organisms);
  for (std::size_t length = organisms_header().size(); length <= text.size(); ++length) {
    const std::vector<Organism> back = read(text.substr(0, length));
    EXPECT_EQ(back.size(),
              static_cast<std::size_t>(std::count(
                  text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length), '\n')) -
                  1);
  }
}

TEST(OrganismsCsv, a_wrong_value_is_named_with_file_row_and_column) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      read(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const Organism o = crossover();
  const std::string good = written(std::span(&o, 1));
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  ASSERT_EQ(message(good), "");
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {with(",1 2,", ",1 x,"), "row 2: parents (1 x) must be numbers"},
           {with("crossover", "stork"), "origin (stork)"},
           {with("16,4,1,", "15,4,1,"), "n_emb (15)"},
           {with("1234.5", "cheap"), "flops (cheap) must be a number"},
           {with("generation", "epoch"), "no column generation"},
           {with(",1.25,", ","), "fields"},
           {with("f32", "\"f\"32"), "organisms.csv: row 2"},
           {with("f32", "f\xe9"), "invalid UTF-8"},
           {with("1234.5", "1e308"), "flops (1e308) must be from 0 to 1e+24"},
           {with("-1.25,2.5", "-1e10,2.5"), "fitness (-10000000000) must be from -1e+09"},
           {with("-1.25,2.5", "-1.25,-5"), "loss (-5) must be from 0"},
           {with("3,2,2", "3,2,0"), "generation (0) must be at least 1"},
           {with("3,2,2", "3,0,2"), "island (0) must be at least 1"},
           {with("3,2,2", "99999999999999999999,2,2"), "must be a whole number"}}) {
    EXPECT_NE(message(text).find(expected), std::string::npos) << expected << ": " << message(text);
  }
}

TEST(GenerationsCsv, has_the_quantiles_of_those_that_did_not_fail) {
  const std::vector<Organism> members = {with_fitness(4, 3), failed(6), with_fitness(8, 1),
                                         with_fitness(10, 2)};
  EXPECT_EQ(generations_csv(members), "2,2,4,1,1,8,1,2,1.2,1.5,2,2.5,2.8,3\n");
  EXPECT_EQ(generations_csv(std::vector{failed(1)}), "2,2,1,1,1,,,,,,,,,\n");
}

TEST(NamesCsv, are_those_of_the_best) {
  std::vector<Organism> members = {with_fitness(0, 3), with_fitness(1, 1)};
  members[0].evaluation->names = {"no"};
  members[1].evaluation->names = {"mara", "a, b"};
  EXPECT_EQ(names_csv(members), "2,2,1,mara\n2,2,1,\"a, b\"\n");
}

TEST(Diversity, counts_architectures_and_not_trainings) {
  std::vector<Organism> organisms(3);
  organisms[1].genome["lr"] = 0.04;
  organisms[2].genome["n_layer"] = 2;
  EXPECT_EQ(diversity(organisms), 2U);
}

TEST(Quantile, lies_between_its_neighbours) {
  const std::vector<double> numbers = {1, 2, 4};
  EXPECT_EQ(quantile(numbers, 0), 1);
  EXPECT_EQ(quantile(numbers, 1), 4);
  EXPECT_EQ(quantile(numbers, 0.75), 3);
  EXPECT_EQ(quantile(std::vector{7.0}, 0.3), 7);
}

Organism of_all_kinds() {
  Organism o = crossover();
  o.genome["activation"] = static_cast<double>(Activation::swiglu),
  o.genome["position"] = static_cast<double>(Position::both);
  o.genome["qk_norm"] = true, o.genome["lookback"] = 3, o.genome["ngram"] = 4;
  o.genome["ngram_rows"] = 5000, o.genome["init"] = static_cast<double>(Init::scaled);
  o.genome["schedule"] = static_cast<double>(RateSchedule::cosine), o.genome["warmup"] = 0.1,
  o.genome["dropout"] = 0.3;
  return o;
}

TEST(OrganismsCsv, gives_back_genes_of_all_kinds) {
  const Organism o = of_all_kinds();
  const std::vector<Organism> organisms = read(written(std::span(&o, 1)));
  ASSERT_EQ(organisms.size(), 1U);
  EXPECT_EQ(organisms[0].genome, o.genome);
  EXPECT_TRUE(contains(error_of([&] {
                         std::string text = written(std::span(&o, 1));
                         text.replace(text.find("swiglu"), 6, "swaglu");
                         read(text);
                       }),
                       "activation (swaglu) must be relu, relu2, gelu or swiglu"));
}

TEST(ReplicatesCsv, gives_back_what_was_written_and_reads_older_files) {
  Finals finals({crossover()}, 2);
  std::vector<Trial> trials;
  for (const Task& task : finals.tasks()) {
    trials.push_back({.task = task, .evaluation = *crossover().evaluation});
    trials.back().evaluation.test_loss = 2.6;
    trials.back().evaluation.learning = {0.1 + 0.2, 2, 1e-7};
  }
  trials[1].evaluation = failed_evaluation("broken, badly");
  finals.tell(trials);
  const test::TemporaryFolder folder;
  const std::string text = replicates_csv(finals.ranking());
  write_file_atomically(folder / "r.csv", text);
  const std::vector<Trial> read = read_replicates_csv(folder / "r.csv");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].evaluation.learning, trials[0].evaluation.learning);
  EXPECT_EQ(read[0].evaluation.test_loss, 2.6);
  EXPECT_EQ(read[1].evaluation.failure, "broken, badly");
  write_file_atomically(folder / "old.csv",
                        "id,replicate,fitness,validation_loss,test_loss,failure\n3,1,2,2,2.5,\n");
  EXPECT_TRUE(read_replicates_csv(folder / "old.csv")[0].evaluation.learning.empty());
  std::string wrong = text;
  wrong.replace(wrong.find(" 2 "), 3, " x ");
  write_file_atomically(folder / "w.csv", wrong);
  EXPECT_TRUE(contains(error_of([&] { read_replicates_csv(folder / "w.csv"); }),
                       "must be numbers, separated by spaces"));
}

TEST(AblationsCsv, gives_back_what_was_written) {
  Finals finals({of_all_kinds()}, 2);
  std::vector<Trial> trials;
  for (const Task& task : finals.tasks()) {
    trials.push_back({.task = task, .evaluation = *of_all_kinds().evaluation});
    trials.back().evaluation.test_loss = 2.6;
  }
  finals.tell(trials);
  const Finalist& champion = finals.ranking().front();
  Evaluation better = trials[0].evaluation;
  better.fitness = -2;
  const std::vector<Ablation> written = {
      ablation_of(champion, gpt_genes()["dropout"], {better, failed_evaluation("broken, badly")}),
      ablation_of(champion, gpt_genes()["activation"], {better, better})};
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "a.csv", ablations_csv(written));
  const std::vector<Ablation> read = read_ablations_csv(folder / "a.csv", champion);
  ASSERT_EQ(read.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(read[i].gene, written[i].gene);
    EXPECT_EQ(read[i].genome, written[i].genome);
    EXPECT_EQ(read[i].difference.mean, -0.75);
    EXPECT_EQ(read[i].failures(), 1 - i);
  }
  write_file_atomically(folder / "a.csv", ablations_csv(written) + "dropout,3,1,1,1,\n");
  EXPECT_NO_THROW(read_ablations_csv(folder / "a.csv", champion));  // of another group
  write_file_atomically(folder / "a.csv",
                        ablations_csv(std::span(written).last(1)) + "activation,3,1,1,1,\n");
  EXPECT_TRUE(contains(error_of([&] { read_ablations_csv(folder / "a.csv", champion); }),
                       "a.csv: 3 replicates without activation, but the champion has 2"));
}

}  // namespace
}  // namespace microgpt::test
