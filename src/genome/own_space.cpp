#include "microgpt/genome/own_space.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <limits>
#include <map>
#include <memory>

#include "condition.hpp"
#include "gene_json.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "own_gene.hpp"

namespace microgpt::genome {

namespace {

using json::Value;

Measure read_measure(const Value& object) {
  Measure measure;
  const Value* const value = object.find("objective");
  if (value == nullptr) return measure;
  require(value->is_object(), "objective ({}) must be an object", text_of(*value));
  for (const auto& [key, each] : value->object()) {
    const auto* const text = each.as<std::string>();
    require(text != nullptr, "objective: {} ({}) must be a text", key, text_of(each));
    if (key == "name") {
      require(!text->empty() && text->size() <= 64 && *text == printable(*text),
              "objective: name must have 1 to 64 bytes, without control characters");
      measure.name = *text;
    } else if (key == "unit") {
      measure.unit = *text;
    } else if (key == "goal") {
      require(*text == "minimize" || *text == "maximize",
              "objective: goal ({}) must be minimize or maximize", *text);
      measure.is_maximised = *text == "maximize";
    } else {
      fail("objective: unknown key \"{}\"", key);
    }
  }
  return measure;
}

/// The genes whose condition does not hold, also because that of another does not.
std::vector<const Gene*> inactive(const std::vector<std::optional<Condition>>& only_if,
                                  const Genome& genome) {
  std::vector<const Gene*> found;
  for (const Gene& gene : genome.genes()) {  // conditions name genes that stand before
    const std::optional<Condition>& condition = only_if[gene.place];
    if (!condition) continue;
    const bool depends = std::ranges::any_of(condition->comparisons, [&](const auto& comparison) {
      return std::ranges::find(found, &genome.genes().at(comparison.gene)) != found.end();
    });
    if (depends || !condition->holds(genome)) found.push_back(&gene);
  }
  return found;
}

/// An own space and the table that it refers to.
struct Kept {
  std::unique_ptr<const GeneTable> genes;
  std::unique_ptr<const OwnSpace> space;
};

std::map<std::string, Kept>& kept() {
  static std::map<std::string, Kept> spaces;
  return spaces;
}

Kept space_in(const Value& object) {
  for (const json::Member& member : object.object()) {
    constexpr std::array kKeys = {"genes", "objective", "forbidden"};
    require(std::ranges::find(kKeys, member.key) != kKeys.end(), "unknown key \"{}\"", member.key);
  }
  const Value& described = *object.find("genes");
  require(described.is_object() && !described.object().empty(),
          "genes ({}) must be an object with at least one gene", text_of(described));
  std::vector<Gene> genes;
  std::vector<Domain> domains;
  std::vector<std::optional<Condition>> only_if;
  for (const auto& [name, value] : described.object()) {
    OwnGene own = read_own_gene(name, value, genes);
    for (const Gene& other : genes) {
      require(other.name != name, "gene {} is there twice", name);
      require(variable_of(other.name) != variable_of(name),
              "genes {} and {} differ in case or - and _ alone, which environment variables do not",
              other.name, name);
    }
    genes.push_back(std::move(own.gene));
    domains.push_back(std::move(own.domain));
    only_if.push_back(std::move(own.only_if));
  }
  std::vector<Condition> forbidden;
  if (const Value* value = object.find("forbidden")) {
    const auto* const list = value->as<Value::List>();
    require(list != nullptr, "forbidden ({}) must be a list of conditions", text_of(*value));
    for (const Value& each : *list) {
      forbidden.push_back(
          read_condition(each, fmt::format("forbidden[{}]", forbidden.size()), genes));
    }
  }
  Kept result;
  result.genes = std::make_unique<const GeneTable>(
      std::move(genes), std::vector<GeneRule>(),
      GeneMeaning{.without_effect = [only_if](const Genome& g) { return inactive(only_if, g); },
                  .check = nullptr,
                  .check_largest = nullptr});
  SearchSpace space = SearchSpace::primordial(*result.genes);
  for (const Gene& gene : *result.genes) space[gene] = std::move(domains[gene.place]);
  validate(space);
  result.space = std::make_unique<const OwnSpace>(
      OwnSpace{std::move(space), read_measure(object), std::move(forbidden), to_text(object)});
  return result;
}

}  // namespace

const Condition* OwnSpace::forbids(const Genome& genome) const {
  const auto found = std::ranges::find_if(
      forbidden, [&](const Condition& condition) { return condition.holds(genome); });
  return found == forbidden.end() ? nullptr : &*found;
}

CostOf OwnSpace::cost_of() const {
  return [this](const Genome& genome) {
    const double cost = forbids(genome) == nullptr ? 1 : std::numeric_limits<double>::infinity();
    return Cost{.flops = cost, .parameters = 0};
  };
}

bool has_own_genes(const std::string& text) {
  try {
    const Value object = json::parse(text, json::Deep::left_out);
    return object.is_object() && object.find("genes") != nullptr;
  } catch (const Error&) {
    return false;
  }
}

const OwnSpace& read_own_space(const std::string& path, const std::string& text) {
  const Value object = object_in(path, text);
  require(object.find("genes") != nullptr,
          "{}: key \"genes\" is missing: a command has genes of its own", path);
  const auto [place, is_new] = kept().try_emplace(to_text(object));
  if (is_new) {
    try {
      at_path(path, [&] { place->second = space_in(object); });
    } catch (...) {
      kept().erase(place);
      throw;
    }
  }
  return *place->second.space;
}

const GeneTable& genes_of_space(const std::string& path, const std::string& text) {
  return has_own_genes(text) ? read_own_space(path, text).space.genes() : gpt_genes();
}

const OwnSpace* own_space_of(const GeneTable& genes) {
  for (const auto& [text, each] : kept()) {
    if (each.genes.get() == &genes) return each.space.get();
  }
  return nullptr;
}

std::string variable_of(std::string gene) {
  for (char& c : gene) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return "GENE_" + gene;
}

std::string trial_json(const Genome& genome) {
  const std::vector<const Gene*> idle = without_effect(genome);
  json::Writer writer;
  writer.begin_object();
  for (const Gene& gene : genome.genes()) {
    if (std::ranges::find(idle, &gene) != idle.end()) continue;
    writer.key(gene.name);
    write_gene(writer, gene, genome[gene]);
  }
  writer.end_object();
  return writer.text() + "\n";
}

Genome parse_trial(const std::string& path, const std::string& text, const GeneTable& genes) {
  const Value object = object_in(path, text);
  const Value* const inner = object.find("genome");
  const Value& values = inner != nullptr && inner->is_object() ? *inner : object;
  Genome genome(genes);
  at_path(path, [&] {
    for (const json::Member& member : values.object()) {
      require(genes.find(member.key) != nullptr, "there is no gene {}", printable(member.key));
    }
    for (const Gene& gene : genes) {
      const Value* const value = values.find(gene.name);
      if (value != nullptr) genome[gene] = gene_value(gene, *value);
    }
  });
  return genome;
}

}  // namespace microgpt::genome
