#include "microgpt/run/settings.hpp"

#include <type_traits>

#include "genome/gene_json.hpp"
#include "json_lines.hpp"
#include "microgpt/core/fields.hpp"

namespace microgpt::run {

namespace {

/// Copies of the elite have no tournament, and names are judged where they evolve alone.
bool is_used(std::string_view name, const RunSettings& settings) {
  const bool copies = settings.evolution.strategy == StrategyKind::elite_copies;
  return name == "tournament" ? !copies : name != "samples" || copies;
}

template <class Type>
void write(json::Writer& writer, const Type& value) {
  writer.write(value);
}
template <class Type>
void write(json::Writer& writer, const std::optional<Type>& value) {
  writer.write(*value);
}
void write(json::Writer& writer, const std::vector<Genome>& genomes) {
  writer.begin_list();
  for (const Genome& genome : genomes) {
    writer.begin_object();
    genome::put_genes(writer, genome);
    writer.end_object();
  }
  writer.end_list();
}
void write(json::Writer& writer, const std::vector<EarlierResult>& results) {
  writer.begin_list();
  for (const EarlierResult& result : results) {
    writer.begin_object();
    genome::put_genes(writer, result.genome);
    writer.put("fitness", result.fitness);
    writer.end_object();
  }
  writer.end_list();
}

template <class Type>
void read_field(const json::Value& object, std::string_view key, Type& to) {
  json::read(object, key, to);
}
template <class Type>
void read_field(const json::Value& object, std::string_view key, std::optional<Type>& to) {
  json::read(object, key, to.emplace());
}
void read_field(const json::Value& object, std::string_view key, std::vector<Genome>& to) {
  for (const json::Value& genome : json::list(object, key, "genomes")) {
    require(genome.is_object(), "\"{}\" must be a list of genomes", key);
    to.push_back(genome::read_genes(genome, default_genes()));
  }
}
void read_field(const json::Value& object, std::string_view key, std::vector<EarlierResult>& to) {
  for (const json::Value& result : json::list(object, key, "results")) {
    require(result.is_object(), "\"{}\" must be a list of results", key);
    to.push_back({.genome = genome::read_genes(result, default_genes())});
    json::read(result, "fitness", to.back().fitness);
  }
}

}  // namespace

std::string to_json(const RunSettings& settings) {
  const RunSettings defaults;
  json::Writer writer(2);
  writer.begin_object();
  visit_fields(kSettings, [&](const auto& setting) {
    const auto& value = value_of(settings, setting);
    const bool is_default = value == value_of(defaults, setting);
    if (is_default && setting.notes.stored == Stored::unless_default) return;
    if (!is_used(setting.name, settings)) return;
    writer.key(setting.name);
    write(writer, value);
  });
  writer.end_object();
  return writer.text() + "\n";
}

RunSettings settings_from_json(std::string_view json) {
  const json::Value object = parse_line(json);
  RunSettings settings;
  visit_fields(kSettings, [&](const auto& setting) {
    auto& value = value_of(settings, setting);
    const bool may_lack = setting.notes.stored != Stored::always;
    if (may_lack && object.find(setting.name) == nullptr) return;
    read_field(object, setting.name, value);
    if constexpr (std::is_arithmetic_v<std::remove_reference_t<decltype(value)>>) {
      require(static_cast<double>(value) >= setting.notes.low, "\"{}\" ({}) must be at least {}",
              setting.name, value, setting.notes.low);
    }
  });
  return settings;
}

}  // namespace microgpt::run
