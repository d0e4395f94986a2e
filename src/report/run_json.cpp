#include <algorithm>
#include <cmath>
#include <map>

#include "core/json.hpp"
#include "microgpt/analysis/contrast.hpp"
#include "microgpt/analysis/generation_summary.hpp"
#include "microgpt/analysis/insight.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/evolution/objective.hpp"
#include "microgpt/evolution/pareto.hpp"
#include "microgpt/genome/gpt_genome.hpp"
#include "microgpt/report/page.hpp"
#include "microgpt/report/run_figures.hpp"
#include "microgpt/report/text_report.hpp"

namespace microgpt::report {

namespace {

/// Writes one JSON object, member by member.
struct ObjectWriter : json::Writer {
  template <class Body>
  void object(std::string_view name, const Body& body) {
    key(name);
    object(body);
  }
  template <class Body>
  void object(const Body& body) {
    begin_object();
    body();
    end_object();
  }
  /// A list; `element` writes each element.
  template <class Range, class Element>
  void list(std::string_view name, const Range& range, const Element& element) {
    key(name);
    begin_list();
    for (const auto& each : range) element(each);
    end_list();
  }
  /// A list with one value for each element.
  template <class Range, class Value>
  void column(std::string_view name, const Range& range, const Value& value) {
    list(name, range, [&](const auto& each) { write(value(each)); });
  }
};

struct RunWriter {
  const RunRecord& run;
  Objective objective = run.settings.fitness;
  ObjectWriter out{};

  std::optional<double> score(double fitness) const {
    return fitness == kMaxLoss ? std::nullopt : std::optional(score_of(objective, fitness));
  }

  void settings() {
    const RunSettings& s = run.settings;
    const EvolutionConfig& e = s.evolution;
    out.object("run", [&] {
      out.put("name", valid_utf8(run.folder.filename().string()));
      out.put("program", s.program), out.put("version", s.version);
      out.put("state", name(run.state));
      out.put("seed", e.seed), out.put("precision", s.precision);
      out.put("strategy", name(e.strategy)), out.put("mode", name(e.mode));
      out.put("population", e.population);
      out.put("generations", e.budget_flops > 0 ? 0 : e.generations);
      out.put("islands", e.islands), out.put("dataset", s.dataset);
    });
    out.key("settings"), out.write_json(run.settings_json);
    const bool beauty = objective == Objective::beauty;
    out.object("objective", [&] {
      out.put("name", s.fitness);
      if (!is_of_gpts(objective)) {
        out.put("label", s.measure), out.put("unit", s.unit), out.put("loss_unit", s.unit);
        out.put("better", is_maximised(objective) ? "higher" : "lower");
        return;
      }
      out.put("label", beauty                              ? "beauty"
                       : objective == Objective::last_step ? "last training loss"
                                                           : "validation loss");
      // Of steps, a loss is that of tokens.
      const TokenKind kind = parse_tokenizer(s.tokenizer).kind;
      const bool per_token = objective == Objective::last_step && kind == TokenKind::bpe;
      const std::string loss_unit = fmt::format("nats per {}", unit_of(kind));
      out.put("unit", beauty ? "points" : per_token ? "nats per token" : loss_unit);
      out.put("loss_unit", loss_unit);
      out.put("better", beauty ? "higher" : "lower");
      const bool has_baselines = !beauty && !per_token;
      const bool knows_ngrams = has_baselines && s.ngram_order > 0;
      out.put("ngram", knows_ngrams ? std::optional(s.ngram_loss) : std::nullopt);
      out.put("ngram_order", knows_ngrams ? std::optional(s.ngram_order) : std::nullopt);
      out.put("bigram", has_baselines ? std::optional(s.bigram_loss) : std::nullopt);
      out.put("uniform", has_baselines ? std::optional(s.uniform_loss) : std::nullopt);
    });
  }

  void summary() {
    const RunFigures figures = figures_of(run);
    out.object("summary", [&] {
      out.put("organisms", run.organisms.size());
      out.put("trainings", figures.trainings), out.put("failed", figures.failed);
      out.put("flops", figures.flops);
      out.put("seconds", figures.seconds), out.put("workers", figures.workers);
      out.put("utilisation", figures.utilisation), out.put("started", figures.started);
    });
  }

  void estimate(std::string_view key, const Estimate* e) {
    if (e == nullptr || e->count == 0) return out.put(key, nullptr);
    out.object(key, [&] {
      out.put("mean", e->mean);
      out.put("standard_error", e->count < 2 ? std::nullopt : std::optional(e->standard_error));
      out.put("count", e->count);
    });
  }

  /// The replicates of a finalist: the means of score and losses.
  void estimates(const Finalist* f) {
    Estimate scores = f == nullptr || f->failed() ? Estimate{} : f->fitness;
    scores.mean = score_of(objective, scores.mean);
    estimate("mean_score", &scores);
    const bool has_losses = f != nullptr && !f->failed() && is_of_gpts(objective);
    estimate("validation", has_losses ? &f->validation : nullptr);
    estimate("test", has_losses ? &f->test : nullptr);
  }

  void champion() {
    const Organism* const champion = run.champion();
    if (champion == nullptr) return out.put("champion", nullptr);
    const Finalist* first = run.finalists.empty() ? nullptr : &run.finalists.front();
    out.object("champion", [&] {
      out.put("id", champion->id), out.put("genome_text", describe(champion->genome));
      out.put("score", score(champion->evaluation->fitness));
      estimates(first);
    });
  }

  void genes() {
    out.list("genes", shown_genes(run.organisms), [&](const Gene* gene) {
      out.object([&] {
        out.put("name", gene->name), out.put("label", gene->label), out.put("unit", gene->unit);
        out.put("log", gene->logarithmic), out.put("integer", gene->kind == GeneKind::whole);
        if (!gene->is_category()) return;
        out.put("categories",
                std::vector<std::string>(gene->categories.begin(), gene->categories.end()));
      });
    });
  }

  void organisms() {
    out.column("origins", enum_names(Origin{}).names, [](const auto& each) { return each.name; });
    out.object("organisms", [&] {
      const auto column = [&](std::string_view key, const auto& value) {
        out.column(key, run.organisms, value);
      };
      column("id", [](const Organism& o) { return o.id; });
      column("island", [](const Organism& o) { return o.island + 1; });
      column("generation", [](const Organism& o) { return o.generation; });
      column("origin", [](const Organism& o) { return static_cast<int>(o.origin); });
      column("parents", [](const Organism& o) { return o.parents; });
      for (const Gene* gene : shown_genes(run.organisms)) {
        column(gene->name, [&](const Organism& o) { return o.genome[*gene]; });
      }
      column("parameters",
             [&](const Organism& o) { return parameters_of(o.genome, run.settings.tokens); });
      column("flops", [](const Organism& o) { return o.flops; });
      column("score", [&](const Organism& o) { return score(o.evaluation->fitness); });
    });
    out.object("failures", [&] {
      for (const Organism& o : run.organisms) {
        if (o.evaluation->failed()) out.put(fmt::to_string(o.id), o.evaluation->failure);
      }
    });
  }

  void timings() {
    std::map<std::string, std::uint64_t> hosts;
    const std::vector<Trial> trainings = trainings_of(run);
    for (const Trial& t : trainings) hosts.emplace(t.timing.host, 0);
    std::vector<std::string> names;
    for (auto& [host, number] : hosts) number = names.size(), names.push_back(host);
    const double begin = trainings.empty() ? 0 : trainings.front().timing.start;
    out.put("hosts", names);
    out.object("timings", [&] {
      const auto column = [&](std::string_view key, const auto& value) {
        out.column(key, trainings, value);
      };
      column("id", [](const Trial& t) { return t.task.id; });
      column("replicate", [](const Trial& t) { return t.task.replicate; });
      column("rank", [](const Trial& t) { return t.timing.rank; });
      column("host", [&](const Trial& t) { return hosts.at(t.timing.host); });
      column("start", [&](const Trial& t) { return microseconds(t.timing.start - begin); });
      column("seconds", [](const Trial& t) { return microseconds(t.timing.seconds); });
    });
  }

  /// With the precision of the measurement.
  static double microseconds(double seconds) { return std::round(seconds * 1e6) / 1e6; }

  void generations() {
    out.list("generations", generations_of(run), [&](std::span<const Organism> members) {
      const GenerationSummary s = summary_of(members);
      const Organism& best = *std::ranges::min_element(members, better);
      out.object([&] {
        out.put("generation", s.generation);
        out.put("island", best.island + 1);
        out.put("members", s.members), out.put("failed", s.failed);
        out.put("best_id", s.failed < s.members ? std::optional(s.best_id) : std::nullopt);
        out.put("best", score(s.best)), out.put("mean", score(s.mean));
        out.put("q10", score(s.q10)), out.put("q25", score(s.q25));
        out.put("median", score(s.median));
        out.put("q75", score(s.q75)), out.put("q90", score(s.q90));
        out.put("names", best.evaluation->names);
      });
    });
  }

  void insight() {
    const std::vector<Organism> trained = successes(run.organisms);
    out.list("importance", gene_importance(trained), [&](const GeneImportance& gene) {
      out.object([&] {
        out.put("gene", gene.gene), out.put("importance", gene.importance);
        out.put("trend", gene.trend), out.put("best", gene.best);
      });
    });
    out.list("categories", category_effects(trained), [&](const CategoryEffect& e) {
      out.object([&] {
        out.put("gene", e.gene), out.put("category", e.category), out.put("count", e.count);
        out.put("difference", score_of(objective, e.difference)), out.put("within", e.within);
      });
    });
    out.list("pairs", gene_pairs(trained), [&](const PairEffect& pair) {
      out.object([&] {
        out.put("first", pair.first), out.put("second", pair.second), out.put("share", pair.share);
      });
    });
    if (is_of_gpts(objective)) pareto();
    out.put("insights", insights(run.organisms));
  }

  void pareto() {
    out.object("pareto", [&] {
      const auto front = [&](std::string_view key, CostKind cost) {
        out.column(key, pareto_members(run.organisms, cost, run.settings.tokens),
                   [](const ParetoMember& member) { return member.organism->id; });
      };
      front("parameters", CostKind::parameters), front("flops", CostKind::flops);
      if (const std::optional<double> volume = hypervolume_of(run.organisms, run.settings)) {
        out.put("goal", name(*traded_cost(run.settings.evolution.goal)));
        out.put("hypervolume", *volume);
      }
    });
  }

  void finalists() {
    out.list("finalists", run.finalists, [&](const Finalist& f) {
      out.object([&] {
        out.put("id", f.organism.id), out.put("failures", f.failures());
        out.put("replicates", f.replicates.size());
        estimates(&f);
        out.list("learning", f.replicates, [&](const Evaluation& e) { out.write(e.learning); });
        if (is_of_gpts(objective)) out.put("steps", train_config(f.organism.genome).steps);
        out.put("luck", f.failed() ? std::nullopt : std::optional(luck_of(f, objective)));
      });
    });
  }

  void ablations() {
    out.list("ablation", run.ablations, [&](const Ablation& a) {
      const Genome& champion = run.finalists.front().organism.genome;
      Estimate difference = a.difference;
      difference.mean = score_of(objective, difference.mean);
      const double within = a.difference.mean_within();
      out.object([&] {
        out.put("gene", a.gene->name), out.put("primordial", a.gene->primordial);
        out.put("champion", champion[*a.gene]);
        estimate("difference", &difference);
        out.put("within", std::isfinite(within) ? std::optional(within) : std::nullopt);
        out.put("failures", a.failures());
      });
    });
  }
};

}  // namespace

std::string run_json(const RunRecord& run) {
  RunWriter writer{run};
  writer.out.object([&] {
    writer.out.put("format", 1);
    writer.settings(), writer.summary(), writer.champion(), writer.genes(), writer.organisms();
    writer.timings(), writer.generations(), writer.insight(), writer.finalists(),
        writer.ablations();
  });
  return writer.out.text();
}

}  // namespace microgpt::report
