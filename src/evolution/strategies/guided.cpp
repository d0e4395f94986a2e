// Evolution guided by a model. A group of births chooses among some hundred candidates, children of
// the best and of each other, by what the model expects to gain from them for their cost.
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_set>

#include "../surrogate/candidates.hpp"
#include "../surrogate/front.hpp"
#include "../surrogate/gaussian_process.hpp"
#include "../surrogate/improvement.hpp"
#include "../surrogate/memory.hpp"
#include "../surrogate/variables.hpp"
#include "microgpt/core/elementary.hpp"
#include "microgpt/genome/genome.hpp"
#include "strategies.hpp"

namespace microgpt::evolution {

namespace {

using Known = Memory::Known;

class Guided final : public Strategy {
 public:
  Guided(const EvolutionConfig& config, const SearchSpace& space, const CostOf& cost_of)
      : config_(config),
        space_(space),
        cost_of_(cost_of),
        most_(space.max_training_flops > 0 ? space.max_training_flops : kInfinity),
        traded_(traded_cost(config.goal)),
        log_most_(traded_ ? elementary::log(largest_cost(space, cost_of)[*traded_]) : 1),
        variables_(space, !config.earlier.empty()),
        model_(variables_.variable_of()) {}

  void learn(const Organism& organism) override {
    if (organism.origin == Origin::elite) return;
    memory_.add(organism, traded_ ? log_traded(cost_of_(organism.genome)) : 0);
    flops_ += organism.flops;
  }

  void study(const Ancestors& ancestors) override {
    candidates_.clear();
    outlook_.reset();
    births_ = ancestors.births;
    thrift_ = kThrift * (1 - ancestors.spent);
    log_negligible_ = elementary::log(std::max(flops_of_search() / kNegligible, 1.0));
    has_model_ = (memory_.count() >= kEnough && memory_.has_success()) || !config_.earlier.empty();
    is_taught_ = false;
    if (has_model_ && memory_.count() >= scales_due_) teach(ancestors);
  }

  Organism breed(const Ancestors& ancestors, std::size_t place, Rng& rng) override {
    if (!has_model_) return pioneer(ancestors, place, rng);
    if (ancestors.history.empty()) {
      if (std::optional<Organism> best = best_before()) return *std::move(best);
    }
    if (place < config_.elite && !ancestors.parents.empty()) return elite(ancestors, place);
    if (!is_taught_) teach(ancestors);  // not if all births of a group are known from a journal
    if (candidates_.empty()) look_around(ancestors, rng);
    if (candidates_.empty()) {  // and be asked again
      return parents_.empty() ? pioneer(ancestors, place, rng)
                              : child_of(variation(parents_, space_, rng));
    }
    return child_of(best_candidate());
  }

 private:
  static constexpr std::size_t kEnough = 8;   // organisms that a model needs
  static constexpr double kFirstShare = 0.2;  // of the budget, for those before it
  static constexpr std::size_t kParents = 8;  // of candidates, in each round
  static constexpr std::size_t kRounds = 3, kCandidatesOfRound = 200;
  static constexpr std::size_t kCareful = 32;    // births of a group that are weighed one by one
  static constexpr std::size_t kShortlist = 64;  // candidates for them
  static constexpr std::size_t kAtOnce = 256;    // births from the same candidates, at most
  // A gain counts per cost^(kThrift * share of the search that is left) (Lee et al., "Cost-aware
  // Bayesian optimization", 2020), and costs below 1 / kNegligible of the search all alike.
  static constexpr double kThrift = 0.2, kNegligible = 200;

  /// Where there is no second goal, everything costs the same.
  double log_traded(const Cost& cost) const {
    return traded_ ? elementary::log(std::max(cost[*traded_], 1.0)) : 0;
  }

  double flops_of_search() const {
    if (config_.budget_flops > 0) return config_.budget_flops;
    const double births =
        static_cast<double>(config_.population) * static_cast<double>(config_.generations);
    if (memory_.count() > 0) return births * flops_ / static_cast<double>(memory_.count());
    double flops = 0;
    for (const EarlierResult& result : config_.earlier) flops += cost_of_(result.genome).flops;
    return births * flops / static_cast<double>(std::max<std::size_t>(config_.earlier.size(), 1));
  }

  void teach(const Ancestors& ancestors) {
    is_taught_ = true;
    const std::vector<Known> ranking = memory_.ranking();
    Points points(variables_.variable_of().size()), underway(points.width());
    std::vector<double> distances;  // of the fitness from the best of its search
    for (const Known& known : ranking) {
      variables_.add_point(known.genome, points);
      const bool has_failed = known.fitness >= kMaxLoss;
      distances.push_back(has_failed ? kInfinity : known.fitness - ranking.front().fitness);
    }
    for (const EarlierResult& result : config_.earlier) {
      variables_.add_point(result.genome, points, true);
      distances.push_back(result.fitness - config_.earlier.front().fitness);
    }
    for (const std::size_t place : ancestors.underway) {
      variables_.add_point(ancestors.history[place].genome, underway);
    }
    const std::vector<double> values = model_values(distances);
    // Seldom, and the more seldom the more there are: it takes as long as some hundred births.
    if (memory_.count() >= scales_due_) {
      model_.choose_scales(points, values);
      scales_due_ = memory_.count() + std::max<std::size_t>(memory_.count() / 4, 1);
      if (memory_.count() > 128) scales_due_ = 2 * memory_.count();
    }
    model_.learn(points, values, underway);
    choose_parents(ranking);
  }

  /// Of candidates: the best, by what the model expects of them, since some were only lucky.
  /// Results of an earlier search follow those of this one.
  void choose_parents(std::span<const Known> ranking) {
    const std::vector<double> means = model_.means();
    const std::size_t own = ranking.size();
    std::vector<Front::Point> points;
    for (std::size_t i = 0; i < own; ++i) points.push_back({ranking[i].log_cost, means[i]});
    // As long as nothing is known of this search itself, what is better than the average is a gain.
    const double worst = own > 0 ? std::ranges::max(std::span(means).first(own)) : 0;
    front_ = Front(points, log_most_, worst);
    parents_.clear();
    for (const std::size_t i : parents_order(ranking, means)) {
      if (i < own) {
        parents_.push_back({ranking[i].genome, Origin::neighbour, {ranking[i].id}, 1});
      } else {
        parents_.push_back({config_.earlier[i - own].genome, Origin::immigrant, {}, 0});
      }
    }
  }

  /// The parents among all that have a mean: the best and, if cost is traded, the front.
  std::vector<std::size_t> parents_order(std::span<const Known> ranking,
                                         std::span<const double> means) const {
    const std::size_t own = ranking.size();
    std::vector<std::size_t> order;
    std::vector<double> costs(means.size());
    for (std::size_t i = 0; i < means.size(); ++i) {
      const bool is_earlier = i >= own;
      if (is_earlier && !is_in_space(config_.earlier[i - own])) continue;
      costs[i] =
          is_earlier ? log_traded(cost_of_(config_.earlier[i - own].genome)) : ranking[i].log_cost;
      order.push_back(i);
    }
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return means[i]; });
    std::vector<std::size_t> chosen;
    double least = kInfinity;  // cost of those that are better
    for (const std::size_t i : order) {
      if (chosen.size() < kParents || costs[i] < least) chosen.push_back(i);
      least = std::min(least, costs[i]);
    }
    return chosen;
  }

  double gain_of(const Candidate& candidate, const Outlook& outlook, std::size_t i) const {
    if (candidate.is_taken) return -kInfinity;
    const double deviation = std::sqrt(outlook.variance(i));
    return front_.log_expected_growth(candidate.log_traded, outlook.mean(i), deviation) -
           thrift_ * std::max(candidate.log_flops, log_negligible_);
  }

  /// What the model expects of some candidates, whose gains it sets.
  Outlook outlook_on(std::span<Candidate> candidates) const {
    Points points(variables_.variable_of().size());
    for (const Candidate& candidate : candidates) variables_.add_point(candidate.genome, points);
    Outlook outlook(model_, points);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      candidates[i].gain = gain_of(candidates[i], outlook, i);
    }
    return outlook;
  }

  static void rank(std::vector<Candidate>& candidates) {
    std::ranges::stable_sort(candidates, std::greater(), &Candidate::gain);
  }

  /// Makes candidates, in rounds: random ones and variations of the best organisms, then variations
  /// of the most promising candidates.
  void look_around(const Ancestors& ancestors, Rng& rng) {
    std::unordered_set<Genome, GenomeHash> seen;
    std::vector<Candidate> parents = parents_;
    for (std::size_t round = 0; round < kRounds; ++round) {
      std::vector<Candidate> born;
      if (round == 0) add_earlier(ancestors, seen, born);
      for (std::size_t i = 0; i < kCandidatesOfRound; ++i) {
        const bool is_random = (round == 0 && i % 3 == 0) || parents.empty();
        Candidate child = is_random ? Candidate{anywhere(space_, rng), Origin::immigrant, {}, 0}
                                    : variation(parents, space_, rng);
        if (is_eligible(child, ancestors, seen)) born.push_back(child);
      }
      outlook_on(born);
      candidates_.insert(candidates_.end(), born.begin(), born.end());
      rank(candidates_);
      parents.assign(candidates_.begin(),
                     candidates_.begin() +
                         static_cast<std::ptrdiff_t>(std::min(kParents, candidates_.size())));
    }
    if (births_ > kCareful) {
      candidates_.resize(std::min(kAtOnce, candidates_.size()));
      std::ranges::reverse(candidates_);
    } else {
      candidates_.resize(std::min(kShortlist, candidates_.size()));
      outlook_ = outlook_on(candidates_);
    }
    left_ = std::min({births_, kAtOnce, candidates_.size()});
  }

  /// The best of an earlier search may be the best of this one, too.
  void add_earlier(const Ancestors& ancestors, std::unordered_set<Genome, GenomeHash>& seen,
                   std::vector<Candidate>& born) const {
    for (Candidate candidate : parents_) {
      if (candidate.parent_count > 0) continue;  // born in this one
      if (is_eligible(candidate, ancestors, seen)) born.push_back(candidate);
    }
  }

  /// Fits the number of steps to what a training may cost; false if it is too dear nevertheless, or
  /// known.
  bool is_eligible(Candidate& candidate, const Ancestors& ancestors,
                   std::unordered_set<Genome, GenomeHash>& seen) const {
    candidate.genome = canonical(candidate.genome, space_);
    const Cost cost = fit(candidate.genome, most_, space_, cost_of_);
    if (!is_allowed(cost, space_)) return false;
    candidate.log_flops = elementary::log(std::max(cost.flops, 1.0));
    candidate.log_traded = log_traded(cost);
    return !ancestors.knows(candidate.genome) && seen.insert(candidate.genome).second;
  }

  /// Takes one of the candidates. In a small group it counts as underway from then on; in a large
  /// one the candidates are different enough.
  Candidate best_candidate() {
    Candidate chosen;
    if (outlook_) {
      const auto best = std::ranges::max_element(candidates_, {}, &Candidate::gain);
      chosen = *best;
      outlook_->suppose(static_cast<std::size_t>(best - candidates_.begin()));
      best->is_taken = true;
      for (std::size_t i = 0; i < candidates_.size(); ++i) {
        candidates_[i].gain = gain_of(candidates_[i], *outlook_, i);
      }
    } else {
      chosen = candidates_.back();
      candidates_.pop_back();
    }
    if (--left_ == 0) candidates_.clear();
    return chosen;
  }

  static Organism child_of(const Candidate& candidate) {
    Organism child;
    child.genome = candidate.genome;
    child.origin = candidate.origin;
    child.parents.assign(
        candidate.parents.begin(),
        candidate.parents.begin() + static_cast<std::ptrdiff_t>(candidate.parent_count));
    return child;
  }

  /// What each of the first trainings may cost: they are many, and a model learns much from cheap
  /// ones.
  double most_at_first() const {
    if (config_.budget_flops == 0) return most_;
    const std::size_t together =
        config_.mode == Mode::generational ? config_.population : slots_of(config_);
    const double births = static_cast<double>(std::max(kEnough, together));
    return std::min(most_, kFirstShare * config_.budget_flops / births);
  }

  bool is_in_space(const EarlierResult& result) const {
    return contains(space_, result.genome) && is_allowed(cost_of_(result.genome), space_);
  }

  /// Of the earlier search.
  std::optional<Organism> best_before() const {
    for (const EarlierResult& result : config_.earlier) {
      if (!is_in_space(result)) continue;
      Organism organism;
      organism.genome = result.genome;
      organism.origin = Origin::immigrant;
      return organism;
    }
    return std::nullopt;
  }

  /// Before there is a model: the primordial organism, trained for as long as the space allows, and
  /// random ones.
  Organism pioneer(const Ancestors& ancestors, std::size_t place, Rng& rng) const {
    Organism organism;
    const Genome primordial = longest_primordial(space_);
    if (place == 0 && ancestors.history.empty() && contains(space_, primordial) &&
        is_allowed(cost_of_(primordial), space_)) {
      organism.origin = Origin::primordial;
      organism.genome = primordial;
      return organism;
    }
    constexpr int kDraws = 50;
    const double most = most_at_first();
    for (int draw = 0; draw < kDraws; ++draw) {
      organism.genome = anywhere(space_, rng);
      const Cost cost = fit(organism.genome, most, space_, cost_of_);
      if (cost.flops <= most && is_allowed(cost, space_)) break;
    }
    return organism;
  }

  static constexpr double kInfinity = std::numeric_limits<double>::infinity();

  const EvolutionConfig& config_;
  const SearchSpace& space_;
  const CostOf& cost_of_;
  double most_;                     // that a training may cost
  std::optional<CostKind> traded_;  // against the loss
  double log_most_;                 // of it; or 1
  Variables variables_;

  Memory memory_;
  double flops_ = 0;            // of all that it was told of
  std::size_t scales_due_ = 0;  // when it knows so many
  GaussianProcess model_;

  // Of the group of births since the last study:
  std::size_t births_ = 0, left_ = 0;
  bool has_model_ = false, is_taught_ = false;
  double thrift_ = 0, log_negligible_ = 0;
  Front front_{{}, 1, 0};
  std::vector<Candidate> parents_, candidates_;
  std::optional<Outlook> outlook_;  // on the candidates, if they are weighed one by one
};

}  // namespace

std::unique_ptr<Strategy> guided_strategy(const EvolutionConfig& config, const SearchSpace& space,
                                          const CostOf& cost_of) {
  return std::make_unique<Guided>(config, space, cost_of);
}

}  // namespace microgpt::evolution
