#include "creature/beginning.hpp"

#include <utility>

#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"

namespace microgpt::apps {

namespace {

/// The genome file, if there is any. One that was named must exist.
std::optional<GenomeFile> find_genome(const CreatureOptions& options) {
  const std::string& file = options.genome_file;
  if (options.primordial) return std::nullopt;
  if (options.genome_given) return load_genome(file);
  if (!is_there(file)) return std::nullopt;
  return parse_genome(file, read_regular_file(file, kLargestJson));
}

Genome with_overrides(Genome genome, const CreatureOptions& options) {
  for (const auto& [gene, value] : options.genes) genome[*gene] = value;
  validate(genome);
  return genome;
}

/// A creature that is to be trained.
Beginning conceive(const CreatureOptions& options) {
  Beginning begin;
  begin.dna = find_genome(options);
  begin.origin = begin.dna ? "evolved" : "default";
  const GenomeFile dna = begin.dna.value_or(GenomeFile{});
  begin.genome = with_overrides(dna.genome, options);
  begin.precision = options.common.precision.value_or(from_name<Precision>(dna.precision));
  begin.seed = options.seed.value_or(dna.seed);
  if (options.init) begin.weights = load_weights(*options.init);
  begin.weights_file = options.init.value_or("");
  return begin;
}

Tokenizer tokenizer_of(const Vocabulary& vocabulary) {
  const bool is_bpe = vocabulary.kind() == TokenKind::bpe;
  return {vocabulary.kind(), is_bpe ? static_cast<std::uint32_t>(vocabulary.size() - 1) : 0};
}

/// Whether the training that they are of learnt what this one would learn.
bool belong_to(const WeightFile& weights, const TrainingNotes& notes, const Beginning& begin,
               const CreatureOptions& options) {
  if (notes.genome != begin.dna->genome || notes.dataset != begin.dna->dataset) return false;
  if (weights.seed != begin.seed) return false;
  const CommonOptions& common = options.common;
  if (common.documents && *common.documents != notes.documents) return false;
  const Tokenizer tokens = common.tokens.value_or(parse_tokenizer(begin.dna->tokenizer));
  if (tokens != parse_tokenizer(notes.tokenizer)) return false;
  if (common.split_seed && *common.split_seed != notes.split_seed.value_or(begin.seed))
    return false;
  return !options.input_given || sha256(read_file(options.common.input)) == notes.dataset;
}

/// The weights that the run of a genome has kept: beside the genome's file, or in the newest run.
void find_kept_weights(const CreatureOptions& options, Beginning& begin) {
  if (!begin.dna) return;
  const std::filesystem::path beside = std::filesystem::path(options.genome_file).parent_path();
  for (const std::filesystem::path& folder : {beside, beside / "experiments" / "latest"}) {
    const std::filesystem::path file = folder / "champion.safetensors";
    if (!is_there(file)) continue;
    WeightFile weights = load_weights(file);
    const std::optional<TrainingNotes> notes = notes_of(weights);
    if (!notes || !belong_to(weights, *notes, begin, options)) continue;
    begin.weights = std::move(weights);
    begin.weights_file = file.string();
    begin.notes = notes;
    return;
  }
}

/// A trained creature: everything follows from its weights.
Beginning revive(const CreatureOptions& options) {
  Beginning begin;
  begin.origin = "loaded";
  begin.weights = load_weights(*options.load);
  begin.weights_file = *options.load;
  try {
    begin.notes = notes_of(*begin.weights);
    begin.genome = begin.notes ? begin.notes->genome : genome_of(begin.weights->config);
  } catch (const Error& error) {
    fail("{}: {}", *options.load, error.what());
  }
  begin.precision = options.common.precision.value_or(
      begin.weights->type == NumberType::f64 ? Precision::f64 : Precision::f32);
  begin.seed = options.seed.value_or(begin.weights->seed.value_or(1));
  return begin;
}

}  // namespace

Beginning beginning_of(const CreatureOptions& options) {
  Beginning begin = options.load ? revive(options) : conceive(options);
  if (!options.load && !options.trains) find_kept_weights(options, begin);
  begin.common = options.common;
  std::optional<DocumentKind>& documents = begin.common.documents;
  std::optional<std::uint64_t>& split_seed = begin.common.split_seed;
  std::optional<Tokenizer>& tokens = begin.common.tokens;
  if (begin.notes) {
    if (!documents) documents = begin.notes->documents;
    if (!split_seed) split_seed = begin.notes->split_seed;
  } else if (begin.dna) {
    if (!documents) documents = find_name<DocumentKind>(begin.dna->documents);
    if (!split_seed) split_seed = begin.dna->split_seed;
  }
  if (!tokens && begin.weights) tokens = tokenizer_of(begin.weights->vocabulary);
  if (!tokens && begin.dna) tokens = parse_tokenizer(begin.dna->tokenizer);
  return begin;
}

}  // namespace microgpt::apps
