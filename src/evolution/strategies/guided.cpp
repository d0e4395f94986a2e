// Evolution guided by a surrogate model. For each place a few hundred candidates are generated:
// random genomes, and crossovers, mutants and neighbours of the best. A Gaussian process picks one.
#include <cmath>
#include <optional>

#include "../gaussian_process.hpp"
#include "microgpt/core/elementary.hpp"
#include "microgpt/genome/genes.hpp"
#include "strategies.hpp"

namespace microgpt::evolution {

namespace {

using Point = GaussianProcess::Point;

/// Where a number lies between the ends of its range: on a logarithmic scale, unless it can be 0.
double place_between(double value, double low, double high) {
  if (low == high) return 0;
  if (low == 0) return value / high;
  return elementary::log(value / low) / elementary::log(high / low);
}

/// The genes that vary in a space, as variables of a model.
class Variables {
 public:
  explicit Variables(const SearchSpace& space) {
    for (const Gene& gene : kGenes) {
      if (varies(gene, space)) genes_.push_back({&gene, ends_of(space[gene])});
    }
  }

  std::size_t count() const { return genes_.size(); }

  std::vector<Variable> kinds() const {
    std::vector<Variable> kinds;
    for (const auto& [gene, ends] : genes_) kinds.push_back({gene->is_category()});
    return kinds;
  }

  Point point_of(const Genome& g) const {
    Point point;
    for (const auto& [gene, ends] : genes_) {
      const double value = gene->value(g);
      point.push_back(gene->is_category() ? value : place_between(value, ends.first, ends.second));
    }
    return point;
  }

 private:
  struct Varying {
    const Gene* gene;
    std::pair<double, double> ends;
  };
  std::vector<Varying> genes_;
};

/// What the model learns instead of the fitness: ln(distance from the best + a tenth of the median
/// distance), scaled to mean 0 and variance 1. So the differences between the good ones count, and
/// how bad the bad ones are does not. `fitness` rises.
std::vector<double> model_values(std::span<const double> fitness) {
  const double best = fitness.front(), median = fitness[fitness.size() / 2];
  const double offset = std::max((median - best) / 10, 1e-9);
  std::vector<double> values;
  double mean = 0, squares = 0;
  for (const double f : fitness) {
    values.push_back(elementary::log(f - best + offset));
    mean += values.back() / static_cast<double>(fitness.size());
  }
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(fitness.size()));
  for (double& value : values) value = (value - mean) / std::max(deviation, 1e-9);
  return values;
}

class Guided final : public Strategy {
 public:
  Guided(const EvolutionConfig& config, const SearchSpace& space, const Cost& cost)
      : config_(config), space_(space), cost_(cost), variables_(space) {}

  void study(const Ancestors& ancestors) override {
    std::vector<const Organism*> trained;
    for (const Organism& organism : ancestors.history) {
      if (organism.origin != Origin::elite && !organism.evaluation->failed()) {
        trained.push_back(&organism);
      }
    }
    std::sort(trained.begin(), trained.end(),
              [](const Organism* a, const Organism* b) { return better(*a, *b); });
    trained.resize(std::min(trained.size(), kRemembered));
    best_.clear();
    for (const Organism* organism : trained) best_.push_back(*organism);
    model_.reset();
    if (best_.size() < std::max(kEnough, variables_.count() - 1)) return;
    std::vector<Point> points;
    std::vector<double> fitness;
    mean_log_cost_ = 0;
    for (const Organism& organism : best_) {
      points.push_back(variables_.point_of(organism.genome));
      fitness.push_back(organism.evaluation->fitness);
      mean_log_cost_ += log_cost(organism.genome) / static_cast<double>(best_.size());
    }
    model_.emplace(variables_.kinds(), std::move(points), model_values(fitness));
  }

  Organism breed(const Ancestors& ancestors, std::size_t place, Rng& rng) const override {
    if (!model_) return pioneer(ancestors, place, rng);
    if (place < config_.elite) return elite(ancestors, place);
    // The weight of uncertainty differs from child to child, so that a generation both exploits and
    // explores: exponentially distributed with mean 1.
    const double exploration = -elementary::log(1 - rng.uniform());
    std::vector<Organism> children;
    std::vector<Point> points;
    for (std::size_t i = 0; i < kCandidates; ++i) {
      Organism child = candidate(i, rng);
      if (!ancestors.is_candidate(child.genome)) continue;
      points.push_back(variables_.point_of(child.genome));
      children.push_back(std::move(child));
    }
    if (children.empty()) return candidate(0, rng);  // and be asked again
    const auto predictions = model_->predict(points);
    std::size_t chosen = 0;
    double lowest = 0;
    for (std::size_t i = 0; i < children.size(); ++i) {
      const double acquisition = score(children[i].genome, predictions[i], exploration);
      if (i > 0 && acquisition >= lowest) continue;
      lowest = acquisition;
      chosen = i;
    }
    return children[chosen];
  }

 private:
  // Organisms that a model needs. In a space of many genes it needs more: what it takes for good
  // after too few draws, everything else descends from.
  static constexpr std::size_t kEnough = 6;
  static constexpr std::size_t kRemembered = 100;  // the best, that it learns from
  static constexpr std::size_t kCandidates = 300;  // for one place
  static constexpr std::size_t kParents = 8;       // the best, who may have children
  // What e times the cost must gain in predicted value. Below 1/e of the mean cost it is constant:
  // otherwise a long search would end up training nothing but the cheapest organisms.
  static constexpr double kCostPenalty = 0.15, kCheapest = -1;

  double log_cost(const Genome& genome) const {
    return elementary::log(std::max(cost_(genome), 1.0));
  }

  double score(const Genome& genome, const GaussianProcess::Prediction& predicted,
               double exploration) const {
    const double relative_cost = log_cost(genome) - mean_log_cost_;
    return predicted.mean - exploration * predicted.deviation +
           kCostPenalty * std::max(relative_cost, kCheapest);
  }

  /// A random organism. Where the space limits what a training may cost, the dearest of a few: the
  /// good ones use all that they may, and most draws use a small part of it.
  Organism drawn(const Ancestors& ancestors, Rng& rng) const {
    Organism dearest = random_organism(Origin::random, space_, rng);
    if (space_.max_training_flops == 0) return dearest;
    constexpr int kDraws = 8;
    double cost = 0;
    for (int i = 0; i < kDraws; ++i) {
      Organism other = random_organism(Origin::random, space_, rng);
      const double other_cost = cost_(other.genome);
      if (other_cost <= cost || !ancestors.is_candidate(other.genome)) continue;
      cost = other_cost;
      dearest = std::move(other);
    }
    return dearest;
  }

  /// Before there is a model: the primordial organism, trained for as long as the space allows, and
  /// random ones.
  Organism pioneer(const Ancestors& ancestors, std::size_t place, Rng& rng) const {
    Organism organism = drawn(ancestors, rng);
    Genome primordial;
    gene_named("steps").set(primordial, ends_of(space_["steps"]).second);
    if (place == 0 && ancestors.parents.empty() && contains(space_, primordial) &&
        ancestors.is_candidate(primordial)) {
      organism.origin = Origin::primordial;
      organism.genome = primordial;
    }
    return organism;
  }

  /// Of six candidates, two are random, two neighbours of a good organism, one a crossover of two
  /// and one a mutant.
  Organism candidate(std::size_t number, Rng& rng) const {
    const std::size_t kind = number % 6;
    if (kind < 2) return random_organism(Origin::immigrant, space_, rng);
    const auto parent = [&]() -> const Organism& {
      return best_[rng.below(std::min(kParents, best_.size()))];
    };
    const Organism& mother = parent();
    Organism child;
    child.parents = {mother.id};
    if (kind < 4) {
      child.origin = Origin::neighbour;
      child.genome = nudge(mother.genome, 1 + rng.below(3), space_, rng);
    } else if (kind == 4) {
      const Organism& father = parent();
      child.origin = Origin::crossover;
      child.parents.push_back(father.id);
      child.genome = crossover(mother.genome, father.genome, rng);
    } else {
      child.origin = Origin::mutant;
      child.genome = mutate(mother.genome, space_, rng);
    }
    return child;
  }

  const EvolutionConfig& config_;
  const SearchSpace& space_;
  const Cost& cost_;
  Variables variables_;
  std::vector<Organism> best_;
  std::optional<GaussianProcess> model_;
  double mean_log_cost_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> guided_strategy(const EvolutionConfig& config, const SearchSpace& space,
                                          const Cost& cost) {
  return std::make_unique<Guided>(config, space, cost);
}

}  // namespace microgpt::evolution
