#include "microgpt/genome/own_space.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <map>
#include <memory>

#include "gene_json.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/genome/genome_json.hpp"

namespace microgpt::genome {

namespace {

using json::Value;
using Relation = Condition::Relation;

constexpr double kLargestWhole = std::numeric_limits<std::uint32_t>::max();
constexpr double kLargestReal = 1e300;
constexpr std::size_t kMostListed = 256;  // values of a range that is searched as a list

// Conditions.

bool compares(Relation relation, double value, const std::vector<double>& with) {
  const auto is_one_of_them = [&] { return std::ranges::find(with, value) != with.end(); };
  switch (relation) {
    case Relation::equal:
      return is_one_of_them();
    case Relation::unequal:
      return !is_one_of_them();
    case Relation::below:
      return value < with.front();
    case Relation::at_most:
      return value <= with.front();
    case Relation::above:
      return value > with.front();
    case Relation::at_least:
      return value >= with.front();
  }
  return false;
}

/// Reads conditions on the genes that are known so far.
class ConditionReader {
 public:
  /// `where`: what the condition is of, for messages.
  ConditionReader(std::string where, const std::vector<Gene>& genes)
      : where_(std::move(where)), genes_(genes) {}

  /// {"solver": "cg", "passes": [2, 4]}, or "solver == cg and passes > 1".
  Condition read(const Value& value) const {
    if (const auto* text = value.as<std::string>()) return from_text(*text);
    require(value.is_object() && !value.object().empty(),
            "{} ({}) must be an object, such as {{\"solver\": \"cg\"}}, or a text, such as "
            "\"solver == cg and passes > 1\"",
            where_, text_of(value));
    Condition condition{.comparisons = {}, .text = to_text(value)};
    for (const auto& [name, wanted] : value.object()) {
      const Gene& gene = gene_of(name);
      std::vector<double> values;
      if (const auto* list = wanted.as<Value::List>()) {
        require(!list->empty(), "{}: {} must have at least one value", where_, name);
        for (const Value& each : *list) values.push_back(value_of(gene, each));
      } else {
        values.push_back(value_of(gene, wanted));
      }
      condition.comparisons.push_back({gene.place, Relation::equal, std::move(values)});
    }
    return condition;
  }

 private:
  Condition from_text(const std::string& text) const {
    Condition condition{.comparisons = {}, .text = text};
    std::string_view rest = text;
    while (true) {
      const std::size_t word = rest.find(" and "), sign = rest.find("&&");
      const std::size_t end = std::min(word, sign);
      condition.comparisons.push_back(comparison(rest.substr(0, end)));
      if (end == rest.npos) return condition;
      rest.remove_prefix(end + (word < sign ? 5 : 2));
    }
  }

  Condition::Comparison comparison(std::string_view text) const {
    constexpr std::pair<std::string_view, Relation> kRelations[] = {
        {"==", Relation::equal},    {"!=", Relation::unequal}, {"<=", Relation::at_most},
        {">=", Relation::at_least}, {"<", Relation::below},    {">", Relation::above}};
    for (const auto& [sign, relation] : kRelations) {
      const std::size_t at = text.find(sign);
      if (at == text.npos) continue;
      const Gene& gene = gene_of(std::string(trim(text.substr(0, at))));
      const std::string right = unquoted(std::string(trim(text.substr(at + sign.size()))));
      const bool has_order = relation != Relation::equal && relation != Relation::unequal;
      require(!gene.is_category() || !has_order, "{}: {} has no order, so {} says nothing", where_,
              gene.name, sign);
      if (gene.is_category()) return {gene.place, relation, {gene.category(right)}};
      const std::optional<double> number = parse_double(right);
      require(number.has_value(), "{}: {} must be compared with a number, not \"{}\"", where_,
              gene.name, right);
      return {gene.place, relation, {*number}};
    }
    fail("{}: \"{}\" must be a comparison, such as solver == cg or passes > 1", where_, trim(text));
  }

  static std::string unquoted(std::string text) {
    const bool is_quoted = text.size() >= 2 && text.front() == text.back() &&
                           (text.front() == '\'' || text.front() == '"');
    return is_quoted ? text.substr(1, text.size() - 2) : text;
  }

  const Gene& gene_of(const std::string& name) const {
    const auto found = std::ranges::find(genes_, name, &Gene::name);
    require(found != genes_.end(), "{}: there is no gene {} (before it in the file)", where_, name);
    return *found;
  }

  double value_of(const Gene& gene, const Value& value) const {
    if (const auto* flag = value.as<bool>(); flag != nullptr && gene.is_category()) {
      return gene.category(*flag ? "true" : "false");
    }
    if (gene.is_category()) {
      const auto* const text = value.as<std::string>();
      return gene.category(text != nullptr ? *text : text_of(value));
    }
    const std::optional<double> number = value.number();
    require(number.has_value(), "{}: {} must be compared with a number, not {}", where_, gene.name,
            text_of(value));
    return *number;
  }

  std::string where_;
  const std::vector<Gene>& genes_;
};

// Genes.

/// A gene as the file describes it.
struct Description {
  Gene gene;
  Domain domain;
  std::optional<Condition> only_if;
};

class GeneReader {
 public:
  GeneReader(const std::string& name, const Value& object) : name_(name), object_(object) {
    const bool is_name = !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
                         std::ranges::all_of(name, [](unsigned char c) {
                           return c < 128 && (std::isalnum(c) != 0 || c == '_' || c == '-');
                         });
    require(is_name && name.size() <= 64,
            "\"{}\" must be a name of at most 64 letters, digits, _ and -, not a digit first",
            printable(name));
    // Columns of the tables and keys of the journal, among which genes have theirs; placeholders.
    constexpr std::array kTaken = {
        "id",        "island",  "generation", "origin",    "parents",        "precision",
        "flops",     "fitness", "loss",       "beauty",    "standard_error", "parameters",
        "test_loss", "failure", "cost",       "mean_loss", "replicate",      "names",
        "learning",  "rank",    "host",       "start",     "seconds",        "problem",
        "genome",    "trial",   "score"};
    require(std::ranges::find(kTaken, name) == kTaken.end(),
            "gene {}: this name has a meaning of its own in tables; choose another", name);
    require(object.is_object(), "gene {} ({}) must be an object with its kind", name,
            text_of(object));
    for (const json::Member& member : object.object()) {
      constexpr std::array kKeys = {"kind",    "range", "values", "log",    "step",
                                    "default", "unit",  "label",  "only_if"};
      require(std::ranges::find(kKeys, member.key) != kKeys.end(), "gene {}: unknown key \"{}\"",
              name, member.key);
    }
  }

  /// `others`: the genes before it.
  Description read(const std::vector<Gene>& others) const {
    Description result;
    result.gene = {.name = name_, .width = 6, .shapes_network = true, .place = others.size()};
    for (const auto& [key, to] :
         {std::pair{"unit", &result.gene.unit}, {"label", &result.gene.label}}) {
      if (const Value* text = object_.find(key)) {
        const auto* const words = text->as<std::string>();
        require(words != nullptr, "gene {}: {} must be a text", name_, key);
        *to = *words;
      }
    }
    const std::string& label = result.gene.label.empty() ? name_ : result.gene.label;
    result.gene.more = "a larger " + label, result.gene.less = "a smaller " + label;
    const std::string kind = text("kind");
    if (kind == "real") {
      read_real(result);
    } else if (kind == "int") {
      read_int(result);
    } else if (kind == "choice") {
      read_choice(result);
    } else if (kind == "switch") {
      require_without({"range", "values", "log", "step"}, "a switch");
      result.gene.kind = GeneKind::category, result.gene.high = 1;
      result.gene.categories = {"false", "true"};
      result.domain = ListDomain{{0, 1}};
    } else {
      fail("gene {}: kind ({}) must be int, real, choice or switch", name_, kind);
    }
    read_default(result);
    if (const Value* value = object_.find("only_if")) {
      result.only_if = ConditionReader(fmt::format("gene {}: only_if", name_), others).read(*value);
    }
    return result;
  }

 private:
  std::string text(std::string_view key) const {
    const Value* const value = object_.find(key);
    const auto* const found = value == nullptr ? nullptr : value->as<std::string>();
    require(found != nullptr, "gene {}: {} must be given, as a text", name_, key);
    return *found;
  }
  bool flag(std::string_view key) const {
    const Value* const value = object_.find(key);
    if (value == nullptr) return false;
    const auto* const found = value->as<bool>();
    require(found != nullptr, "gene {}: {} ({}) must be true or false", name_, key,
            text_of(*value));
    return *found;
  }
  void require_without(std::initializer_list<std::string_view> keys, std::string_view what) const {
    for (const std::string_view key : keys) {
      require(object_.find(key) == nullptr, "gene {}: {} has no \"{}\"", name_, what, key);
    }
  }
  std::vector<double> numbers(std::string_view key) const {
    const auto* const list = object_.find(key)->as<Value::List>();
    require(list != nullptr && !list->empty(), "gene {}: {} must be a list of numbers", name_, key);
    std::vector<double> result;
    for (const Value& each : *list) result.push_back(number(key, each));
    return result;
  }
  double number(std::string_view key, const Value& value) const {
    const std::optional<double> found = value.number();
    require(found && std::abs(*found) <= kLargestReal,
            "gene {}: {} ({}) must be a number from -1e300 to 1e300", name_, key, text_of(value));
    return *found;
  }
  std::pair<double, double> range() const {
    require(object_.find("range") != nullptr, "gene {}: \"range\" or \"values\" must be given",
            name_);
    const std::vector<double> ends = numbers("range");
    require(ends.size() == 2, "gene {}: range must have two numbers, not {}", name_, ends.size());
    require(ends[0] < ends[1], "gene {}: range must rise: {} follows {}", name_, ends[1], ends[0]);
    require(!flag("log") || ends[0] > 0,
            "gene {}: range ({} to {}) must be above 0 on a logarithmic scale", name_, ends[0],
            ends[1]);
    return {ends[0], ends[1]};
  }
  std::vector<double> values() const {
    require_without({"range", "log", "step"}, "one with \"values\"");
    const std::vector<double> listed = numbers("values");
    for (std::size_t i = 1; i < listed.size(); ++i) {
      require(listed[i - 1] < listed[i], "gene {}: values must rise: {} follows {}", name_,
              listed[i], listed[i - 1]);
    }
    return listed;
  }

  void read_real(Description& to) const {
    to.gene.kind = GeneKind::real;
    to.gene.low = -kLargestReal, to.gene.high = kLargestReal;
    if (object_.find("values") != nullptr) {
      to.domain = ListDomain{values()};
      return;
    }
    require_without({"step"}, "a real one");
    const auto [low, high] = range();
    to.gene.logarithmic = flag("log");
    if (flag("log")) {
      to.gene.low = 0, to.gene.low_excluded = true;
      to.domain = LogDomain{low, high};
    } else {
      to.domain = LinearDomain{low, high};
    }
  }

  void read_int(Description& to) const {
    const bool has_values = object_.find("values") != nullptr;
    const std::vector<double> given = has_values ? values() : whole_range();
    for (const double value : given) {
      require(value == std::floor(value) && std::abs(value) <= kLargestWhole,
              "gene {}: {} must be a whole number from -4294967295 to 4294967295", name_, value);
    }
    to.gene.logarithmic = flag("log");
    to.gene.kind = GeneKind::whole;
    to.gene.low = given.front() < 0 ? -kLargestWhole : 0, to.gene.high = kLargestWhole;
    const bool is_all = has_values || object_.find("step") != nullptr ||
                        given.size() == static_cast<std::size_t>(given.back() - given.front()) + 1;
    if (is_all) {
      to.domain = ListDomain{given};
    } else {
      const double span = given.back() - given.front();
      to.domain = RangeDomain{
          given.front(), given.back(), given, {1, std::ceil(span / 256), std::ceil(span / 16)}};
      auto& moves = std::get<RangeDomain>(to.domain).moves;
      moves.erase(std::unique(moves.begin(), moves.end()), moves.end());
    }
  }

  /// All numbers of a range, or as many as are drawn from where it is large.
  std::vector<double> whole_range() const {
    const auto [low, high] = range();
    double step = 1;
    if (const Value* value = object_.find("step")) {
      step = number("step", *value);
      require(step >= 1 && step == std::floor(step) && !flag("log"),
              "gene {}: step ({}) must be a whole number of at least 1, and not beside \"log\"",
              name_, step);
      require((high - low) / step < 100'000, "gene {}: more than 100,000 steps of {}", name_, step);
    }
    const bool has_step = object_.find("step") != nullptr;
    const double count = std::floor((high - low) / step) + 1;
    std::vector<double> result;
    if (has_step || count <= kMostListed) {
      for (double i = 0; i < count; ++i) result.push_back(low + i * step);
      return result;
    }
    for (std::size_t i = 0; i < kMostListed; ++i) {
      const double share = static_cast<double>(i) / (kMostListed - 1);
      const double value =
          flag("log") ? low * std::pow(high / low, share) : low + share * (high - low);
      const double whole = std::clamp(std::round(value), low, high);
      if (result.empty() || whole > result.back()) result.push_back(whole);
    }
    return result;
  }

  void read_choice(Description& to) const {
    require_without({"range", "log", "step"}, "a choice");
    const Value* const value = object_.find("values");
    const auto* const list = value == nullptr ? nullptr : value->as<Value::List>();
    require(list != nullptr && !list->empty() && list->size() <= 1000,
            "gene {}: values must be a list of 1 to 1000 texts", name_);
    ListDomain domain;
    for (const Value& each : *list) {
      const auto* const word = each.as<std::string>();
      require(word != nullptr && !word->empty() && *word == printable(*word),
              "gene {}: values ({}) must be texts, not empty, without control characters", name_,
              text_of(each));
      require(std::ranges::find(to.gene.categories, *word) == to.gene.categories.end(),
              "gene {}: \"{}\" is there twice", name_, *word);
      domain.values.push_back(static_cast<double>(to.gene.categories.size()));
      to.gene.categories.push_back(*word);
    }
    to.gene.kind = GeneKind::category, to.gene.high = domain.values.back();
    to.domain = std::move(domain);
  }

  /// Where none is given: the middle of a range, the middle one of values, the first choice.
  void read_default(Description& to) const {
    Gene& gene = to.gene;
    const auto [low, high] = ends_of(to.domain);
    if (const auto* list = std::get_if<ListDomain>(&to.domain)) {
      gene.primordial = gene.is_category() ? 0 : list->values[(list->values.size() - 1) / 2];
    } else if (gene.logarithmic) {
      gene.primordial = std::sqrt(low) * std::sqrt(high);
    } else {
      gene.primordial = low / 2 + high / 2;
    }
    if (gene.kind == GeneKind::whole) gene.primordial = std::round(gene.primordial);
    const Value* const value = object_.find("default");
    if (value == nullptr) return;
    if (gene.is_category()) {
      const auto* const flag = value->as<bool>();
      const auto* const word = value->as<std::string>();
      gene.primordial = gene.category(flag != nullptr   ? (*flag ? "true" : "false")
                                      : word != nullptr ? *word
                                                        : text_of(*value));
      return;
    }
    gene.primordial = number("default", *value);
    const auto* list = std::get_if<ListDomain>(&to.domain);
    const bool is_in = list == nullptr
                           ? gene.primordial >= low && gene.primordial <= high
                           : std::ranges::find(list->values, gene.primordial) != list->values.end();
    require(
        is_in && (gene.kind != GeneKind::whole || gene.primordial == std::floor(gene.primordial)),
        "gene {}: default ({}) must be one of its values", name_, gene.primordial);
  }

  const std::string& name_;
  const Value& object_;
};

// Spaces.

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

/// The name of a gene in the environment of a command.
std::string variable_name(std::string name) {
  for (char& c : name) {
    c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
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
    Description description = GeneReader(name, value).read(genes);
    for (const Gene& other : genes) {
      require(other.name != name, "gene {} is there twice", name);
      require(variable_name(other.name) != variable_name(name),
              "genes {} and {} differ in case or - and _ alone, which environment variables do not",
              other.name, name);
    }
    genes.push_back(std::move(description.gene));
    domains.push_back(std::move(description.domain));
    only_if.push_back(std::move(description.only_if));
  }
  std::vector<Condition> forbidden;
  if (const Value* value = object.find("forbidden")) {
    const auto* const list = value->as<Value::List>();
    require(list != nullptr, "forbidden ({}) must be a list of conditions", text_of(*value));
    for (const Value& each : *list) {
      forbidden.push_back(
          ConditionReader(fmt::format("forbidden[{}]", forbidden.size()), genes).read(each));
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

bool Condition::holds(const Genome& genome) const {
  return std::ranges::all_of(comparisons, [&](const Comparison& comparison) {
    return compares(comparison.relation, genome[genome.genes().at(comparison.gene)],
                    comparison.values);
  });
}

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

const OwnSpace* own_space_of(const GeneTable& genes) {
  for (const auto& [text, each] : kept()) {
    if (each.genes.get() == &genes) return each.space.get();
  }
  return nullptr;
}

std::string trial_json(const Genome& genome) {
  const std::vector<const Gene*> idle = without_effect(genome);
  json::Writer writer;
  writer.begin_object();
  for (const Gene& gene : genome.genes()) {
    if (std::ranges::find(idle, &gene) != idle.end()) continue;
    writer.key(gene.name);
    const bool is_switch = gene.categories == std::vector<std::string>{"false", "true"};
    if (is_switch) {
      writer.write(genome[gene] != 0);
    } else {
      write_gene(writer, gene, genome[gene]);
    }
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
      if (value == nullptr) continue;
      const auto* const flag = value->as<bool>();
      genome[gene] = flag != nullptr && gene.is_category() ? gene.category(*flag ? "true" : "false")
                                                           : gene_value(gene, *value);
    }
  });
  return genome;
}

}  // namespace microgpt::genome
