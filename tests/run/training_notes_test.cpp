#include "microgpt/run/training_notes.hpp"
#include "microgpt/genome/gpt_genome.hpp"

#include <gtest/gtest.h>

#include "../support/gpts.hpp"
#include "support/errors.hpp"

namespace microgpt::test {

using namespace run;
namespace {

WeightFile some_file() {
  SomeGpt<double> some({.n_emb = 4, .n_ctx = 3}, 1);
  WeightFile file = weights_of(some.gpt);
  file.vocabulary = Vocabulary(U"abcdefghijklmnopqrstuvwxyz");
  return file;
}

TEST(TrainingNotes, are_read_back_with_the_weights) {
  const TrainingNotes notes = {
      .genome = GptGenome{.n_emb = 4, .n_ctx = 3, .activation = Activation::gelu},
      .replicate = 3,
      .dataset = "00ff",
      .dataset_name = "a \"file\".txt",
      .documents = DocumentKind::paragraphs,
      .tokenizer = "bpe:300",
      .split_seed = 7,
      .version = "9",
      .validation_loss = 0.1 + 0.2,
      .test_loss = 2.5};
  WeightFile file = some_file();
  EXPECT_FALSE(notes_of(file).has_value());
  put_notes(file, notes);
  file.notes["format"] = "of another program";
  const WeightFile again = parse_weights("w", to_bytes(file));
  EXPECT_EQ(again.notes, file.notes);
  const TrainingNotes found = notes_of(again).value();
  EXPECT_EQ(found.genome, notes.genome);
  EXPECT_EQ(found.replicate, 3U);
  EXPECT_EQ(found.dataset, "00ff");
  EXPECT_EQ(found.dataset_name, notes.dataset_name);
  EXPECT_EQ(found.documents, DocumentKind::paragraphs);
  EXPECT_EQ(found.tokenizer, "bpe:300");
  EXPECT_EQ(found.split_seed, 7U);
  EXPECT_EQ(found.version, "9");
  EXPECT_EQ(found.validation_loss, notes.validation_loss);
  EXPECT_EQ(found.test_loss, 2.5);
}

TEST(TrainingNotes, that_are_not_valid_are_named) {
  WeightFile file = some_file();
  const auto message = [&](const std::string& text) {
    file.notes["training"] = text;
    return error_of([&] { notes_of(file); });
  };
  EXPECT_TRUE(contains(message("[]"), "\"training\" in the metadata: "));
  EXPECT_TRUE(contains(message("{"), "\"training\" in the metadata: "));
  EXPECT_TRUE(contains(message("{}"), "n_emb"));
}

}  // namespace
}  // namespace microgpt::test
