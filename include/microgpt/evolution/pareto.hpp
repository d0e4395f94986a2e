#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "microgpt/core/enum_names.hpp"
#include "microgpt/evolution/organism.hpp"
#include "microgpt/genome/cost.hpp"

namespace microgpt::evolution {

/// What a search looks for: the organism of the lowest loss, or the Pareto front of loss and cost.
enum class Goal { loss, loss_and_parameters, loss_and_flops };

constexpr auto enum_names(Goal) {
  return enum_table<Goal>("objective", {{Goal::loss, "loss"},
                                        {Goal::loss_and_parameters, "loss,parameters"},
                                        {Goal::loss_and_flops, "loss,flops"}});
}

/// The cost that a goal trades against the loss; none if it is the loss alone.
std::optional<CostKind> traded_cost(Goal goal);

/// The Pareto front: the indices of the points (loss[i], cost[i]) that no other point dominates, in
/// order of rising cost. A point dominates another if it is no worse in both and better in one. Of
/// equal points, only the first is listed. Both spans have the same length and hold no NaN.
/// O(n log n), after Kung, Luccio and Preparata, "On finding the maxima of a set of vectors", 1975.
std::vector<std::size_t> pareto_front(std::span<const double> loss, std::span<const double> cost);

struct ParetoMember {
  const Organism* organism;  ///< in the history
  double cost;
};

/// The Pareto front of validation loss and cost over all organisms that did not fail; of several
/// copies of a genome, the first. `vocabulary` is the number of tokens.
std::vector<ParetoMember> pareto_members(std::span<const Organism> history, CostKind kind,
                                         std::size_t vocabulary);

/// How good a front is: the area that it dominates, below a loss and a cost that are worth nothing,
/// on a logarithmic scale of cost; in nats x e-folds (Zitzler and Thiele, "Multiobjective
/// optimization using evolutionary algorithms", 1998). Members beyond either add nothing. In order
/// of rising cost, as pareto_members() has them.
double hypervolume(std::span<const ParetoMember> front, double worst_loss, double worst_cost);

/// Those that are retrained in the end, at most `count`: for the loss alone the best; otherwise
/// some of the front, spread evenly over its members, the best first.
std::vector<Organism> finalists_of(std::span<const Organism> history, Goal goal, std::size_t count,
                                   std::size_t vocabulary);

}  // namespace microgpt::evolution
