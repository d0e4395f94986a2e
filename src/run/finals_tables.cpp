// The tables of what is trained after a search: replicates of finalists, ablations of the champion.
#include <algorithm>
#include <sstream>

#include "csv_columns.hpp"
#include "limits.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/run/tables.hpp"

namespace microgpt::run {

namespace {

template <class Row>
Column<Row> test_loss() {
  return {"test_loss", [](const Row& row) { return field(evaluation_of(row).test_loss); },
          [](const CsvField& from, Row& row) {
            if (from.beside("failure").text().empty()) {
              evaluation_of(row).test_loss = from.number();
            }
          }};
}

/// Losses, separated by spaces.
Column<Trial> learning() {
  const auto write = [](const Trial& trial) {
    return fmt::format("{}", fmt::join(trial.evaluation.learning, " "));
  };
  const auto read = [](const CsvField& from, Trial& trial) {
    std::istringstream losses(from.text());
    for (std::string loss; losses >> loss;) {
      const std::optional<double> value = parse_double(loss);
      if (!value) from.reject("must be numbers, separated by spaces");
      trial.evaluation.learning.push_back(*value);
    }
  };
  return {"learning", write, read, true};
}

const Table<Trial>& replicate_table() {
  static const Table<Trial> table = {{of_task("id", &Task::id),
                                      of_task("replicate", &Task::replicate),
                                      score<Trial, Trial>("fitness", &Evaluation::fitness),
                                      score<Trial, Trial>("validation_loss", &Evaluation::loss),
                                      test_loss<Trial>(), learning(), failure<Trial, Trial>()}};
  return table;
}

/// A training of an ablation.
struct AblationRow {
  const Gene* gene = nullptr;
  std::uint32_t replicate = 0;
  Evaluation evaluation = {};
};

const Evaluation& evaluation_of(const AblationRow& row) { return row.evaluation; }
Evaluation& evaluation_of(AblationRow& row) { return row.evaluation; }

const Table<AblationRow>& ablation_table() {
  using Row = AblationRow;
  static const Table<Row> table = {{{"gene", [](const Row& r) { return r.gene->name; },
                                     [](const CsvField& from, Row& r) {
                                       r.gene = default_genes().find(from.text());
                                       if (r.gene == nullptr) from.reject("must be a gene");
                                     }},
                                    member("replicate", &Row::replicate),
                                    score<Row, Row>("fitness", &Evaluation::fitness),
                                    score<Row, Row>("validation_loss", &Evaluation::loss),
                                    test_loss<Row>(),
                                    failure<Row, Row>()}};
  return table;
}

}  // namespace

std::string replicates_csv(std::span<const Finalist> finalists) {
  std::string text = replicate_table().header();
  for (const Finalist& finalist : finalists) {
    std::uint32_t number = 0;
    for (const Evaluation& e : finalist.replicates) {
      Task task = task_of(finalist.organism);
      task.replicate = ++number;
      text += replicate_table().row({.task = task, .evaluation = e});
    }
  }
  return text;
}

std::string ablations_csv(std::span<const Ablation> ablations) {
  std::string text = ablation_table().header();
  for (const Ablation& ablation : ablations) {
    std::uint32_t number = 0;
    for (const Evaluation& e : ablation.replicates) {
      text += ablation_table().row({ablation.gene, ++number, e});
    }
  }
  return text;
}

std::vector<Trial> read_replicates_csv(const std::filesystem::path& file) {
  return replicate_table().read(
      file, {}, [](const Trial& trial) { validate(trial.evaluation, trial.task.replicate); });
}

std::vector<Ablation> read_ablations_csv(const std::filesystem::path& file,
                                         const Finalist& champion) {
  const std::vector<AblationRow> rows = ablation_table().read(
      file, {}, [](const AblationRow& row) { validate(row.evaluation, row.replicate); });
  std::vector<Ablation> ablations;
  for (auto first = rows.begin(); first != rows.end();) {
    std::vector<Evaluation> replicates;
    auto row = first;
    for (; row != rows.end() && row->gene == first->gene; ++row) {
      replicates.push_back(row->evaluation);
    }
    require(replicates.size() <= champion.replicates.size(),
            "{}: {} replicates without {}, but the champion has {}", file.string(),
            replicates.size(), first->gene->name, champion.replicates.size());
    ablations.push_back(ablation_of(champion, *first->gene, std::move(replicates)));
    first = row;
  }
  return ablations;
}

}  // namespace microgpt::run
