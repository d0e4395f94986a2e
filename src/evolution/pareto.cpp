#include "microgpt/evolution/pareto.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace microgpt::evolution {

std::optional<CostKind> traded_cost(Goal goal) {
  if (goal == Goal::loss) return std::nullopt;
  return goal == Goal::loss_and_parameters ? CostKind::parameters : CostKind::flops;
}

std::vector<std::size_t> pareto_front(std::span<const double> loss, std::span<const double> cost) {
  std::vector<std::size_t> order(loss.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(cost[a], loss[a], a) < std::tie(cost[b], loss[b], b);
  });
  // No earlier point costs more, so this one must have a lower loss than all of them.
  std::vector<std::size_t> front;
  for (const std::size_t i : order) {
    if (front.empty() || loss[i] < loss[front.back()]) front.push_back(i);
  }
  return front;
}

std::vector<ParetoMember> pareto_members(std::span<const Organism> history, CostKind kind,
                                         std::size_t vocabulary) {
  std::vector<ParetoMember> members;
  std::vector<double> losses, costs;
  for (const Organism& organism : history) {
    if (is_copy(organism) || organism.evaluation->failed()) continue;
    const double parameters =
        static_cast<double>(parameters_of(organism.genome, vocabulary).value_or(0));
    costs.push_back(kind == CostKind::parameters ? parameters : organism.flops);
    losses.push_back(organism.evaluation->loss);
    members.push_back({&organism, costs.back()});
  }
  std::vector<ParetoMember> front;
  for (const std::size_t i : pareto_front(losses, costs)) front.push_back(members[i]);
  return front;
}

double hypervolume(std::span<const ParetoMember> front, double worst_loss, double worst_cost) {
  double volume = 0;
  for (std::size_t i = 0; i < front.size(); ++i) {
    const double end = i + 1 < front.size() ? std::min(front[i + 1].cost, worst_cost) : worst_cost;
    const double height = worst_loss - front[i].organism->evaluation->loss;
    if (height > 0 && front[i].cost < end) volume += height * std::log(end / front[i].cost);
  }
  return volume;
}

std::vector<Organism> finalists_of(std::span<const Organism> history, Goal goal, std::size_t count,
                                   std::size_t vocabulary) {
  const std::optional<CostKind> kind = traded_cost(goal);
  if (!kind) return best_of(history, count);
  std::vector<ParetoMember> front = pareto_members(history, *kind, vocabulary);
  std::ranges::reverse(front);
  std::vector<Organism> finalists;
  const std::size_t chosen = std::min(count, front.size());
  for (std::size_t i = 0; i < chosen; ++i) {
    const std::size_t at = chosen == 1 ? 0 : i * (front.size() - 1) / (chosen - 1);
    finalists.push_back(*front[at].organism);
  }
  return finalists;
}

}  // namespace microgpt::evolution
