#include "microgpt/genome/genome_json.hpp"

#include <cereal/archives/json.hpp>
#include <cereal/types/string.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>

#include "core/json.hpp"
#include "gene_json.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"

namespace microgpt::genome {

namespace {

// cereal reads and writes; what it cannot do is say which key of a file is wrong and why. So a file
// is first checked against a list of its keys.

/// A gene checks its value itself.
enum class Type { whole, number, boolean, string, gene };

struct Key {
  std::string name;
  Type type;
  bool required;
};

using json::Value;

bool is_whole(const Value& value) {
  const auto* const whole = value.as<std::uint64_t>();
  return whole != nullptr && *whole <= std::numeric_limits<std::uint32_t>::max();
}

bool has_type(const Value& value, const Key& key) {
  switch (key.type) {
    case Type::whole:
      return key.name == "seed" ? value.as<std::uint64_t>() != nullptr : is_whole(value);
    case Type::number:
      return value.number().has_value();
    case Type::boolean:
      return value.as<bool>() != nullptr;
    case Type::string:
      return value.as<std::string>() != nullptr;
    case Type::gene:
      return true;
  }
  return false;
}

std::string_view rule_of(Type type) {
  switch (type) {
    case Type::whole:
      return "a whole number, not negative, of at most 10 digits";
    case Type::number:
      return "a number that a double can hold";
    case Type::boolean:
      return "true or false";
    case Type::string:
      return "a string";
    case Type::gene:
      break;
  }
  return "";
}

const Key* find(std::span<const Key> keys, std::string_view name) {
  for (const Key& key : keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

/// Throws Error if a key is unknown, missing or of another type.
Value checked_object(const std::string& path, const std::string& text, std::span<const Key> keys) {
  Value object = object_in(path, text);
  for (const auto& [name, value] : object.object()) {
    const Key* key = find(keys, name);
    require(key != nullptr, "{}: unknown key \"{}\"", path, name);
    require(has_type(value, *key), "{}: {} ({}) must be {}", path, name, text_of(value),
            rule_of(key->type));
  }
  for (const Key& key : keys) {
    require(!key.required || object.find(key.name) != nullptr, "{}: key \"{}\" is missing", path,
            key.name);
  }
  return object;
}

/// Loads the fields that a file has; the others keep their value.
class Reader {
 public:
  Reader(const std::string& path, const std::string& text, const std::vector<Key>& keys)
      : object_(checked_object(path, text, keys)), stream_(to_text(object_)), archive_(stream_) {}
  template <class Member>
  void operator()(const std::string& key, Member& value) {
    if (object_.find(key) != nullptr) archive_(cereal::make_nvp(key, value));
  }
  void operator()(const std::string& key, std::optional<std::uint64_t>& value) {
    if (object_.find(key) != nullptr) archive_(cereal::make_nvp(key, value.emplace()));
  }
  void gene(const Gene& gene, Genome& genome) {
    if (const Value* value = object_.find(gene.name)) genome[gene] = gene_value(gene, *value);
  }

 private:
  Value object_;
  std::istringstream stream_;
  cereal::JSONInputArchive archive_;
};

class Writer {
 public:
  template <class Member>
  void operator()(const std::string& key, const Member& value) {
    (*archive_)(cereal::make_nvp(key, value));
  }
  void operator()(const std::string& key, const std::optional<std::uint64_t>& value) {
    if (value) (*archive_)(cereal::make_nvp(key, *value));
  }
  void gene(const Gene& gene, const Genome& genome) {
    const double value = genome[gene];
    if (gene.is_category()) return (*this)(gene.name, gene.text(value));
    if (gene.kind == GeneKind::real) return (*this)(gene.name, value);
    (*this)(gene.name, static_cast<std::uint32_t>(value));
  }
  std::string text() {
    archive_.reset();  // closes the object
    return stream_.str() + "\n";
  }

 private:
  using Options = cereal::JSONOutputArchive::Options;
  static constexpr int kAllDigits = 324;
  std::ostringstream stream_;
  std::optional<cereal::JSONOutputArchive> archive_{
      std::in_place, stream_, Options(kAllDigits, Options::IndentChar::space, 2)};
};

/// The genes in the order of genome files: the seven of other programs of this kind as these have
/// them, then all others as in the table.
std::vector<const Gene*> genes_in_file_order() {
  std::vector<const Gene*> genes;
  for (const char* name : {"n_emb", "n_ctx", "n_layer", "n_head", "n_ff_exp", "steps", "lr"}) {
    genes.push_back(&gpt_genes()[name]);
  }
  for (const Gene& gene : gpt_genes()) {
    if (std::ranges::find(genes, &gene) == genes.end()) genes.push_back(&gene);
  }
  return genes;
}

std::vector<Key> genome_keys() {
  std::vector<Key> keys = {
      {"loss", Type::number, true},          {"generation", Type::whole, true},
      {"evolved", Type::boolean, true},      {"seed", Type::whole, false},
      {"precision", Type::string, false},    {"dataset", Type::string, false},
      {"dataset_name", Type::string, false}, {"documents", Type::string, false},
      {"tokenizer", Type::string, false},    {"split_seed", Type::whole, false},
      {"fitness", Type::string, false},      {"version", Type::string, false},
      {"replicates", Type::whole, false},    {"standard_error", Type::number, false},
      {"test_loss", Type::number, false},    {"test_standard_error", Type::number, false}};
  for (const Gene& gene : gpt_genes()) keys.push_back({gene.name, Type::gene, !gene.is_optional});
  return keys;
}

template <class Fields>
constexpr bool reading = std::is_same_v<Fields, Reader>;

template <class Fields, class File>
void genome_fields(Fields& fields, File& file) {
  for (const Gene* gene : genes_in_file_order()) {
    // An optional gene at its default is left out, so that older programs can read the file.
    if (!reading<Fields> && !is_shown(*gene, file.genome)) continue;
    fields.gene(*gene, file.genome);
  }
  fields("loss", file.loss);
  fields("generation", file.generation);
  fields("evolved", file.evolved);
  fields("seed", file.seed);
  fields("precision", file.precision);
  fields("dataset", file.dataset);
  if (reading<Fields> || !file.dataset_name.empty()) fields("dataset_name", file.dataset_name);
  if (reading<Fields> || !file.documents.empty()) fields("documents", file.documents);
  const bool in_characters = file.tokenizer == to_text(Tokenizer{});
  if (reading<Fields> || !in_characters) fields("tokenizer", file.tokenizer);
  fields("split_seed", file.split_seed);
  if (reading<Fields> || !file.fitness.empty()) fields("fitness", file.fitness);
  fields("version", file.version);
  if (!reading<Fields> && file.replicates == 0) return;
  fields("replicates", file.replicates);
  const bool has_errors = reading<Fields> || file.replicates > 1;  // one says nothing of its error
  if (has_errors) fields("standard_error", file.standard_error);
  fields("test_loss", file.test_loss);
  if (has_errors) fields("test_standard_error", file.test_standard_error);
}

}  // namespace

GenomeFile parse_genome(const std::string& path, const std::string& text) {
  GenomeFile file;
  Reader reader(path, text, genome_keys());
  at_path(path, [&] {
    genome_fields(reader, file);
    validate(file.genome);
    from_name<Precision>(file.precision);
    if (!file.documents.empty()) from_name<DocumentKind>(file.documents);
    parse_tokenizer(file.tokenizer);
    require(file.standard_error >= 0 && file.test_standard_error >= 0,
            "standard errors ({}, {}) must not be negative", file.standard_error,
            file.test_standard_error);
  });
  return file;
}

GenomeFile load_genome(const std::filesystem::path& path) {
  return parse_genome(path.string(), read_file(path, kLargestJson));
}

std::string to_json(const GenomeFile& file) {
  Writer writer;
  genome_fields(writer, file);
  return writer.text();
}

void save_genome(const std::filesystem::path& path, const GenomeFile& file) {
  write_file_atomically(path, to_json(file));
}

}  // namespace microgpt::genome
