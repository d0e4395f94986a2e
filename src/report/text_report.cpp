#include "microgpt/report/text_report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "microgpt/analysis/contrast.hpp"
#include "microgpt/analysis/generation_summary.hpp"
#include "microgpt/analysis/insight.hpp"
#include "microgpt/core/text.hpp"
#include "microgpt/evolution/pareto.hpp"

namespace microgpt::report {

namespace {

std::string_view unit(Objective objective) {
  switch (objective) {
    case Objective::loss:
      return "loss";
    case Objective::last_step:
      return "last training loss";
    case Objective::beauty:
      return "beauty";
    case Objective::minimum:
    case Objective::maximum:
      return "result";
  }
  return "";
}

std::vector<Organism> ranked(std::span<const Organism> organisms) {
  std::vector<Organism> ranking(organisms.begin(), organisms.end());
  std::sort(ranking.begin(), ranking.end(), better);
  return ranking;
}

std::string row(const Organism& o, Objective objective) {
  return fmt::format("#{:<5} {:<11} {:>8}  {}", o.id, name(o.origin),
                     score_text(objective, o.evaluation->fitness), trim(one_line(o.genome)));
}

std::string trajectory(std::span<const Organism> history, Objective objective) {
  constexpr double kWidth = 40;
  std::map<std::uint32_t, Organism> best_of_generation;
  for (const Organism& o : history) {
    const auto [best, first] = best_of_generation.try_emplace(o.generation, o);
    if (!first && better(o, best->second)) best->second = o;
  }
  std::vector<Organism> best;
  for (const auto& [generation, organism] : best_of_generation) best.push_back(organism);
  double low = kMaxLoss, high = -kMaxLoss;
  for (const Organism& o : best) {
    if (o.evaluation->failed()) continue;
    low = std::min(low, o.evaluation->fitness);
    high = std::max(high, o.evaluation->fitness);
  }
  std::string text = fmt::format(
      "Trajectory (best {} of each generation; a longer bar is better)\n", unit(objective));
  for (const Organism& o : best) {
    const double gain = high > low ? (high - o.evaluation->fitness) / (high - low) : 1;
    const std::size_t cells =
        o.evaluation->failed() ? 0 : 1 + static_cast<std::size_t>(std::lround(gain * (kWidth - 1)));
    text += fmt::format("  {:>4}  {:>8}  {}\n", o.generation,
                        score_text(objective, o.evaluation->fitness), std::string(cells, '#'));
  }
  return text;
}

std::string top_architectures(std::span<const Organism> ranking, Objective objective) {
  constexpr std::size_t kShown = 10;
  std::string text = "Top ten distinct architectures\n";
  std::set<std::string> seen;
  for (const Organism& o : ranking) {
    if (seen.size() == kShown) break;
    if (!seen.insert(architecture(o.genome)).second) continue;
    text += fmt::format("  {:>2}. {}\n", seen.size(), row(o, objective));
  }
  return text;
}

std::string gene_table(std::span<const GeneContrast> contrasts, std::size_t group) {
  std::string text = fmt::format(
      "What separates the best {0} from the worst {0} (means; separation in standard deviations)\n"
      "  {1:<12} {2:>10} {3:>10} {4:>11}\n",
      group, "gene", "best", "worst", "separation");
  for (const GeneContrast& c : contrasts) {
    text += fmt::format("  {:<12} {:>10} {:>10} {:>+11.2f}\n", c.gene, mean_text(c.top),
                        mean_text(c.bottom), c.separation);
  }
  return text;
}

}  // namespace

std::string generation_line(std::span<const Organism> members, const EvolutionConfig& config,
                            Objective objective, double seconds) {
  const GenerationSummary s = summary_of(members);
  const auto of = [&](double fitness) { return score_text(objective, fitness); };
  return fmt::format(
      "generation {}{}{}: best {} (#{}), mean {}, worst {}, diversity {}/{}, failed {}, {:.1f} s",
      s.generation, config.budget_flops > 0 ? "" : fmt::format("/{}", config.generations),
      config.islands == 1 ? "" : fmt::format(" of island {}", members.front().island + 1),
      of(s.best), s.best_id, of(s.mean), of(s.worst), s.diversity, s.members, s.failed, seconds);
}

std::string generation_report(std::span<const Organism> members, Objective objective) {
  std::string text;
  std::size_t place = 0;
  for (const Organism& o : ranked(members)) {
    text += fmt::format("  {:>3}. {}\n", ++place, row(o, objective));
    if (o.evaluation->failed())
      text += fmt::format("       {}\n", printable(o.evaluation->failure));
  }
  return text;
}

namespace {

std::string importance_table(std::span<const Organism> ranking) {
  std::string text =
      "Which genes matter (share of the variance in rank that the gene explains by itself; "
      "trend:\n"
      "rank correlation with the loss, negative if larger is better; over all evaluations)\n";
  text += fmt::format("  {:<12} {:>10} {:>7}   {}\n", "gene", "importance", "trend", "best at");
  for (const GeneImportance& gene : gene_importance(ranking)) {
    const bool is_category = genes_of(ranking)[gene.gene].is_category();
    text += fmt::format("  {:<12} {:>9.0f}% {:>7}   {}\n", gene.gene, 100 * gene.importance,
                        is_category ? "" : fmt::format("{:+.2f}", gene.trend), gene.best);
  }
  return text;
}

std::string category_table(std::span<const Organism> ranking, Objective objective) {
  const std::vector<CategoryEffect> effects = category_effects(ranking);
  if (effects.empty()) return "";
  std::string text = fmt::format(
      "Categories against all others (difference of the mean {}, with its 95 % interval)\n",
      unit(objective));
  for (const CategoryEffect& e : effects) {
    text += fmt::format("  {:<12} {:<10} {:>5}  {:>+8.4f} ± {:.4f}\n", e.gene, e.category, e.count,
                        score_of(objective, e.difference), e.within);
  }
  return text + "\n";
}

std::string pair_table(std::span<const Organism> ranking) {
  const std::vector<PairEffect> pairs = gene_pairs(ranking);
  if (pairs.empty()) return "";
  std::string text =
      "Genes that act together (share of the variance in rank beyond what each explains alone)\n";
  for (const PairEffect& pair : pairs) {
    text += fmt::format("  {} and {}: {:.0f}%\n", pair.first, pair.second, 100 * pair.share);
  }
  return text + "\n";
}

/// The front, with the cheapest organism that is nearly as good as the best.
std::string pareto_table(std::span<const Organism> history, CostKind cost, std::size_t vocabulary) {
  constexpr double kNearly = 0.01;
  constexpr std::size_t kShown = 8;
  const std::vector<ParetoMember> front = pareto_members(history, cost, vocabulary);
  if (front.empty()) return "";
  const bool by_parameters = cost == CostKind::parameters;
  const double best = front.back().organism->evaluation->loss;
  const auto nearly = std::find_if(front.begin(), front.end(), [&](const ParetoMember& member) {
    return member.organism->evaluation->loss <= best + kNearly;
  });
  std::string text =
      fmt::format("Pareto front of loss and {}\n", by_parameters ? "parameters" : "training FLOPs");
  const std::size_t first = front.size() - std::min(front.size(), kShown);
  if (first > 0) text += fmt::format("  ({} cheaper ones are in pareto.csv)\n", first);
  for (std::size_t i = first; i < front.size(); ++i) {
    const Organism& o = *front[i].organism;
    text += fmt::format("  {}{:>10}  #{:<5} {:.4f}  {}\n", &front[i] == &*nearly ? "*" : " ",
                        by_parameters ? with_commas(static_cast<std::size_t>(front[i].cost))
                                      : fmt::format("{:.2e}", front[i].cost),
                        o.id, o.evaluation->loss, trim(one_line(o.genome)));
  }
  return text + fmt::format("  * the cheapest within {} of the best\n", kNearly);
}

}  // namespace

std::string finals_report(std::span<const Finalist> finalists, Objective objective,
                          double final_steps) {
  if (finalists.empty()) return "";
  const std::string_view gain = final_steps == 1 ? "luck" : "gain";
  std::string text = fmt::format(
      "Finalists, each retrained {} times{} (means and their standard errors; {}: score in the\n"
      "search minus mean of the new trainings)\n",
      finalists.front().replicates.size(),
      final_steps == 1 ? "" : fmt::format(" with {:.3g} times as many steps", final_steps), gain);
  for (const Finalist& f : finalists) {
    if (f.failed()) {
      text += fmt::format("  #{:<5} MAX: all trainings failed\n", f.organism.id);
      continue;
    }
    const std::string losses =
        is_of_gpts(objective)
            ? fmt::format("  validation {:.4f}  test {:.4f}", f.validation.mean, f.test.mean)
            : "";
    text += fmt::format("  #{:<5} {} {:.4f}{}{}  {} {:+.4f}{}\n", f.organism.id, unit(objective),
                        score_of(objective, f.fitness.mean), plus_minus(f.fitness), losses, gain,
                        luck_of(f, objective),
                        f.failures() > 0 ? fmt::format("  {} failed", f.failures()) : "");
  }
  return text;
}

std::string ablation_report(const Genome& champion, std::span<const Ablation> ablations,
                            Objective objective) {
  std::string text = fmt::format(
      "What each change is worth: the champion trained anew with this gene set back to its "
      "primordial\nvalue, {} minus that of the champion's own trainings (mean and 95 % interval)\n"
      "  {:<12} {:>10}    {:<10} {:>8}\n",
      unit(objective), "gene", "primordial", "champion", "worth");
  for (const Ablation& a : ablations) {
    text += fmt::format("  {:<12} {:>10} -> {:<10} ", a.gene->name,
                        a.gene->text(a.gene->primordial), a.gene->text(champion[*a.gene]));
    if (a.difference.count == 0) {
      text += "all trainings failed without it\n";
      continue;
    }
    const double within = a.difference.mean_within();
    text += fmt::format("{:>+8.4f}", score_of(objective, a.difference.mean));
    if (a.difference.count > 1) text += fmt::format(" ± {:.4f}", within);
    if (std::abs(a.difference.mean) < within) text += "  not clear";
    text += "\n";
  }
  return text;
}

std::string verdict(double loss, const CountingLosses& counting) {
  const bool worse_than_pairs = loss >= counting.bigram;
  if (!worse_than_pairs && loss < counting.ngram) return "";
  return fmt::format(
      "This model predicts worse than {}:\n{:.4f} against {:.4f}. With more "
      "steps and channels it would learn more.",
      worse_than_pairs ? "counting pairs of characters does" : "an n-gram model, which only counts",
      loss, worse_than_pairs ? counting.bigram : counting.ngram);
}

std::optional<double> hypervolume_of(std::span<const Organism> history,
                                     const RunSettings& settings) {
  const std::optional<CostKind> kind = traded_cost(settings.evolution.goal);
  if (!kind) return std::nullopt;
  return hypervolume(pareto_members(history, *kind, settings.tokens), settings.uniform_loss,
                     settings.largest_cost);
}

std::string final_report(std::span<const Organism> history, std::span<const Finalist> finalists,
                         const RunSettings& settings) {
  const Objective objective = settings.fitness;
  const std::vector<Organism> ranking = successes(history);
  std::string text = trajectory(history, objective) + "\n" + top_architectures(ranking, objective);
  // Two disjoint groups, smaller ones if there are fewer than twenty organisms.
  const std::size_t group = group_size(ranking.size());
  if (group > 0) {
    const std::span all(ranking);
    const auto contrasts = contrast(all.first(group), all.last(group));
    text += fmt::format("\n{}\n{}{}{}\nInsights\n", importance_table(ranking),
                        category_table(ranking, objective), pair_table(ranking),
                        gene_table(contrasts, group));
    for (const std::string& insight : insights(history)) text += fmt::format("  {}\n", insight);
  }
  for (const CostKind cost : {CostKind::parameters, CostKind::flops}) {
    if (!is_of_gpts(objective)) break;
    text += '\n';
    text += pareto_table(history, cost, settings.tokens);
    if (traded_cost(settings.evolution.goal) != cost) continue;
    text += fmt::format(
        "  hypervolume {:.4f}, in nats x e-folds: below the uniform loss {:.4f} and below {:.3g} "
        "{}\n",
        hypervolume_of(history, settings).value(), settings.uniform_loss, settings.largest_cost,
        cost == CostKind::parameters ? "parameters" : "FLOPs");
  }
  text += '\n';
  text += finals_report(finalists, objective, settings.final_steps);
  const Organism& champion = champion_of(history, finalists);
  text += fmt::format("\nChampion: organism #{} of generation {}, {} {}{}\n  {}\n", champion.id,
                      champion.generation, unit(objective),
                      score_text(objective, champion.evaluation->fitness),
                      settings.final_steps == 1 ? "" : " in the search, and then trained longer",
                      describe(champion.genome));
  if (!finalists.empty() && !finalists.front().failed() && is_of_gpts(objective)) {
    const Finalist& f = finalists.front();
    const bool has_interval = f.validation.count > 1;
    text +=
        has_interval
            ? fmt::format(
                  "  expected of a new training: validation loss {:.4f}, with 95 % "
                  "probability within {:.4f};\n  test loss {:.4f}, within {:.4f}\n",
                  f.validation.mean, f.validation.next_within(), f.test.mean, f.test.next_within())
            : fmt::format("  of one new training: validation loss {:.4f}, test loss {:.4f}\n",
                          f.validation.mean, f.test.mean);
    const std::string words = settings.ngram_order == 0
                                  ? ""
                                  : verdict(f.validation.mean, {.ngram = settings.ngram_loss,
                                                                .bigram = settings.bigram_loss});
    if (!words.empty()) text += words + "\n";
  }
  return text;
}

}  // namespace microgpt::report
