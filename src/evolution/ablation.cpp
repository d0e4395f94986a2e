#include "microgpt/evolution/ablation.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "microgpt/core/error.hpp"

namespace microgpt::evolution {

namespace {

/// With one gene set back; where that breaks a rule between two genes, with both of them.
Genome set_back(const Genome& genome, const Gene& gene) {
  Genome result = genome;
  result[gene] = gene.primordial;
  const GeneTable& genes = genome.genes();
  for (const GeneRule& rule : genes.rules()) {
    const Gene &first = genes.at(rule.first), &second = genes.at(rule.second);
    if (rule.holds(result[first], result[second])) continue;
    for (const Gene* each : {&first, &second}) result[*each] = each->primordial;
  }
  return result;
}

Estimate difference_of(std::span<const Evaluation> changed, std::span<const Evaluation> champions) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    if (changed[i].failed() || champions[i].failed()) continue;
    differences.push_back(changed[i].fitness - champions[i].fitness);
  }
  return differences.empty() ? Estimate{} : estimate_of(differences);
}

double worth(const Ablation& ablation) {
  return ablation.difference.count == 0 ? kMaxLoss : ablation.difference.mean;
}

}  // namespace

std::size_t Ablation::failures() const {
  return static_cast<std::size_t>(std::ranges::count_if(replicates, &Evaluation::failed));
}

Ablation ablation_of(const Finalist& champion, const Gene& gene,
                     std::vector<Evaluation> replicates) {
  require(replicates.size() <= champion.replicates.size(),
          "the champion without its {} has {} trainings, but the champion {}", gene.name,
          replicates.size(), champion.replicates.size());
  const Estimate difference = difference_of(replicates, champion.replicates);
  return {.gene = &gene,
          .genome = set_back(champion.organism.genome, gene),
          .replicates = std::move(replicates),
          .difference = difference};
}

void sort_by_worth(std::vector<Ablation>& ablations) {
  std::ranges::stable_sort(ablations, std::ranges::greater(), worth);
}

Ablations::Ablations(const Finalist& champion, std::uint32_t replicates, std::uint64_t first_id,
                     const CostOf& cost_of, const SearchSpace& space)
    : champion_(champion),
      replicates_(std::min(replicates, static_cast<std::uint32_t>(champion.replicates.size()))) {
  const Genome& genome = champion.organism.genome;
  for (const Gene& gene : genome.genes()) {
    if (genome[gene] == gene.primordial) continue;
    Task task = {.id = first_id + wanted_.size(), .genome = set_back(genome, gene), .replicate = 1};
    const Cost cost = cost_of(task.genome);
    task.priority = task.flops = cost.flops;
    if (cost.parameters <= parameter_limit(space)) wanted_.push_back({&gene, task});
  }
}

std::vector<Task> Ablations::tasks() const {
  std::vector<Task> tasks;
  for (const Wanted& wanted : wanted_) {
    Task task = wanted.task;
    for (task.replicate = 1; task.replicate <= replicates_; ++task.replicate) tasks.push_back(task);
  }
  return tasks;
}

void Ablations::tell(std::span<const Trial> trials) {
  std::map<Task::Key, const Evaluation*> found;
  for (const Trial& trial : trials) found[trial.task.key()] = &trial.evaluation;
  for (const auto& [gene, task] : wanted_) {
    std::vector<Evaluation> replicates;
    for (std::uint32_t replicate = 1; replicate <= replicates_; ++replicate) {
      const auto at = found.find({task.id, replicate});
      require(at != found.end(), "replicate {} of the champion without its {} is missing",
              replicate, gene->name);
      replicates.push_back(*at->second);
    }
    ablations_.push_back(ablation_of(champion_, *gene, std::move(replicates)));
  }
  sort_by_worth(ablations_);
}

}  // namespace microgpt::evolution
