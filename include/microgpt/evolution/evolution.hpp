#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "microgpt/evolution/history.hpp"
#include "microgpt/evolution/pareto.hpp"
#include "microgpt/evolution/strategy.hpp"
#include "microgpt/evolution/warm_start.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::evolution {

/// When children are bred; see replacement.hpp.
enum class Mode {
  generational,  ///< all of a generation together, once all of the last one is evaluated
  steady_state   ///< one by one, whenever an organism finishes on the virtual clock
};

constexpr auto enum_names(Mode) {
  return enum_table<Mode>(
      "mode", {{Mode::generational, "generational"}, {Mode::steady_state, "steady-state"}});
}

struct EvolutionConfig {
  Mode mode = Mode::generational;
  std::size_t slots = 0;  ///< organisms in training at once in the steady state; 0: 2 x population
  StrategyKind strategy = StrategyKind::classic;
  Goal goal = Goal::loss;  ///< others only with the guided strategy
  std::size_t population = 8;
  std::size_t generations = 10;
  double budget_flops = 0;     ///< of all trainings together; 0: no limit but the generations
  std::size_t elite = 1;       ///< the best are carried over unchanged
  std::size_t immigrants = 2;  ///< random genomes in each generation but the first
  std::size_t tournament = 3;  ///< distinct members that compete to be a parent
  std::uint64_t seed = 1;
  std::size_t islands = 1;             ///< populations side by side, on a ring
  std::size_t island = 0;              ///< which of them this is
  std::size_t migration_interval = 5;  ///< generations from one migration to the next
  std::vector<Genome> enqueued = {};   ///< the first organisms of island 0
  /// Teaches the model of the guided strategy, which finds out how far it can be trusted.
  std::vector<EarlierResult> earlier = {};
};

/// Throws Error naming the setting, its value and the rule it breaks.
void validate(const EvolutionConfig& config);

/// Slots of the steady state, chosen or by default.
std::size_t slots_of(const EvolutionConfig& config);

class Replacement;
struct Birth;

/// The search itself, as ask and tell. It never evaluates, sleeps, prints or sends; it is a
/// deterministic function of its settings and of what it was told: an organism's randomness comes
/// from the seed and its id, never from the order in which results arrive.
///
/// In the steady state there are no generations. A fixed number of slots is busy on a virtual
/// clock, each for the floating-point operations of its organism. When one finishes there, its
/// successor is bred from all that have finished by then, in that order. So the history does not
/// depend on the number or the speed of the workers: breeding waits only for the result of the
/// organism that is next on the virtual clock, while workers run ahead with those of other slots. A
/// generation is then merely as many births as the population has members.
///
/// Of several islands each is an Evolution of its own. After every migration_interval generations
/// its best emigrates to the next island on the ring, where it takes the last place of the next
/// generation. Breeding waits for it, so the history does not depend on which island is ahead.
///
/// How children are made is left to a Strategy. Evolution enforces: no genome is trained twice,
/// none that costs more than the space allows is born, and the search ends with the last
/// generation, before the first training that exceeds the budget, or when the space is exhausted:
/// no new genome was found for as many births as the population has members.
class Evolution {
 public:
  /// Throws Error if the settings or the space break a rule. Without a cost everything is free.
  Evolution(const EvolutionConfig& config, SearchSpace space, CostOf cost_of = nullptr);
  ~Evolution();
  Evolution(Evolution&&) noexcept;

  /// Of a run that goes on, the recorded organisms are born as they were, at no expense, whatever
  /// the settings are now. `births` must outlive it. To be called before the first ask().
  void replay(const RecordedBirths& births) { recorded_ = &births; }

  /// Throws Error, naming the limit, if not even the first organism can be afforded. To be called
  /// before the first ask().
  void require_room() const;

  /// Whether all are born and evaluated.
  bool finished() const { return awaited() == 0 && complete(); }

  /// Breeds every organism that can be bred by now; returns those that must be evaluated (no elite,
  /// no known genome). Empty while breeding waits for results, or if the budget is spent.
  /// Breeding a large population takes a while: `on_attempt` is called many times meanwhile, and
  /// may throw; the Evolution is of no use after that.
  std::vector<Organism> ask(const std::function<void()>& on_attempt = nullptr);

  /// Takes the evaluations of some awaited organisms, in any order. Throws Error if a trial is of
  /// none of them.
  void tell(std::span<const Trial> trials);

  /// Whether no more organisms will be born.
  bool complete() const {
    return exhausted_ || space_exhausted() ||
           history_.size() == config().population * config().generations;
  }
  /// Whether the search has ended because no new genome was found any more.
  bool space_exhausted() const { return history_.births_since_new() >= config().population; }

  /// Whether breeding waits for a migrant.
  bool migration_due() const;
  /// While a migration is due: the organism that leaves for the next island, the best that did not
  /// fail. None if there is none.
  std::optional<Organism> emigrant();
  /// Takes in the emigrant of the island before. A migration must be due.
  void immigrate(std::optional<Organism> migrant);

  /// Organisms whose results are awaited.
  std::size_t awaited() const { return history_.awaited(); }

  /// All organisms in the order of birth, generation by generation.
  std::span<const Organism> history() const { return history_.organisms(); }
  std::size_t generation_count() const { return history_.generation_count(); }
  /// The members of one generation; the last one may be cut short by the budget.
  std::span<const Organism> generation(std::size_t number) const {
    return history_.generation(number);
  }
  std::size_t slots() const { return slots_of(config()); }
  /// Of all trainings so far.
  double flops() const { return history_.flops(); }
  /// Organisms, besides the elite, that were not trained because their genome was known.
  std::size_t known_genomes_born() const { return history_.known_genomes_born(); }

  const EvolutionConfig& config() const { return rules_->config; }
  const SearchSpace& space() const { return rules_->space; }

 private:
  using OnAttempt = std::function<void()>;
  bool can_breed() const;
  void study(const Birth& birth);
  /// Share of the search that is over, by the budget or by births.
  double spent() const;
  std::optional<Organism> next_child(const Birth& birth, const OnAttempt& on_attempt);
  Organism settle();
  std::optional<Organism> enqueued_child() const;
  const RecordedBirth* recorded(std::uint64_t id) const;
  bool is_recorded(const Birth& first) const;
  Organism completed(Organism child, double flops) const;
  double flops_of(const Organism& child) const { return rules_->cost_of(child.genome).flops; }
  std::optional<Organism> breed(const Birth& birth, const OnAttempt& on_attempt) const;
  bool fits_budget(const Organism& organism) const;

  // On the heap, so that the strategy can refer to them when an Evolution moves.
  struct Rules {
    EvolutionConfig config;
    SearchSpace space;
    CostOf cost_of;
  };
  std::unique_ptr<const Rules> rules_;
  std::unique_ptr<Strategy> strategy_;
  std::unique_ptr<Replacement> replacement_;
  History history_;
  std::size_t learnt_ = 0;  // of the finished organisms, by the strategy
  const RecordedBirths* recorded_ = nullptr;
  bool replays_ = false;             // all of this group are recorded
  std::size_t migrations_ = 0;       // so far
  std::optional<Organism> migrant_;  // has arrived, and waits for its place in a generation
  bool exhausted_ = false;           // the budget, or all that the space can afford
};

}  // namespace microgpt::evolution
