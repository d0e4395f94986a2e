#include "microgpt/run/tables.hpp"

#include <algorithm>
#include <limits>
#include <map>

#include "csv_columns.hpp"
#include "limits.hpp"
#include "microgpt/analysis/generation_summary.hpp"
#include "microgpt/analysis/insight.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/evolution/pareto.hpp"
#include "microgpt/genome/gpt_genome.hpp"

namespace microgpt::run {

namespace {

/// Files count islands from 1.
std::uint32_t island_of(const Organism& organism) { return organism.island + 1; }

/// A row of organisms.csv is made of an organism and of what its run knows about it.
struct OrganismRow {
  const Organism& organism;
  Precision precision;
  std::size_t vocabulary;
  const Finalist* finalist;  ///< if it is one, and was trained anew with success
};

const Evaluation& evaluation_of(const OrganismRow& row) { return *row.organism.evaluation; }
void read_island(const CsvField& from, Organism& organism) {
  const std::uint32_t island = from.whole32();
  if (island == 0) from.reject("must be at least 1");
  organism.island = island - 1;
}

void read_generation(const CsvField& from, Organism& organism) {
  organism.generation = from.whole32();
  if (organism.generation == 0) from.reject("must be at least 1");
}

void read_origin(const CsvField& from, Organism& organism) {
  const std::optional<Origin> origin = find_name<Origin>(from.text());
  if (!origin) {
    from.beside("id").reject(fmt::format("unknown origin ({})", from.text()));
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
  return {gene.name,
          [&gene](const OrganismRow& row) {
            const double value = row.organism.genome[gene];
            return gene.is_category() ? gene.text(value) : field(value);
          },
          [&gene](const CsvField& from, Organism& organism) {
            const bool is_whole = gene.kind == GeneKind::whole && gene.low >= 0;
            organism.genome[gene] = gene.is_category() ? gene.category(from.text())
                                    : is_whole         ? from.whole32()
                                                       : from.number();
          },
          gene.is_optional};
}

/// Means over the replicates of a finalist. They are read from replicates.csv.
template <class Value>
OrganismColumn of_finalist(std::string name, const Value& value) {
  return {std::move(name), [value](const OrganismRow& row) {
            return row.finalist == nullptr ? "" : value(*row.finalist);
          }};
}

using OrganismTable = Table<OrganismRow, Organism>;

OrganismTable make_organism_table() {
  using Row = OrganismRow;
  OrganismTable table = {
      {{"id", [](const Row& r) { return field(r.organism.id); },
        [](const CsvField& from, Organism& o) { o.id = from.whole(); }},
       {"island", [](const Row& r) { return field(island_of(r.organism)); }, read_island},
       {"generation", [](const Row& r) { return field(r.organism.generation); }, read_generation},
       {"origin", [](const Row& r) { return field(name(r.organism.origin)); }, read_origin},
       {"parents", [](const Row& r) { return field(fmt::join(r.organism.parents, " ")); },
        read_parents}}};
  for (const Gene& gene : default_genes()) table.columns.push_back(gene_column(gene));
  const std::vector<OrganismColumn> others = {
      {"precision", [](const Row& r) { return field(name(r.precision)); }},
      {"parameters",
       [](const Row& r) {
         const auto count = parameters_of(r.organism.genome, r.vocabulary);
         return count ? field(*count) : "";
       }},
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
  if (!genome::searches_gpts()) {
    table.columns.push_back({"cost", [](const Row& r) { return field(evaluation_of(r).cost); },
                             [](const CsvField& from, Organism& o) {
                               if (!from.text().empty()) o.evaluation->cost = from.number();
                             }});
  }
  return table;
}

const OrganismTable& organism_table() {
  static std::map<const GeneTable*, OrganismTable> tables;
  const auto [place, is_new] = tables.try_emplace(&default_genes());
  if (is_new) place->second = make_organism_table();
  return place->second;
}

struct GenerationRow {
  std::uint32_t island;
  GenerationSummary summary;
};

const Table<GenerationRow>& generation_table() {
  using Row = GenerationRow;
  using S = GenerationSummary;
  const auto of = [](std::string name, auto S::*at) {
    return Column<Row>{std::move(name), [at](const Row& r) { return field(r.summary.*at); }};
  };
  const auto score_of = [](std::string name, double S::*at) {
    return Column<Row>{std::move(name), [at](const Row& r) { return score_field(r.summary.*at); }};
  };
  static const Table<Row> table = {{{"island", [](const Row& r) { return field(r.island); }},
                                    of("generation", &S::generation),
                                    of("members", &S::members),
                                    of("failed", &S::failed),
                                    of("diversity", &S::diversity),
                                    {"best_id",
                                     [](const Row& r) {
                                       return r.summary.failed == r.summary.members
                                                  ? ""
                                                  : field(r.summary.best_id);
                                     }},
                                    score_of("best", &S::best),
                                    score_of("mean", &S::mean),
                                    score_of("q10", &S::q10),
                                    score_of("q25", &S::q25),
                                    score_of("median", &S::median),
                                    score_of("q75", &S::q75),
                                    score_of("q90", &S::q90),
                                    score_of("worst", &S::worst)}};
  return table;
}

const Table<GeneratedName>& name_table() {
  static const Table<GeneratedName> table = {
      {member("island", &GeneratedName::island), member("generation", &GeneratedName::generation),
       member("id", &GeneratedName::id), member("name", &GeneratedName::name)}};
  return table;
}

struct ParetoRow {
  CostKind cost;
  ParetoMember member;
};

const Table<ParetoRow>& pareto_table() {
  static const Table<ParetoRow> table = {
      {{"cost", [](const ParetoRow& r) { return field(name(r.cost)); }},
       {"id", [](const ParetoRow& r) { return field(r.member.organism->id); }},
       {"value", [](const ParetoRow& r) { return field(r.member.cost); }},
       {"loss", [](const ParetoRow& r) { return field(r.member.organism->evaluation->loss); }}}};
  return table;
}

Column<Trial> microseconds(std::string name, double Timing::*at) {
  return {
      std::move(name), [at](const Trial& trial) { return fmt::format("{:.6f}", trial.timing.*at); },
      [at](const CsvField& from, Trial& trial) { trial.timing.*at = from.number(0, kMaxSeconds); }};
}

const Table<Trial>& timing_table() {
  constexpr int kMaxRank = std::numeric_limits<int>::max();
  static const Table<Trial> table = {
      {of_task("id", &Task::id),
       of_task("replicate", &Task::replicate),
       {"rank", [](const Trial& t) { return field(t.timing.rank); },
        [](const CsvField& from, Trial& t) {
          t.timing.rank = static_cast<int>(from.number(-1, kMaxRank));  // -1: from a cache
        }},
       {"host", [](const Trial& t) { return field(t.timing.host); },
        [](const CsvField& from, Trial& t) { t.timing.host = from.text(); }},
       microseconds("start", &Timing::start),
       microseconds("seconds", &Timing::seconds)}};
  return table;
}

const Finalist* finalist_of(const Organism& organism, std::span<const Finalist> finalists) {
  const auto found = std::ranges::find_if(
      finalists, [&](const Finalist& f) { return f.organism.id == organism.id && !f.failed(); });
  return found == finalists.end() ? nullptr : &*found;
}

}  // namespace

std::string organisms_header() { return organism_table().header(); }

std::string organisms_csv(std::span<const Organism> organisms, Precision precision,
                          std::size_t vocabulary, std::span<const Finalist> finalists) {
  std::string text;
  for (const Organism& o : organisms) {
    text += organism_table().row({o, precision, vocabulary, finalist_of(o, finalists)});
  }
  return text;
}

std::string generations_header() { return generation_table().header(); }

std::string generations_csv(std::span<const Organism> members) {
  return generation_table().row({island_of(members.front()), summary_of(members)});
}

std::string names_header() { return name_table().header(); }

std::string names_csv(std::span<const Organism> members) {
  const Organism& best = *std::ranges::min_element(members, better);
  std::string text;
  for (const std::string& name : best.evaluation->names) {
    text += name_table().row({island_of(best), best.generation, best.id, name});
  }
  return text;
}

std::string pareto_csv(std::span<const Organism> history, std::size_t vocabulary) {
  std::string text = pareto_table().header();
  if (!genome::searches_gpts()) return text;
  for (const CostKind cost : {CostKind::parameters, CostKind::flops}) {
    for (const ParetoMember& member : pareto_members(history, cost, vocabulary)) {
      text += pareto_table().row({cost, member});
    }
  }
  return text;
}

std::string timings_header() { return timing_table().header(); }

std::string timings_csv(std::span<const Trial> trials) {
  std::string text;
  for (const Trial& trial : trials) text += timing_table().row(trial);
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

std::vector<Trial> read_timings_csv(const std::filesystem::path& file) {
  return timing_table().read(file);
}

std::vector<GeneratedName> read_names_csv(const std::filesystem::path& file) {
  return name_table().read(file);
}

}  // namespace microgpt::run
