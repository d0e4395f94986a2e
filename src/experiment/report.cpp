#include "microgpt/experiment/report.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "microgpt/core/text.hpp"
#include "microgpt/experiment/insight.hpp"

namespace microgpt {

namespace {

/// Fitness as people know it: the loss, or the beauty (which evolution minimises with a minus).
std::string shown(const Evaluation& e, Objective objective) {
  if (e.failed()) return "MAX";
  return objective == Objective::beauty ? fmt::format("{:+.4f}", -e.fitness)
                                        : fmt::format("{:.4f}", e.fitness);
}

std::string_view unit(Objective objective) {
  switch (objective) {
    case Objective::loss:
      return "loss";
    case Objective::last_step:
      return "last training loss";
    case Objective::beauty:
      return "beauty";
  }
  return "";
}

std::vector<Organism> ranked(std::span<const Organism> organisms) {
  std::vector<Organism> ranking(organisms.begin(), organisms.end());
  std::sort(ranking.begin(), ranking.end(), better);
  return ranking;
}

/// The best of each genome that was trained and did not fail, best first.
std::vector<Organism> successes(std::span<const Organism> history) {
  std::vector<Organism> found;
  for (const Organism& organism : ranked(history)) {
    if (is_copy(organism) || organism.evaluation->failed()) continue;
    found.push_back(organism);
  }
  return found;
}

std::string row(const Organism& o, Objective objective) {
  return fmt::format("#{:<5} {:<11} {:>8}  {}  lr {:<9.4g} steps {}", o.id, name(o.origin),
                     shown(*o.evaluation, objective), architecture(o.genome), o.genome.lr,
                     o.genome.steps);
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
    text += fmt::format("  {:>4}  {:>8}  {}\n", o.generation, shown(*o.evaluation, objective),
                        std::string(cells, '#'));
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

/// How a report speaks of larger and smaller values of a gene; in the order of kGenes.
struct Words {
  std::string_view more, less;
};

constexpr std::array<Words, kGenes.size()> kWords = {{
    {"wider embeddings", "narrower embeddings"},
    {"more heads", "fewer heads"},
    {"more layers", "fewer layers"},
    {"longer contexts", "shorter contexts"},
    {"wider feed-forward layers", "narrower feed-forward layers"},
    {"higher learning rates", "lower learning rates"},
    {"longer training", "shorter training"},
}};

/// The value that is averaged.
double scaled(const Gene& gene, const Genome& genome) {
  const double value = gene.value(genome);
  return gene.continuous ? std::log(value) : value;
}

double mean_of(std::span<const Organism> organisms, const Gene& gene) {
  double sum = 0;
  for (const Organism& o : organisms) sum += scaled(gene, o.genome);
  return sum / static_cast<double>(organisms.size());
}

double squares_around(std::span<const Organism> organisms, const Gene& gene, double centre) {
  double sum = 0;
  for (const Organism& o : organisms) {
    const double offset = scaled(gene, o.genome) - centre;
    sum += offset * offset;
  }
  return sum;
}

std::string gene_table(std::span<const GeneContrast> contrasts, std::size_t group) {
  std::string text = fmt::format(
      "What separates the best {0} from the worst {0} (means; separation in standard deviations)\n"
      "  {1:<9} {2:>10} {3:>10} {4:>11}\n",
      group, "gene", "best", "worst", "separation");
  for (const GeneContrast& c : contrasts) {
    text += fmt::format("  {:<9} {:>10.4g} {:>10.4g} {:>+11.2f}\n", c.gene, c.top, c.bottom,
                        c.separation);
  }
  return text;
}

std::string insights(std::span<const GeneContrast> contrasts) {
  constexpr double kClear = 0.8, kSlight = 0.4;  // Cohen's conventions: a large, a small effect
  std::string text = "Insights\n";
  for (const GeneContrast& c : contrasts) {
    const double size = std::abs(c.separation);
    if (size < kSlight) continue;
    const auto gene =
        std::find_if(kGenes.begin(), kGenes.end(), [&](const Gene& g) { return g.name == c.gene; });
    const Words& words = kWords[static_cast<std::size_t>(gene - kGenes.begin())];
    text += fmt::format("  The best organisms have {}{} ({:.4g} against {:.4g}).\n",
                        size < kClear ? "slightly " : "",
                        c.separation > 0 ? words.more : words.less, c.top, c.bottom);
  }
  if (std::count(text.begin(), text.end(), '\n') == 1) {
    text += "  No gene separates the best from the worst clearly.\n";
  }
  return text;
}

}  // namespace

std::size_t diversity(std::span<const Organism> organisms) {
  std::set<std::string> architectures;
  for (const Organism& o : organisms) architectures.insert(architecture(o.genome));
  return architectures.size();
}

std::vector<GeneContrast> contrast(std::span<const Organism> top,
                                   std::span<const Organism> bottom) {
  std::vector<GeneContrast> contrasts;
  const double count = static_cast<double>(top.size() + bottom.size());
  for (const Gene& gene : kGenes) {
    const double of_top = mean_of(top, gene), of_bottom = mean_of(bottom, gene);
    const double centre = (of_top * static_cast<double>(top.size()) +
                           of_bottom * static_cast<double>(bottom.size())) /
                          count;
    const double deviation = std::sqrt(
        (squares_around(top, gene, centre) + squares_around(bottom, gene, centre)) / count);
    contrasts.push_back({.gene = std::string(gene.name),
                         .top = gene.continuous ? std::exp(of_top) : of_top,
                         .bottom = gene.continuous ? std::exp(of_bottom) : of_bottom,
                         .separation = deviation > 0 ? (of_top - of_bottom) / deviation : 0});
  }
  std::stable_sort(contrasts.begin(), contrasts.end(),
                   [](const GeneContrast& a, const GeneContrast& b) {
                     return std::abs(a.separation) > std::abs(b.separation);
                   });
  return contrasts;
}

std::string generation_report(std::span<const Organism> members, const EvolutionConfig& config,
                              Objective objective, double seconds) {
  const std::vector<Organism> ranking = ranked(members);
  const auto failed = std::count_if(ranking.begin(), ranking.end(),
                                    [](const Organism& o) { return o.evaluation->failed(); });
  const std::size_t alive = ranking.size() - static_cast<std::size_t>(failed);
  const Evaluation& best = *ranking.front().evaluation;
  const Evaluation& worst = *ranking[alive == 0 ? 0 : alive - 1].evaluation;
  std::string text = fmt::format(
      "--- Generation {}{}{}: best {}  worst {}  spread {:.4f}  diversity {}/{}  failed {}  {:.1f} "
      "s\n",
      members.front().generation,
      config.budget_flops > 0 ? "" : fmt::format("/{}", config.generations),
      config.islands == 1 ? ""
                          : fmt::format(" of island {}", members.front().id % config.islands + 1),
      shown(best, objective), shown(worst, objective), worst.fitness - best.fitness,
      diversity(ranking), ranking.size(), failed, seconds);
  for (std::size_t i = 0; i < ranking.size(); ++i) {
    text += fmt::format("  {:>3}. {}\n", i + 1, row(ranking[i], objective));
    if (ranking[i].evaluation->failed()) {
      text += fmt::format("       {}\n", ranking[i].evaluation->failure);
    }
  }
  return text;
}

namespace {

std::string importance_table(std::span<const Organism> ranking) {
  std::string text =
      "Which genes matter (share of the differences in rank that a gene explains by itself; "
      "trend:\n"
      "rank correlation with the loss, negative if larger is better; over all evaluations)\n";
  text += fmt::format("  {:<9} {:>10} {:>7}   {}\n", "gene", "importance", "trend", "best at");
  for (const GeneImportance& gene : gene_importance(ranking)) {
    text += fmt::format("  {:<9} {:>9.0f}% {:>+7.2f}   {}\n", gene.gene, 100 * gene.importance,
                        gene.trend, gene.best);
  }
  return text;
}

/// The front, and on it the cheapest that is nearly as good as the best.
std::string pareto_table(std::span<const Organism> history, ParetoCost cost,
                         std::size_t vocabulary) {
  constexpr double kNearly = 0.01;
  constexpr std::size_t kShown = 8;
  const std::vector<ParetoMember> front = pareto_members(history, cost, vocabulary);
  if (front.empty()) return "";
  const bool by_parameters = cost == ParetoCost::parameters;
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
    text += fmt::format(
        "  {}{:>10}  #{:<5} {:.4f}  {}  lr {:.4g} steps {}\n", &front[i] == &*nearly ? "*" : " ",
        by_parameters ? with_commas(static_cast<std::size_t>(front[i].cost))
                      : fmt::format("{:.2e}", front[i].cost),
        o.id, o.evaluation->loss, architecture(o.genome), o.genome.lr, o.genome.steps);
  }
  return text + fmt::format("  * the cheapest within {} of the best\n", kNearly);
}

}  // namespace

std::string finals_report(std::span<const Finalist> finalists, Objective objective) {
  if (finalists.empty()) return "";
  std::string text = fmt::format(
      "Finalists, each trained {} times anew (means and their standard errors; luck: what the\n"
      "search saw minus the mean of the new trainings)\n",
      finalists.front().replicates.size());
  for (const Finalist& f : finalists) {
    if (f.failed()) {
      text += fmt::format("  #{:<5} MAX: all trainings failed\n", f.organism.id);
      continue;
    }
    text += fmt::format(
        "  #{:<5} {} {:.4f} ± {:.4f}  validation {:.4f}  test {:.4f}  luck {:+.4f}{}\n",
        f.organism.id, unit(objective),
        objective == Objective::beauty ? -f.fitness.mean : f.fitness.mean, f.fitness.standard_error,
        f.validation.mean, f.test.mean, f.organism.evaluation->fitness - f.fitness.mean,
        f.failures() > 0 ? fmt::format("  {} failed", f.failures()) : "");
  }
  return text;
}

std::string final_report(std::span<const Organism> history, std::span<const Finalist> finalists,
                         Objective objective, std::size_t vocabulary) {
  constexpr std::size_t kGroup = 10;
  const std::vector<Organism> ranking = successes(history);
  std::string text = trajectory(history, objective) + "\n" + top_architectures(ranking, objective);
  // Two groups that share no organism; with fewer than twenty, smaller ones.
  const std::size_t group = std::min(kGroup, ranking.size() / 2);
  if (group > 0) {
    const std::span all(ranking);
    const auto contrasts = contrast(all.first(group), all.last(group));
    text += fmt::format("\n{}\n{}\n{}", importance_table(ranking), gene_table(contrasts, group),
                        insights(contrasts));
  }
  for (const ParetoCost cost : {ParetoCost::parameters, ParetoCost::flops}) {
    text += '\n';
    text += pareto_table(history, cost, vocabulary);
  }
  text += '\n';
  text += finals_report(finalists, objective);
  const Organism& champion = champion_of(history, finalists);
  text += fmt::format("\nChampion: organism #{} of generation {}, {} {}\n  {}\n", champion.id,
                      champion.generation, unit(objective), shown(*champion.evaluation, objective),
                      describe(champion.genome));
  if (!finalists.empty() && !finalists.front().failed()) {
    const Finalist& f = finalists.front();
    text += fmt::format(
        "  expected of a new training: validation loss {:.4f}, with 95 % probability within "
        "{:.4f};\n  test loss {:.4f}, within {:.4f}\n",
        f.validation.mean, f.validation.next_within(), f.test.mean, f.test.next_within());
  }
  return text;
}

}  // namespace microgpt
