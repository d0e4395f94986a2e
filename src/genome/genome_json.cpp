#include "microgpt/genome/genome_json.hpp"

#include <cereal/archives/json.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>

#include "core/json.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/genome/genes.hpp"

namespace microgpt::genome {

namespace {

// cereal reads and writes; what it cannot do is say which key of a file is wrong and why. So a file
// is first checked against a list of its keys.

enum class Type { whole, number, boolean, string, wholes };

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

bool is_scalar(const Value& value) { return !value.as<Value::List>() && !value.is_object(); }

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
    case Type::wholes:
      return value.as<Value::List>() != nullptr &&
             std::ranges::all_of(*value.as<Value::List>(), is_whole);
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
    case Type::wholes:
      return "a list of whole numbers";
  }
  return "";
}

/// A value for a message. Nested ones are not printed, since that would recurse as deep as they go.
std::string text_of(const Value& value) {
  if (value.is_object()) return "an object";
  const auto* const list = value.as<Value::List>();
  if (list != nullptr && !std::ranges::all_of(*list, is_scalar)) return "nested lists";
  const std::string text = to_text(value);
  return text.size() <= 40 ? text : text.substr(0, 37) + "...";
}

const Key* find(std::span<const Key> keys, std::string_view name) {
  for (const Key& key : keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

/// Runs what checks values and puts the path before what it says.
template <class Check>
auto at_path(const std::string& path, const Check& check) {
  try {
    return check();
  } catch (const Error& error) {
    fail("{}: {}", path, error.what());
  }
}

/// The one JSON object in `text`. Throws Error if it is anything else, or if a key is unknown,
/// missing, there twice or of another type.
Value checked_object(const std::string& path, const std::string& text, std::span<const Key> keys) {
  require(text.find_first_not_of(" \t\r\n") != std::string::npos,
          "{}: the file is empty; it must hold a JSON object", path);
  Value object = at_path(path, [&] { return json::parse(text, json::Deep::left_out); });
  require(object.is_object(), "{}: must hold a JSON object, not {}", path, text_of(object));
  std::set<std::string> seen;
  for (const auto& [name, value] : object.object()) {
    const Key* key = find(keys, name);
    require(key != nullptr, "{}: unknown key \"{}\"", path, name);
    require(seen.insert(name).second, "{}: key \"{}\" is there twice", path, name);
    require(has_type(value, *key), "{}: {} ({}) must be {}", path, name, text_of(value),
            rule_of(key->type));
  }
  for (const Key& key : keys) {
    require(!key.required || seen.contains(key.name), "{}: key \"{}\" is missing", path, key.name);
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
    genes.push_back(&kGenes[gene_index(name)]);
  }
  for (const Gene& gene : kGenes) {
    if (std::ranges::find(genes, &gene) == genes.end()) genes.push_back(&gene);
  }
  return genes;
}

std::vector<Key> genome_keys() {
  std::vector<Key> keys = {{"loss", Type::number, true},
                           {"generation", Type::whole, true},
                           {"evolved", Type::boolean, true},
                           {"seed", Type::whole, false},
                           {"precision", Type::string, false},
                           {"dataset", Type::string, false},
                           {"version", Type::string, false},
                           {"replicates", Type::whole, false},
                           {"standard_error", Type::number, false},
                           {"test_loss", Type::number, false},
                           {"test_standard_error", Type::number, false}};
  for (const Gene& gene : kGenes) {
    keys.push_back(
        {std::string(gene.name), gene.is_real() ? Type::number : Type::whole, !gene.is_optional});
  }
  return keys;
}

Type type_of(bool) { return Type::boolean; }
Type type_of(double) { return Type::number; }
Type type_of(std::uint32_t) { return Type::whole; }
Type type_of(const std::vector<std::uint32_t>&) { return Type::wholes; }

std::vector<Key> space_keys() {
  std::vector<Key> keys;
  const SearchSpace space;
  for_each_field(space, [&](const std::string& name, const auto& value) {
    keys.push_back({name, type_of(value), false});
  });
  return keys;
}

template <class Fields>
constexpr bool reading = std::is_same_v<Fields, Reader>;

template <class Fields, class File>
void genome_fields(Fields& fields, File& file) {
  for (const Gene* gene : genes_in_file_order()) {
    // An optional gene at its default is left out, so that older programs can read the file.
    if (!reading<Fields> && !is_shown(*gene, file.genome)) continue;
    std::visit([&](auto at) { fields(std::string(gene->name), file.genome.*at); }, gene->member);
  }
  fields("loss", file.loss);
  fields("generation", file.generation);
  fields("evolved", file.evolved);
  fields("seed", file.seed);
  fields("precision", file.precision);
  fields("dataset", file.dataset);
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
  genome_fields(reader, file);
  at_path(path, [&] {
    validate(file.genome);
    from_name<Precision>(file.precision);
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

SearchSpace parse_space(const std::string& path, const std::string& text, const SearchSpace& base) {
  SearchSpace space = base;
  Reader reader(path, text, space_keys());
  for_each_field(space, reader);
  at_path(path, [&] { validate(space); });
  return space;
}

SearchSpace load_space(const std::filesystem::path& path, const SearchSpace& base) {
  return parse_space(path.string(), read_file(path, kLargestJson), base);
}

std::string to_json(const SearchSpace& space) {
  Writer writer;
  for_each_space_member([&](const Gene* gene, const std::string& name, auto member) {
    // As in genome files: older programs, and their runs, know nothing of an optional gene.
    if (gene != nullptr && gene->is_optional && space.*member == SearchSpace{}.*member) return;
    writer(name, space.*member);
  });
  return writer.text();
}

}  // namespace microgpt::genome
