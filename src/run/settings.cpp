#include "microgpt/run/settings.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

#include "genome/gene_json.hpp"
#include "json_lines.hpp"
#include "microgpt/core/fields.hpp"

namespace microgpt::run {

namespace {

using S = RunSettings;
using E = EvolutionConfig;

/// settings.json, in its order. What changes a result must be here, or a run would go on with
/// another value than it began with.
constexpr std::tuple kFields = {Field{"program", &S::program},
                                Field{"version", &S::version},
                                Field{"seed", &E::seed},
                                Field{"precision", &S::precision},
                                Field{"input", &S::input},
                                Field{"dataset", &S::dataset},
                                Field{"documents", &S::documents},
                                Field{"tokenizer", &S::tokenizer},
                                Field{"split_seed", &S::split_seed},
                                Field{"population", &E::population, 1},
                                Field{"mode", &E::mode},
                                Field{"slots", &E::slots},
                                Field{"generations", &E::generations},
                                Field{"budget_flops", &E::budget_flops},
                                Field{"elite", &E::elite},
                                Field{"immigrants", &E::immigrants},
                                Field{"islands", &E::islands, 1},
                                Field{"migration_interval", &E::migration_interval},
                                Field{"enqueued", &E::enqueued},
                                Field{"warm_start", &E::earlier},
                                Field{"strategy", &E::strategy},
                                Field{"objective", &E::goal},
                                Field{"largest_cost", &S::largest_cost},
                                Field{"fitness", &S::fitness},
                                Field{"finalists", &S::finalists},
                                Field{"replicates", &S::replicates},
                                Field{"final_steps", &S::final_steps, 1},
                                Field{"ablate", &S::ablate},
                                Field{"deadline_factor", &S::deadline_factor},
                                Field{"memory_limit", &S::memory_limit},
                                Field{"inject", &S::inject},
                                Field{"tokens", &S::tokens, 1},
                                Field{"training_tokens", &TextStatistics::tokens},
                                Field{"training_documents", &TextStatistics::documents},
                                Field{"training_unique_ngrams", &TextStatistics::unique_ngrams},
                                Field{"bigram_loss", &S::bigram_loss},
                                Field{"uniform_loss", &S::uniform_loss},
                                Field{"ngram_order", &S::ngram_order},
                                Field{"ngram_loss", &S::ngram_loss},
                                Field{"ngram_test_loss", &S::ngram_test_loss},
                                Field{"tournament", &E::tournament},
                                Field{"samples", &S::samples},
                                Field{"temperature", &S::temperature}};

template <class Settings, class Member>
auto& at(Settings& settings, Member S::*member) {
  return settings.*member;
}
template <class Settings, class Member>
auto& at(Settings& settings, Member E::*member) {
  return settings.evolution.*member;
}

template <class Settings, class Member>
auto& at(Settings& settings, Member TextStatistics::*member) {
  return settings.text.*member;
}

/// Copies of the elite have no tournament, names are judged where they evolve alone, and few runs
/// have ablations or begin with what is known.
bool is_used(std::string_view name, const RunSettings& settings) {
  const bool copies = settings.evolution.strategy == StrategyKind::elite_copies;
  if (name == "ablate") return settings.ablate > 0;
  if (name == "enqueued") return !settings.evolution.enqueued.empty();
  if (name == "objective" || name == "largest_cost") return settings.evolution.goal != Goal::loss;
  if (name == "split_seed") return settings.split_seed.has_value();
  if (name == "final_steps" || name.starts_with("training_")) return settings.final_steps != 1;
  if (name == "tokenizer") return settings.tokenizer != to_text(Tokenizer{});
  if (name == "documents") return settings.documents.has_value();
  if (name == "warm_start") return !settings.evolution.earlier.empty();
  return name == "tournament" ? !copies : name != "samples" || copies;
}

/// Not in the settings of every run.
bool is_optional(std::string_view name) {
  constexpr std::array kOptional = {"split_seed",
                                    "tournament",
                                    "samples",
                                    "ablate",
                                    "enqueued",
                                    "warm_start",
                                    "objective",
                                    "documents",
                                    "largest_cost",
                                    "final_steps",
                                    "ngram_order",
                                    "ngram_loss",
                                    "ngram_test_loss",
                                    "input",
                                    "training_tokens",
                                    "training_documents",
                                    "training_unique_ngrams",
                                    "tokenizer"};
  return std::ranges::find(kOptional, name) != kOptional.end();
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
    to.push_back(genome::read_genes(genome, gpt_genes()));
  }
}
void read_field(const json::Value& object, std::string_view key, std::vector<EarlierResult>& to) {
  for (const json::Value& result : json::list(object, key, "results")) {
    require(result.is_object(), "\"{}\" must be a list of results", key);
    to.push_back({.genome = genome::read_genes(result, gpt_genes())});
    json::read(result, "fitness", to.back().fitness);
  }
}

}  // namespace

std::string to_json(const RunSettings& settings) {
  json::Writer writer(2);
  writer.begin_object();
  visit_fields(kFields, [&](const auto& field) {
    if (!is_used(field.name, settings)) return;
    writer.key(field.name);
    write(writer, at(settings, field.member));
  });
  writer.end_object();
  return writer.text() + "\n";
}

RunSettings settings_from_json(std::string_view json) {
  const json::Value object = parse_line(json);
  RunSettings settings;
  visit_fields(kFields, [&](const auto& field) {
    auto& value = at(settings, field.member);
    if (is_optional(field.name) && object.find(field.name) == nullptr) return;
    read_field(object, field.name, value);
    if constexpr (std::is_arithmetic_v<std::remove_reference_t<decltype(value)>>) {
      require(static_cast<double>(value) >= field.low, "\"{}\" ({}) must be at least {}",
              field.name, value, field.low);
    }
  });
  return settings;
}

}  // namespace microgpt::run
