#include "microgpt/run/tables.hpp"

#include <algorithm>
#include <functional>
#include <limits>

#include "csv.hpp"
#include "limits.hpp"
#include "microgpt/analysis/generation_summary.hpp"
#include "microgpt/analysis/insight.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/genome/genes.hpp"

namespace microgpt::run {

namespace {

std::size_t island_of(const Organism& organism, std::size_t islands) {
  return organism.id % islands + 1;
}

/// A fitness or loss: empty if it is that of a failure.
std::string field(double loss) { return loss == kMaxLoss ? "" : fmt::to_string(loss); }

std::string field(std::optional<double> value) { return value ? fmt::to_string(*value) : ""; }

/// A row of organisms.csv is made of an organism and of what its run tells of it.
struct OrganismRow {
  const Organism& organism;
  std::size_t islands;
  Precision precision;
  std::size_t vocabulary;
  const Finalist* finalist;  ///< if it is one, and was trained anew with success

  const Evaluation& evaluation() const { return *organism.evaluation; }
};

struct Column {
  std::string name;
  std::function<std::string(const OrganismRow&)> field;
};

/// A column of what new trainings said of a finalist.
template <class Value>
Column of_finalist(std::string name, const Value& value) {
  return {std::move(name), [value](const OrganismRow& row) {
            return row.finalist == nullptr ? "" : value(*row.finalist);
          }};
}

/// The columns of organisms.csv, header and fields.
const std::vector<Column>& organism_columns() {
  static const std::vector<Column> columns = [] {
    using Row = OrganismRow;
    const auto text = [](const auto& value) { return fmt::to_string(value); };
    std::vector<Column> all = {
        {"id", [=](const Row& r) { return text(r.organism.id); }},
        {"island", [=](const Row& r) { return text(island_of(r.organism, r.islands)); }},
        {"generation", [=](const Row& r) { return text(r.organism.generation); }},
        {"origin", [=](const Row& r) { return text(name(r.organism.origin)); }},
        {"parents", [=](const Row& r) { return text(fmt::join(r.organism.parents, " ")); }}};
    for (const Gene& gene : kGenes) {
      all.push_back({std::string(gene.name),
                     [=, &gene](const Row& r) { return text(gene.value(r.organism.genome)); }});
    }
    const std::vector<Column> others = {
        {"precision", [=](const Row& r) { return text(name(r.precision)); }},
        {"parameters",
         [=](const Row& r) {
           return text(parameter_count(gpt_config(r.organism.genome, r.vocabulary)));
         }},
        {"flops", [=](const Row& r) { return text(r.organism.flops); }},
        {"fitness", [](const Row& r) { return field(r.evaluation().fitness); }},
        {"loss", [](const Row& r) { return field(r.evaluation().loss); }},
        {"beauty", [](const Row& r) { return field(r.evaluation().beauty); }},
        of_finalist("mean_loss", [=](const Finalist& f) { return text(f.validation.mean); }),
        of_finalist("standard_error",
                    [=](const Finalist& f) {
                      return f.validation.count < 2 ? "" : text(f.validation.standard_error);
                    }),
        of_finalist("test_loss", [=](const Finalist& f) { return text(f.test.mean); }),
        {"failure", [](const Row& r) { return csv_field(r.evaluation().failure); }}};
    all.insert(all.end(), others.begin(), others.end());
    return all;
  }();
  return columns;
}

const Finalist* finalist_of(const Organism& organism, std::span<const Finalist> finalists) {
  const auto found = std::ranges::find_if(
      finalists, [&](const Finalist& f) { return f.organism.id == organism.id && !f.failed(); });
  return found == finalists.end() ? nullptr : &*found;
}

/// One line of a table: what `of` says of each column.
template <class Of>
std::string line_of(const std::vector<Column>& columns, const Of& of) {
  std::string line;
  for (const Column& column : columns) line += of(column) + ',';
  line.back() = '\n';
  return line;
}

}  // namespace

std::string organisms_header() {
  return line_of(organism_columns(), [](const Column& column) { return column.name; });
}

std::string organisms_csv(std::span<const Organism> organisms, std::size_t islands,
                          Precision precision, std::size_t vocabulary,
                          std::span<const Finalist> finalists) {
  std::string text;
  for (const Organism& o : organisms) {
    const OrganismRow row = {o, islands, precision, vocabulary, finalist_of(o, finalists)};
    text += line_of(organism_columns(), [&](const Column& column) { return column.field(row); });
  }
  return text;
}

std::string generations_csv(std::span<const Organism> members, std::size_t islands) {
  const GenerationSummary s = summary_of(members);
  return fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                     island_of(members.front(), islands), s.generation, s.members, s.failed,
                     s.diversity, s.failed == s.members ? "" : fmt::to_string(s.best_id),
                     field(s.best), field(s.mean), field(s.q10), field(s.q25), field(s.median),
                     field(s.q75), field(s.q90), field(s.worst));
}

std::string names_csv(std::span<const Organism> members, std::size_t islands) {
  const Organism& best = *std::ranges::min_element(members, better);
  std::string text;
  for (const std::string& name : best.evaluation->names) {
    text += fmt::format("{},{},{},{}\n", island_of(best, islands), best.generation, best.id,
                        csv_field(name));
  }
  return text;
}

std::string replicates_csv(std::span<const Finalist> finalists) {
  std::string text;
  for (const Finalist& finalist : finalists) {
    std::uint32_t number = 0;
    for (const Evaluation& e : finalist.replicates) {
      text += fmt::format("{},{},{},{},{},{}\n", finalist.organism.id, ++number, field(e.fitness),
                          field(e.loss), field(e.test_loss), csv_field(e.failure));
    }
  }
  return text;
}

std::string pareto_csv(std::span<const Organism> history, std::size_t vocabulary) {
  std::string text = "cost,id,value,loss\n";
  for (const ParetoCost cost : {ParetoCost::parameters, ParetoCost::flops}) {
    for (const ParetoMember& member : pareto_members(history, cost, vocabulary)) {
      text += fmt::format("{},{},{},{}\n", name(cost), member.organism->id, member.cost,
                          member.organism->evaluation->loss);
    }
  }
  return text;
}

std::string timings_csv(std::span<const Trial> trials) {
  std::string text;
  for (const Trial& trial : trials) {
    const Timing& t = trial.timing;
    text += fmt::format("{},{},{},{},{:.6f},{:.6f}\n", trial.task.id, trial.task.replicate, t.rank,
                        csv_field(t.host), t.start, t.seconds);
  }
  return text;
}

namespace {

std::vector<std::uint64_t> parents_of(const CsvTable& table, std::size_t row) {
  std::vector<std::uint64_t> parents;
  std::string_view rest = table.text(row, "parents");
  while (!rest.empty()) {
    const std::string_view digits = rest.substr(0, rest.find(' '));
    const bool number = !digits.empty() && digits.size() < 20 &&
                        digits.find_first_not_of("0123456789") == std::string_view::npos;
    if (!number) table.reject(row, "parents", "must be numbers with a space in between");
    parents.push_back(std::stoull(std::string(digits)));
    rest.remove_prefix(std::min(rest.size(), digits.size() + 1));
  }
  return parents;
}

Genome genome_of(const CsvTable& table, std::size_t row) {
  Genome genome;
  for (const Gene& gene : kGenes) {
    gene.set(genome, gene.is_real() ? table.number(row, gene.name) : table.whole32(row, gene.name));
  }
  return genome;
}

Evaluation evaluation_of(const CsvTable& table, std::size_t row, std::string_view loss) {
  if (!table.text(row, "failure").empty()) return failed_evaluation(table.text(row, "failure"));
  Evaluation evaluation;
  evaluation.fitness = table.number(row, "fitness");
  evaluation.loss = table.number(row, loss);
  return evaluation;
}

/// Checks values of a row, and puts its place before what is wrong.
template <class Check>
void check(const CsvTable& table, std::size_t row, const Check& rules) {
  try {
    rules();
  } catch (const Error& error) {
    table.reject(row, "id", error.what());
  }
}

Organism organism_of(const CsvTable& table, std::size_t row) {
  Organism o = {.id = table.whole(row, "id"),
                .generation = table.whole32(row, "generation"),
                .genome = genome_of(table, row),
                .parents = parents_of(table, row),
                .flops = table.number(row, "flops", 0, kMaxFlops),
                .evaluation = evaluation_of(table, row, "loss")};
  if (o.generation == 0) table.reject(row, "generation", "must be at least 1");
  if (!table.text(row, "beauty").empty()) o.evaluation->beauty = table.number(row, "beauty");
  check(table, row, [&] {
    validate(o.genome);
    validate(*o.evaluation, 0);
    const std::string& origin = table.text(row, "origin");
    const std::optional<Origin> known = find_name<Origin>(origin);
    require(known.has_value(), "unknown origin ({})", origin);
    o.origin = *known;
  });
  return o;
}

/// One value a row.
template <class Read>
auto rows_of(const CsvTable& table, const Read& read) {
  std::vector<decltype(read(std::size_t{}))> values;
  values.reserve(table.size());
  for (std::size_t row = 0; row < table.size(); ++row) values.push_back(read(row));
  return values;
}

}  // namespace

std::vector<Organism> read_organisms_csv(const std::filesystem::path& file) {
  const CsvTable table(file);
  return rows_of(table, [&](std::size_t row) { return organism_of(table, row); });
}

std::vector<Trial> read_timings_csv(const std::filesystem::path& file) {
  const CsvTable table(file);
  return rows_of(table, [&](std::size_t row) {
    const double rank = table.number(row, "rank", -1, std::numeric_limits<int>::max());
    return Trial{
        .task = {.id = table.whole(row, "id"), .replicate = table.whole32(row, "replicate")},
        .timing = {.rank = static_cast<int>(rank),
                   .host = table.text(row, "host"),
                   .start = table.number(row, "start", 0, kMaxSeconds),
                   .seconds = table.number(row, "seconds", 0, kMaxSeconds)}};
  });
}

std::vector<Trial> read_replicates_csv(const std::filesystem::path& file) {
  const CsvTable table(file);
  return rows_of(table, [&](std::size_t row) {
    Trial trial = {
        .task = {.id = table.whole(row, "id"), .replicate = table.whole32(row, "replicate")},
        .evaluation = evaluation_of(table, row, "validation_loss")};
    if (!trial.evaluation.failed()) trial.evaluation.test_loss = table.number(row, "test_loss");
    check(table, row, [&] { validate(trial.evaluation, trial.task.replicate); });
    return trial;
  });
}

std::vector<std::pair<std::uint64_t, std::string>> read_names_csv(
    const std::filesystem::path& file) {
  const CsvTable table(file);
  return rows_of(table, [&](std::size_t row) {
    return std::pair(table.whole(row, "id"), table.text(row, "name"));
  });
}

}  // namespace microgpt::run
