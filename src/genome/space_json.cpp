// Search spaces in JSON. docs/search-spaces.md has the grammar.
#include <algorithm>
#include <array>

#include "gene_json.hpp"
#include "microgpt/core/files.hpp"
#include "microgpt/genome/genome_json.hpp"
#include "microgpt/genome/own_space.hpp"

namespace microgpt::genome {

namespace {

using json::Value;

double limit(std::string_view name, const Value& value) {
  const std::optional<double> number = value.number();
  require(number.has_value(), "{} ({}) must be a number", name, text_of(value));
  return *number;
}

/// The members of the object that describes the domain of a gene.
class Members {
 public:
  Members(const Gene& gene, const Value& object) : gene_(gene), object_(object) {}

  bool has(std::string_view key) const { return object_.find(key) != nullptr; }

  /// The values of a list. Categories may be listed in any order.
  std::vector<double> values(std::string_view key) const {
    return list(key, [&](const Value& value) { return gene_value(gene_, value); });
  }
  std::vector<double> numbers(std::string_view key) const {
    return list(key, [&](const Value& value) { return limit(name(key), value); });
  }
  std::pair<double, double> pair(std::string_view key) const {
    const std::vector<double> two = numbers(key);
    require(two.size() == 2, "{} must have two numbers, not {}", name(key), two.size());
    return {two[0], two[1]};
  }
  bool flag(std::string_view key) const {
    if (!has(key)) return false;
    const auto* const value = object_.find(key)->as<bool>();
    require(value != nullptr, "{} must be true or false", name(key));
    return *value;
  }
  void require_only(std::initializer_list<std::string_view> keys) const {
    for (const json::Member& member : object_.object()) {
      require(std::ranges::find(keys, member.key) != keys.end(), "{}: unknown key \"{}\" beside {}",
              gene_.name, member.key, *keys.begin());
    }
  }

 private:
  std::string name(std::string_view key) const { return fmt::format("{}'s {}", gene_.name, key); }

  template <class Read>
  std::vector<double> list(std::string_view key, const Read& read) const {
    const Value* const value = object_.find(key);
    const auto* const items = value == nullptr ? nullptr : value->as<Value::List>();
    require(items != nullptr, "{} must be a list", name(key));
    std::vector<double> result;
    for (const Value& item : *items) result.push_back(read(item));
    if (gene_.is_category()) std::ranges::sort(result);
    return result;
  }

  const Gene& gene_;
  const Value& object_;
};

Domain domain_in(const Gene& gene, const Value& object) {
  const Members members(gene, object);
  if (members.has("list")) {
    members.require_only({"list", "neighbours"});
    return ListDomain{members.values("list"), members.flag("neighbours")};
  }
  if (members.has("range")) {
    members.require_only({"range", "draw", "moves"});
    const auto [min, max] = members.pair("range");
    std::vector<double> moves;
    if (members.has("moves")) moves = members.numbers("moves");
    return RangeDomain{min, max, members.values("draw"), std::move(moves)};
  }
  if (members.has("log")) {
    members.require_only({"log", "factors"});
    const auto [min, max] = members.pair("log");
    const auto [least, most] =
        members.has("factors") ? members.pair("factors") : std::pair(0.0, 0.0);
    return LogDomain{min, max, least, most};
  }
  require(members.has("linear"), "{} must have one of the keys list, range, log or linear",
          gene.name);
  members.require_only({"linear"});
  const auto [min, max] = members.pair("linear");
  return LinearDomain{min, max};
}

/// A value, a list of values, or an object.
Domain domain_of(const Gene& gene, const Value& value) {
  if (value.is_object()) return domain_in(gene, value);
  if (value.as<Value::List>() == nullptr) return ListDomain{{gene_value(gene, value)}};
  return domain_in(gene, {Value::Object{{"list", value}}});
}

// Files of earlier versions say "lr_min", "lr_max" and so on. What they leave out is not
// primordial, but as in the space of the program.

/// What a key of such a file sets.
struct EarlierKey {
  std::string_view key, gene;
  void (*set)(Domain& domain, const std::vector<double>& numbers);
};

template <class Type, double Type::*member>
void set_number(Domain& domain, const std::vector<double>& numbers) {
  std::get<Type>(domain).*member = numbers.at(0);
}
template <std::vector<double> RangeDomain::*member>
void set_list(Domain& domain, const std::vector<double>& numbers) {
  std::get<RangeDomain>(domain).*member = numbers;
}
void set_neighbours(Domain& domain, const std::vector<double>& numbers) {
  std::get<ListDomain>(domain).neighbours = numbers.at(0) != 0;
}

constexpr EarlierKey kEarlierKeys[] = {
    {"lr_min", "lr", set_number<LogDomain, &LogDomain::min>},
    {"lr_max", "lr", set_number<LogDomain, &LogDomain::max>},
    {"lr_factor_min", "lr", set_number<LogDomain, &LogDomain::factor_min>},
    {"lr_factor_max", "lr", set_number<LogDomain, &LogDomain::factor_max>},
    {"steps_min", "steps", set_number<RangeDomain, &RangeDomain::min>},
    {"steps_max", "steps", set_number<RangeDomain, &RangeDomain::max>},
    {"steps_draw", "steps", set_list<&RangeDomain::draw>},
    {"steps_moves", "steps", set_list<&RangeDomain::moves>},
    {"n_layer_neighbours", "n_layer", set_neighbours}};

const EarlierKey* find_earlier(std::string_view key) {
  const auto* const found = std::ranges::find(kEarlierKeys, key, &EarlierKey::key);
  return found == std::end(kEarlierKeys) ? nullptr : found;
}

/// A number, a list of numbers, or true or false.
std::vector<double> numbers_of(std::string_view key, const Value& value) {
  if (const auto* flag = value.as<bool>()) return {*flag ? 1.0 : 0.0};
  const auto* const list = value.as<Value::List>();
  if (list == nullptr) return {limit(key, value)};
  std::vector<double> numbers;
  for (const Value& each : *list) numbers.push_back(limit(key, each));
  return numbers;
}

void read_earlier(SearchSpace& space, const EarlierKey& earlier, const Value& value,
                  const Value& object) {
  const bool is_list = value.as<Value::List>() != nullptr;
  require(is_list == (earlier.key == "steps_draw" || earlier.key == "steps_moves"),
          "{} ({}) must be {}", earlier.key, text_of(value), is_list ? "a number" : "a list");
  require(earlier.gene == "n_layer" || object.find(earlier.gene) == nullptr,
          "{} and {}: one of the two must go", earlier.key, earlier.gene);
  earlier.set(space[earlier.gene], numbers_of(earlier.key, value));
}

/// Fills in a space from an object whose keys are known.
void read_space(SearchSpace& space, const Value& object) {
  for (const Gene& gene : space.genes()) {
    if (const Value* value = object.find(gene.name)) space[gene] = domain_of(gene, *value);
  }
  for (const auto& [key, value] : object.object()) {
    if (const EarlierKey* earlier = find_earlier(key)) {
      read_earlier(space, *earlier, value, object);
    } else if (key == "max_training_flops") {
      space.max_training_flops = limit(key, value);
    } else if (key == "max_parameters") {
      space.max_parameters = limit(key, value);
    } else {
      require(space.genes().find(key) != nullptr, "unknown key \"{}\"", key);
    }
  }
  validate(space);
}

class DomainWriter {
 public:
  DomainWriter(json::Writer& writer, const Gene& gene) : writer_(writer), gene_(gene) {}

  void operator()(const ListDomain& list) const {
    if (!list.neighbours) return values(list.values);
    object("list", list.values, [&] { writer_.put("neighbours", true); });
  }
  void operator()(const RangeDomain& range) const {
    object("range", {range.min, range.max}, [&] {
      member("draw", range.draw);
      if (!range.moves.empty()) member("moves", range.moves);
    });
  }
  void operator()(const LogDomain& log) const {
    object("log", {log.min, log.max}, [&] {
      if (log.factor_max > 0) member("factors", {log.factor_min, log.factor_max});
    });
  }
  void operator()(const LinearDomain& linear) const {
    object("linear", {linear.min, linear.max}, [] {});
  }

 private:
  void values(const std::vector<double>& values) const {
    writer_.begin_list();
    for (const double value : values) write_gene(writer_, gene_, value);
    writer_.end_list();
  }
  void member(std::string_view key, const std::vector<double>& numbers) const {
    writer_.key(key);
    values(numbers);
  }
  template <class Rest>
  void object(std::string_view scale, const std::vector<double>& numbers, const Rest& rest) const {
    writer_.begin_object();
    member(scale, numbers);
    rest();
    writer_.end_object();
  }

  json::Writer& writer_;
  const Gene& gene_;
};

}  // namespace

SearchSpace parse_space(const std::string& path, const std::string& text,
                        const SearchSpace& earlier_base) {
  if (has_own_genes(text)) return read_own_space(path, text).space;
  const Value object = object_in(path, text);
  const bool is_earlier = std::ranges::any_of(
      object.object(), [](const json::Member& each) { return find_earlier(each.key) != nullptr; });
  SearchSpace space = is_earlier ? earlier_base : SearchSpace::primordial();
  at_path(path, [&] { read_space(space, object); });
  return space;
}

SearchSpace load_space(const std::filesystem::path& path, const SearchSpace& earlier_base) {
  return parse_space(path.string(), read_file(path, kLargestJson), earlier_base);
}

std::string to_json(const SearchSpace& space) {
  if (const OwnSpace* own = own_space_of(space.genes())) return own->json + "\n";
  json::Writer writer;
  writer.begin_object();
  for (const Gene& gene : space.genes()) {
    // As in genome files: older programs, and their runs, know nothing of an optional gene.
    if (gene.is_optional && space[gene] == Domain(ListDomain{{gene.primordial}})) continue;
    writer.key(gene.name);
    std::visit(DomainWriter(writer, gene), space[gene]);
  }
  if (space.max_training_flops > 0) writer.put("max_training_flops", space.max_training_flops);
  if (space.max_parameters > 0) writer.put("max_parameters", space.max_parameters);
  writer.end_object();
  return writer.text() + "\n";
}

}  // namespace microgpt::genome
