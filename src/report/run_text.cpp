#include "microgpt/report/run_text.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/json.hpp"
#include "microgpt/analysis/contrast.hpp"
#include "microgpt/analysis/insight.hpp"
#include "microgpt/core/error.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/evolution/objective.hpp"
#include "microgpt/genome/gpt_genome.hpp"
#include "microgpt/report/run_figures.hpp"
#include "microgpt/report/text_table.hpp"

namespace microgpt::report {

namespace {

double score(const RunRecord& run, const Organism& o) {
  return score_of(run.settings.fitness, o.evaluation->fitness);
}

Cell number(double value, std::string shown) {
  return {.shown = std::move(shown),
          .exact = std::isfinite(value) ? fmt::to_string(value) : "",
          .is_number = true};
}

Cell number(std::uint64_t value) { return number(static_cast<double>(value), with_commas(value)); }

Cell text(std::string_view text) {
  return {.shown = printable(text), .exact = std::string(text), .is_number = false};
}

const Finalist* promise_of(const RunRecord& run) {
  return run.finalists.empty() || run.finalists.front().failed() ? nullptr : &run.finalists.front();
}

/// A run with values that are needed repeatedly.
struct Compared {
  const RunRecord& run;
  RunFigures figures = figures_of(run);
  const Organism* champion = run.champion();
};

/// The values of a row, one per run; an empty cell if a run has none.
template <class Value>
void add_row(TextTable& table, std::string_view label, std::span<const Compared> runs,
             const Value& value) {
  std::vector<Cell>& row = table.rows.emplace_back();
  row.push_back(text(label));
  for (const Compared& run : runs) row.push_back(value(run));
}

std::string shown_value(const json::Value& settings, const std::string& key) {
  const json::Value* const found = settings.find(key);
  if (found == nullptr) return "";
  const auto* const text = found->as<std::string>();
  return text != nullptr ? *text : to_text(*found);
}

/// The keys of all settings, without repetition, in order.
std::vector<std::string> keys_of(std::span<const json::Value> settings) {
  std::vector<std::string> keys;
  for (const json::Value& each : settings) {
    for (const auto& [key, value] : each.object()) {
      if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    }
  }
  return keys;
}

void add_settings_that_differ(TextTable& table, std::span<const RunRecord> runs) {
  std::vector<json::Value> settings;
  for (const RunRecord& run : runs) settings.push_back(json::parse(run.settings_json));
  for (const std::string& key : keys_of(settings)) {
    const std::string first = shown_value(settings.front(), key);
    const auto same = [&](const json::Value& s) { return shown_value(s, key) == first; };
    if (std::ranges::all_of(settings, same)) continue;
    std::vector<Cell>& row = table.rows.emplace_back();
    row.push_back(text(key));
    for (const json::Value& s : settings) {
      const json::Value* const found = s.find(key);
      row.push_back(text(shown_value(s, key)));
      row.back().is_number = found != nullptr && found->number();
    }
  }
}

void add_figures(TextTable& table, std::span<const Compared> runs) {
  const auto add = [&](std::string_view label, const auto& value) {
    add_row(table, label, runs, [&](const Compared& c) { return value(c.run, c.figures); });
  };
  add("state", [](const RunRecord& run, const RunFigures&) { return text(name(run.state)); });
  add("organisms",
      [](const RunRecord& run, const RunFigures&) { return number(run.organisms.size()); });
  add("failed", [](const RunRecord&, const RunFigures& f) { return number(f.failed); });
  add("trainings", [](const RunRecord&, const RunFigures& f) { return number(f.trainings); });
  add("FLOPs", [](const RunRecord&, const RunFigures& f) {
    return number(f.flops, fmt::format("{:.3g}", f.flops));
  });
  add("workers", [](const RunRecord&, const RunFigures& f) { return number(f.workers); });
  add("seconds", [](const RunRecord&, const RunFigures& f) {
    return f.seconds ? number(*f.seconds, fmt::format("{:.2f}", *f.seconds)) : Cell{};
  });
  add("utilisation", [](const RunRecord&, const RunFigures& f) {
    return f.utilisation ? number(*f.utilisation, fmt::format("{:.0f} %", 100 * *f.utilisation))
                         : Cell{};
  });
}

Cell cell_of(const Gene& gene, const Organism& organism) {
  const double value = organism.genome[gene];
  return gene.is_category() ? text(gene.text(value)) : number(value, gene.text(value));
}

void add_champions(TextTable& table, std::span<const Compared> runs) {
  const auto add = [&](std::string_view label, const auto& value) {
    add_row(table, label, runs, [&](const Compared& c) {
      return c.champion == nullptr ? Cell{} : value(c.run, *c.champion);
    });
  };
  add("champion", [](const RunRecord&, const Organism& o) { return number(o.id); });
  for (const Gene& gene : default_genes()) {
    const bool shown = std::ranges::any_of(runs, [&](const Compared& c) {
      return c.champion != nullptr && is_shown(gene, c.champion->genome);
    });
    if (!shown) continue;
    add(gene.name, [&](const RunRecord&, const Organism& o) { return cell_of(gene, o); });
  }
  add("parameters", [](const RunRecord& run, const Organism& o) {
    const std::optional<std::size_t> count = parameters_of(o.genome, run.settings.tokens);
    return count ? number(*count) : Cell{};
  });
  add("in the search", [](const RunRecord& run, const Organism& o) {
    return number(score(run, o), fmt::format("{:.4f}", score(run, o)));
  });
  const auto promise = [&](std::string_view label, Estimate Finalist::*estimate) {
    add(label, [&](const RunRecord& run, const Organism&) {
      const Finalist* first = promise_of(run);
      return first == nullptr
                 ? Cell{}
                 : number((first->*estimate).mean, fmt::format("{:.4f}{}", (first->*estimate).mean,
                                                               plus_minus(first->*estimate)));
    });
  };
  promise("validation loss", &Finalist::validation);
  promise("test loss", &Finalist::test);
}

/// For two runs: the difference of their test losses, with its standard error.
std::string difference(const RunRecord& first, const RunRecord& second) {
  const Finalist *a = promise_of(first), *b = promise_of(second);
  if (a == nullptr || b == nullptr || a->test.count < 2 || b->test.count < 2) return "";
  return fmt::format(
      "Test loss of the second minus that of the first: {:+.4f} ± {:.4f} (standard "
      "error).\n",
      b->test.mean - a->test.mean, std::hypot(a->test.standard_error, b->test.standard_error));
}

/// For more runs, of several seeds for example: the means of their losses.
std::string means(std::span<const RunRecord> runs) {
  std::vector<double> validation, test;
  for (const RunRecord& run : runs) {
    const Finalist* const first = promise_of(run);
    if (first == nullptr) continue;
    validation.push_back(first->validation.mean), test.push_back(first->test.mean);
  }
  if (test.size() < 2) return "";
  const Estimate of_validation = estimate_of(validation), of_test = estimate_of(test);
  return fmt::format(
      "Mean of {} runs and its standard error: validation loss {:.4f}{}, test loss {:.4f}{}.\n",
      test.size(), of_validation.mean, plus_minus(of_validation), of_test.mean,
      plus_minus(of_test));
}

/// What the losses of runs say together.
std::string conclusion(std::span<const RunRecord> runs) {
  for (const RunRecord& run : runs) {
    const RunSettings &a = runs[0].settings, &b = run.settings;
    if (a.dataset != b.dataset ||
        a.documents.value_or(DocumentKind::lines) != b.documents.value_or(DocumentKind::lines) ||
        (a.tokenizer == "bytes") != (b.tokenizer == "bytes")) {
      return "The datasets differ, so the losses are not comparable.\n";
    }
  }
  return runs.size() == 2 ? difference(runs[0], runs[1]) : means(runs);
}

TextTable compared(std::span<const RunRecord> runs) {
  TextTable table;
  table.columns.emplace_back();
  std::vector<Compared> all;
  for (const RunRecord& run : runs) {
    table.columns.push_back(printable(run.folder.filename().string()));
    all.push_back({.run = run});
  }
  add_settings_that_differ(table, runs);
  add_figures(table, all);
  add_champions(table, all);
  return table;
}

TextTable organism_table(const RunRecord& run, std::span<const Organism> organisms) {
  TextTable table;
  table.columns = {"organism", "generation", "origin", "score"};
  const std::vector<const Gene*> shown = shown_genes(organisms);
  for (const Gene* gene : shown) table.columns.emplace_back(gene->name);
  for (const Organism& o : organisms) {
    std::vector<Cell>& row = table.rows.emplace_back();
    row = {number(o.id), number(o.generation), text(name(o.origin)),
           number(score(run, o), fmt::format("{:.4f}", score(run, o)))};
    for (const Gene* gene : shown) row.push_back(cell_of(*gene, o));
  }
  return table;
}

TextTable ablation_table(const RunRecord& run) {
  const Genome& champion = run.finalists.front().organism.genome;
  TextTable table;
  table.columns = {"gene", "primordial", "champion", "worth", "95 % within"};
  for (const Ablation& a : run.ablations) {
    const double worth = score_of(run.settings.fitness, a.difference.mean);
    const double within = a.difference.mean_within();
    table.rows.push_back(
        {text(a.gene->name), text(a.gene->text(a.gene->primordial)),
         text(a.gene->text(champion[*a.gene])),
         a.difference.count == 0 ? text("failed without")
                                 : number(worth, fmt::format("{:+.4f}", worth)),
         std::isfinite(within) ? number(within, fmt::format("{:.4f}", within)) : Cell{}});
  }
  return table;
}

TextTable importance_table(std::span<const Organism> trained) {
  TextTable table;
  table.columns = {"gene", "importance", "trend", "best at"};
  for (const GeneImportance& gene : gene_importance(trained)) {
    table.rows.push_back({text(gene.gene),
                          number(gene.importance, fmt::format("{:.0f} %", 100 * gene.importance)),
                          number(gene.trend, fmt::format("{:+.2f}", gene.trend)), text(gene.best)});
  }
  return table;
}

}  // namespace

std::string comparison(std::span<const RunRecord> runs, Format format) {
  for (const RunRecord& run : runs) {
    require(run.genes == runs.front().genes, "{}: its genes are others than those of {}",
            run.folder.string(), runs.front().folder.string());
  }
  constexpr std::size_t kBesideEachOther = 4;
  const TextTable columns = compared(runs), rows = transposed(columns);
  const TextTable& table = runs.size() > kBesideEachOther ? rows : columns;
  switch (format) {
    case Format::csv:
      return csv_of(rows);
    case Format::json:
      return json_of_columns(columns);
    case Format::markdown:
      return markdown_of(table) + "\n" + conclusion(runs);
    case Format::text:
    case Format::html:
      break;
  }
  return text_of(table) + "\n" + conclusion(runs);
}

std::string run_markdown(const RunRecord& run) {
  constexpr std::size_t kShown = 10;
  const std::vector<Organism> trained = successes(run.organisms);
  const std::span best = std::span(trained).first(std::min(kShown, trained.size()));
  std::string page =
      fmt::format("# {}\n\n{}\n", escaped_for_markdown(printable(run.folder.filename().string())),
                  markdown_of(compared(std::span(&run, 1))));
  if (best.empty()) return page + "There is no successful organism yet.\n";
  page += fmt::format("## The best organisms\n\n{}\n", markdown_of(organism_table(run, best)));
  page += fmt::format("## Which genes matter\n\n{}\n", markdown_of(importance_table(trained)));
  for (const std::string& insight : insights(run.organisms)) page += fmt::format("- {}\n", insight);
  if (!run.ablations.empty()) {
    page +=
        fmt::format("\n## What each change was worth\n\n{}\n", markdown_of(ablation_table(run)));
  }
  return page;
}

}  // namespace microgpt::report
