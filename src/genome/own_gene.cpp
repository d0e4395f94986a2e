#include "own_gene.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <utility>

#include "condition.hpp"
#include "gene_json.hpp"
#include "microgpt/core/text.hpp"

namespace microgpt::genome {

namespace {

using json::Value;

constexpr double kLargestWhole = std::numeric_limits<std::uint32_t>::max();
constexpr double kLargestReal = 1e300;
constexpr std::size_t kMostListed = 256;  // values of a range that is searched as a list

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

  OwnGene read(const std::vector<Gene>& others) const {
    OwnGene result;
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
      result.only_if = read_condition(*value, fmt::format("gene {}: only_if", name_), others);
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

  void read_real(OwnGene& to) const {
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

  void read_int(OwnGene& to) const {
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

  void read_choice(OwnGene& to) const {
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
  void read_default(OwnGene& to) const {
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
      gene.primordial = gene_value(gene, *value);
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

}  // namespace

OwnGene read_own_gene(const std::string& name, const Value& object,
                      const std::vector<Gene>& others) {
  return GeneReader(name, object).read(others);
}

}  // namespace microgpt::genome
