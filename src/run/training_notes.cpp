#include "microgpt/run/training_notes.hpp"

#include "genome/gene_json.hpp"
#include "json_lines.hpp"
#include "microgpt/core/fields.hpp"

namespace microgpt::run {

namespace {

constexpr const char* kKey = "training";  // of the metadata
using N = TrainingNotes;
constexpr std::tuple kFields = {
    Field{"replicate", &N::replicate},       Field{"dataset", &N::dataset},
    Field{"dataset_name", &N::dataset_name}, Field{"documents", &N::documents},
    Field{"version", &N::version},           Field{"validation_loss", &N::validation_loss},
    Field{"test_loss", &N::test_loss}};

}  // namespace

void put_notes(WeightFile& file, const TrainingNotes& notes) {
  LineWriter line;
  genome::put_genes(line, notes.genome);
  visit_fields(kFields, [&](const auto& field) { line.put(field.name, notes.*field.member); });
  if (notes.tokenizer != to_text(Tokenizer{})) line.put("tokenizer", notes.tokenizer);
  if (notes.split_seed) line.put("split_seed", *notes.split_seed);
  file.notes[kKey] = line.object();
}

std::optional<TrainingNotes> notes_of(const WeightFile& file) {
  const auto found = file.notes.find(kKey);
  if (found == file.notes.end()) return std::nullopt;
  try {
    const json::Value object = parse_line(found->second);
    require(object.is_object(), "must be an object");
    TrainingNotes notes;
    notes.genome = genome::read_genes(object, gpt_genes());
    visit_fields(kFields, [&](const auto& field) {
      const bool is_older = field.name == "documents" && object.find(field.name) == nullptr;
      if (!is_older) json::read(object, field.name, notes.*field.member);
    });
    if (object.find("tokenizer") != nullptr) {
      json::read(object, "tokenizer", notes.tokenizer);
      parse_tokenizer(notes.tokenizer);
    }
    if (object.find("split_seed") != nullptr) {
      json::read(object, "split_seed", notes.split_seed.emplace());
    }
    return notes;
  } catch (const Error& error) {
    fail("\"{}\" in the metadata: {}", kKey, error.what());
  }
}

}  // namespace microgpt::run
