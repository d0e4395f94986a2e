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

/// A column is one entry of its table: what it is called, what stands in it, and what that is read
/// into: nothing (null) where it follows from other columns, or nobody reads the file.
template <class Row, class Record = Row>
struct Column {
  std::string name;
  std::function<std::string(const Row&)> field;
  std::function<void(const CsvField&, Record&)> read;
};

/// A CSV file: each row is written from a Row and read into a Record.
template <class Row, class Record = Row>
struct Table {
  std::vector<Column<Row, Record>> columns;

  std::string header() const {
    return line([](const Column<Row, Record>& column) { return column.name; });
  }
  std::string row(const Row& row) const {
    return line([&](const Column<Row, Record>& column) { return column.field(row); });
  }

  /// Each row is read into a copy of `empty`, and must then pass the check.
  std::vector<Record> read(
      const std::filesystem::path& file, const Record& empty = {},
      const std::function<void(const Record&)>& check = [](const Record&) {}) const {
    const CsvTable table(file);
    std::vector<Record> records(table.size(), empty);
    for (std::size_t i = 0; i < records.size(); ++i) {
      for (const Column<Row, Record>& column : columns) {
        if (column.read) column.read(table.field(i, column.name), records[i]);
      }
      try {
        check(records[i]);
      } catch (const Error& error) {
        table.field(i, "id").reject(error.what());
      }
    }
    return records;
  }

 private:
  template <class Of>
  std::string line(const Of& of) const {
    std::string text;
    for (const Column<Row, Record>& column : columns) text += of(column) + ',';
    text.back() = '\n';
    return text;
  }
};

template <class Value>
std::string field(const Value& value) {
  return fmt::to_string(value);
}
std::string field(const std::string& text) { return csv_field(text); }
std::string field(const std::optional<double>& value) {
  return value ? fmt::to_string(*value) : "";
}

/// A fitness or loss: empty if it is that of a failure.
std::string score_field(double score) { return score == kMaxLoss ? "" : fmt::to_string(score); }

/// A column that is a member of the record, and read back as it is.
template <class Record, class Member>
Column<Record> member(std::string name, Member Record::*at) {
  return {std::move(name), [at](const Record& record) { return field(record.*at); },
          [at](const CsvField& from, Record& record) { from.read(record.*at); }};
}

std::size_t island_of(const Organism& organism, std::size_t islands) {
  return organism.id % islands + 1;
}

/// A row of organisms.csv is made of an organism and of what its run tells of it.
struct OrganismRow {
  const Organism& organism;
  std::size_t islands;
  Precision precision;
  std::size_t vocabulary;
  const Finalist* finalist;  ///< if it is one, and was trained anew with success
};

const Evaluation& evaluation_of(const OrganismRow& row) { return *row.organism.evaluation; }
Evaluation& evaluation_of(Organism& organism) { return *organism.evaluation; }
const Evaluation& evaluation_of(const Result& result) { return result.evaluation; }
Evaluation& evaluation_of(Result& result) { return result.evaluation; }

/// A fitness or loss, which failures do not have.
template <class Row, class Record>
Column<Row, Record> score(std::string name, double Evaluation::*at) {
  return {std::move(name), [at](const Row& row) { return score_field(evaluation_of(row).*at); },
          [at](const CsvField& from, Record& record) {
            if (from.beside("failure").text().empty()) evaluation_of(record).*at = from.number();
          }};
}

template <class Row, class Record>
Column<Row, Record> failure() {
  return {"failure", [](const Row& row) { return field(evaluation_of(row).failure); },
          [](const CsvField& from, Record& to) { evaluation_of(to).failure = from.text(); }};
}

void read_generation(const CsvField& from, Organism& organism) {
  organism.generation = from.whole32();
  if (organism.generation == 0) from.reject("must be at least 1");
}

void read_origin(const CsvField& from, Organism& organism) {
  const std::optional<Origin> origin = find_name<Origin>(from.text());
  if (!origin) {
    from.beside("id").reject(fmt::format("origin ({}) is none of an organism's", from.text()));
  }
  organism.origin = *origin;
}

void read_parents(const CsvField& from, Organism& organism) {
  std::string_view rest = from.text();
  while (!rest.empty()) {
    const std::string_view digits = rest.substr(0, rest.find(' '));
    const bool number = !digits.empty() && digits.size() < 20 &&
                        digits.find_first_not_of("0123456789") == std::string_view::npos;
    if (!number) from.reject("must be numbers with a space in between");
    organism.parents.push_back(std::stoull(std::string(digits)));
    rest.remove_prefix(std::min(rest.size(), digits.size() + 1));
  }
}

void read_beauty(const CsvField& from, Organism& organism) {
  if (!from.text().empty()) organism.evaluation->beauty = from.number();
}

using OrganismColumn = Column<OrganismRow, Organism>;

OrganismColumn gene_column(const Gene& gene) {
  return {std::string(gene.name),
          [&gene](const OrganismRow& row) { return field(gene.value(row.organism.genome)); },
          [&gene](const CsvField& from, Organism& organism) {
            gene.set(organism.genome, gene.is_real() ? from.number() : from.whole32());
          }};
}

/// What new trainings said of a finalist. It is read from replicates.csv.
template <class Value>
OrganismColumn of_finalist(std::string name, const Value& value) {
  return {std::move(name),
          [value](const OrganismRow& row) {
            return row.finalist == nullptr ? "" : value(*row.finalist);
          },
          nullptr};
}

using OrganismTable = Table<OrganismRow, Organism>;

OrganismTable organism_table() {
  using Row = OrganismRow;
  OrganismTable table = {
      {{"id", [](const Row& r) { return field(r.organism.id); },
        [](const CsvField& from, Organism& o) { o.id = from.whole(); }},
       {"island", [](const Row& r) { return field(island_of(r.organism, r.islands)); }, nullptr},
       {"generation", [](const Row& r) { return field(r.organism.generation); }, read_generation},
       {"origin", [](const Row& r) { return field(name(r.organism.origin)); }, read_origin},
       {"parents", [](const Row& r) { return field(fmt::join(r.organism.parents, " ")); },
        read_parents}}};
  for (const Gene& gene : kGenes) table.columns.push_back(gene_column(gene));
  const std::vector<OrganismColumn> others = {
      {"precision", [](const Row& r) { return field(name(r.precision)); }, nullptr},
      {"parameters",
       [](const Row& r) {
         return field(parameter_count(gpt_config(r.organism.genome, r.vocabulary)));
       },
       nullptr},
      {"flops", [](const Row& r) { return field(r.organism.flops); },
       [](const CsvField& from, Organism& o) { o.flops = from.number(0, kMaxFlops); }},
      score<Row, Organism>("fitness", &Evaluation::fitness),
      score<Row, Organism>("loss", &Evaluation::loss),
      {"beauty", [](const Row& r) { return field(evaluation_of(r).beauty); }, read_beauty},
      of_finalist("mean_loss", [](const Finalist& f) { return field(f.validation.mean); }),
      of_finalist("standard_error",
                  [](const Finalist& f) {
                    return f.validation.count < 2 ? "" : field(f.validation.standard_error);
                  }),
      of_finalist("test_loss", [](const Finalist& f) { return field(f.test.mean); }),
      failure<Row, Organism>()};
  table.columns.insert(table.columns.end(), others.begin(), others.end());
  return table;
}

struct GenerationRow {
  std::size_t island;
  GenerationSummary summary;
};

Table<GenerationRow> generation_table() {
  using Row = GenerationRow;
  using S = GenerationSummary;
  const auto of = [](std::string name, auto S::*at) {
    return Column<Row>{std::move(name), [at](const Row& r) { return field(r.summary.*at); },
                       nullptr};
  };
  const auto score_of = [](std::string name, double S::*at) {
    return Column<Row>{std::move(name), [at](const Row& r) { return score_field(r.summary.*at); },
                       nullptr};
  };
  return {{{"island", [](const Row& r) { return field(r.island); }, nullptr},
           of("generation", &S::generation),
           of("members", &S::members),
           of("failed", &S::failed),
           of("diversity", &S::diversity),
           {"best_id",
            [](const Row& r) {
              return r.summary.failed == r.summary.members ? "" : field(r.summary.best_id);
            },
            nullptr},
           score_of("best", &S::best),
           score_of("mean", &S::mean),
           score_of("q10", &S::q10),
           score_of("q25", &S::q25),
           score_of("median", &S::median),
           score_of("q75", &S::q75),
           score_of("q90", &S::q90),
           score_of("worst", &S::worst)}};
}

Table<SpokenName> name_table() {
  return {{member("island", &SpokenName::island), member("generation", &SpokenName::generation),
           member("id", &SpokenName::id), member("name", &SpokenName::name)}};
}

Table<Result> replicate_table() {
  return {{member("id", &Result::id),
           member("replicate", &Result::replicate),
           score<Result, Result>("fitness", &Evaluation::fitness),
           score<Result, Result>("validation_loss", &Evaluation::loss),
           {"test_loss", [](const Result& r) { return field(r.evaluation.test_loss); },
            [](const CsvField& from, Result& r) {
              if (from.beside("failure").text().empty()) r.evaluation.test_loss = from.number();
            }},
           failure<Result, Result>()}};
}

struct ParetoRow {
  ParetoCost cost;
  ParetoMember member;
};

Table<ParetoRow> pareto_table() {
  return {{{"cost", [](const ParetoRow& r) { return field(name(r.cost)); }, nullptr},
           {"id", [](const ParetoRow& r) { return field(r.member.organism->id); }, nullptr},
           {"value", [](const ParetoRow& r) { return field(r.member.cost); }, nullptr},
           {"loss", [](const ParetoRow& r) { return field(r.member.organism->evaluation->loss); },
            nullptr}}};
}

Column<Timing> microseconds(std::string name, double Timing::*at) {
  return {std::move(name), [at](const Timing& timing) { return fmt::format("{:.6f}", timing.*at); },
          [at](const CsvField& from, Timing& timing) { timing.*at = from.number(0, kMaxSeconds); }};
}

Table<Timing> timing_table() {
  constexpr int kMaxRank = std::numeric_limits<int>::max();
  return {{member("id", &Timing::id),
           member("replicate", &Timing::replicate),
           {"rank", [](const Timing& t) { return field(t.rank); },
            [](const CsvField& from, Timing& t) {
              t.rank = static_cast<int>(from.number(-1, kMaxRank));  // -1: from a cache
            }},
           member("host", &Timing::host),
           microseconds("start", &Timing::start),
           microseconds("seconds", &Timing::seconds)}};
}

const Finalist* finalist_of(const Organism& organism, std::span<const Finalist> finalists) {
  const auto found = std::ranges::find_if(
      finalists, [&](const Finalist& f) { return f.organism.id == organism.id && !f.failed(); });
  return found == finalists.end() ? nullptr : &*found;
}

}  // namespace

std::string organisms_header() { return organism_table().header(); }

std::string organisms_csv(std::span<const Organism> organisms, std::size_t islands,
                          Precision precision, std::size_t vocabulary,
                          std::span<const Finalist> finalists) {
  const OrganismTable table = organism_table();
  std::string text;
  for (const Organism& o : organisms) {
    text += table.row({o, islands, precision, vocabulary, finalist_of(o, finalists)});
  }
  return text;
}

std::string generations_header() { return generation_table().header(); }

std::string generations_csv(std::span<const Organism> members, std::size_t islands) {
  return generation_table().row({island_of(members.front(), islands), summary_of(members)});
}

std::string names_header() { return name_table().header(); }

std::string names_csv(std::span<const Organism> members, std::size_t islands) {
  const Organism& best = *std::ranges::min_element(members, better);
  const Table<SpokenName> table = name_table();
  std::string text;
  for (const std::string& name : best.evaluation->names) {
    text += table.row({island_of(best, islands), best.generation, best.id, name});
  }
  return text;
}

std::string replicates_csv(std::span<const Finalist> finalists) {
  const Table<Result> table = replicate_table();
  std::string text = table.header();
  for (const Finalist& finalist : finalists) {
    std::uint32_t number = 0;
    for (const Evaluation& e : finalist.replicates) {
      text += table.row({finalist.organism.id, ++number, e});
    }
  }
  return text;
}

std::string pareto_csv(std::span<const Organism> history, std::size_t vocabulary) {
  const Table<ParetoRow> table = pareto_table();
  std::string text = table.header();
  for (const ParetoCost cost : {ParetoCost::parameters, ParetoCost::flops}) {
    for (const ParetoMember& member : pareto_members(history, cost, vocabulary)) {
      text += table.row({cost, member});
    }
  }
  return text;
}

std::string timings_header() { return timing_table().header(); }

std::string timings_csv(std::span<const Work> work) {
  const Table<Timing> table = timing_table();
  std::string text;
  for (const Work& done : work) text += table.row(done.timing);
  return text;
}

std::vector<Organism> read_organisms_csv(const std::filesystem::path& file) {
  Organism empty;
  empty.evaluation.emplace();
  return organism_table().read(file, empty, [](const Organism& o) {
    validate(o.genome);
    validate(*o.evaluation, 0);
  });
}

std::vector<Timing> read_timings_csv(const std::filesystem::path& file) {
  return timing_table().read(file);
}

std::vector<Result> read_replicates_csv(const std::filesystem::path& file) {
  return replicate_table().read(
      file, {}, [](const Result& result) { validate(result.evaluation, result.replicate); });
}

std::vector<SpokenName> read_names_csv(const std::filesystem::path& file) {
  return name_table().read(file);
}

}  // namespace microgpt::run
