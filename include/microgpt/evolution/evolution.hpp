#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <vector>

#include "microgpt/core/random.hpp"
#include "microgpt/evolution/organism.hpp"
#include "microgpt/evolution/strategy.hpp"
#include "microgpt/genome/search_space.hpp"

namespace microgpt::evolution {

/// When children are bred.
enum class Mode {
  generational,  ///< all of a generation together, when all of the last one is known
  steady_state   ///< one by one, whenever an organism finishes on the virtual clock
};

constexpr auto enum_names(Mode) {
  return enum_table<Mode>(
      "mode", {{Mode::generational, "generational"}, {Mode::steady_state, "steady-state"}});
}

struct EvolutionConfig {
  Mode mode = Mode::generational;
  std::size_t slots = 0;  ///< organisms that live at once in the steady state; 0: 2 x population
  StrategyKind strategy = StrategyKind::classic;
  std::size_t population = 8;
  std::size_t generations = 10;
  double budget_flops = 0;     ///< of all trainings together; 0: no limit but the generations
  std::size_t elite = 1;       ///< the best go on unchanged
  std::size_t immigrants = 2;  ///< random newcomers in each generation but the first
  std::size_t tournament = 3;  ///< distinct members that compete to be a parent
  std::uint64_t seed = 1;
  std::size_t islands = 1;             ///< populations side by side, on a ring
  std::size_t island = 0;              ///< which of them this is
  std::size_t migration_interval = 5;  ///< generations from one migration to the next
};

/// Throws Error naming the setting, its value and the rule it breaks.
void validate(const EvolutionConfig& config);

/// Slots of the steady state, chosen or by default.
std::size_t slots_of(const EvolutionConfig& config);

/// The search itself, as ask and tell. It never evaluates, sleeps, prints or sends; and it is a
/// function of its settings and of what it was told: an organism's randomness comes from the seed
/// and its id, never from the order in which results arrive.
///
/// In the steady state there are no generations. A fixed number of slots is busy on a virtual
/// clock, each for the floating-point operations of its organism. When one finishes there, its
/// successor is bred from all that have finished by then, in that order. So the history is the same
/// however many workers there are, and whichever of them is faster: breeding waits only for the
/// result of the organism that is next on the virtual clock, while real workers run ahead with the
/// other slots'. A generation is then merely as many births as the population has members.
///
/// Of several islands each is an Evolution of its own. After every migration_interval generations
/// its best emigrates to the next island on the ring, where it takes the last place of the next
/// generation. Breeding waits for it, so that the history does not depend on which island is ahead.
///
/// How children are made is the business of a Strategy. Here is what holds for all of them: no
/// genome is trained twice, none that costs more than the space allows is born, and the search ends
/// with the last generation, before the first training that the budget has no room for, or when the
/// space is exhausted: nobody new was found for as many births as the population has members.
class Evolution {
 public:
  /// Throws Error if the settings or the space break a rule. Without a cost everything is free.
  Evolution(const EvolutionConfig& config, SearchSpace space, Cost cost = nullptr);

  /// Throws Error, naming the limit, if not even the first organism can be afforded. To be called
  /// before the first ask().
  void require_room() const;

  /// Whether all are born, and nobody's result is awaited.
  bool finished() const { return awaited_ == 0 && complete(); }

  /// Breeds whoever can be bred from what is known; returns those who must be evaluated (not an
  /// elite, nor a genome that is known). Empty while nobody can be bred, or if the budget is spent.
  /// Breeding a large population takes a while: `on_attempt` is called many times meanwhile, and
  /// may throw; the Evolution is of no use after that.
  std::vector<Organism> ask(const std::function<void()>& on_attempt = nullptr);

  /// Learns what some of the awaited organisms are worth, in any order. Throws Error if one of the
  /// results is not awaited.
  void tell(std::span<const Result> results);

  /// Whether nobody will be born any more.
  bool complete() const {
    return exhausted_ || space_exhausted() ||
           (config().mode == Mode::generational
                ? starts_.size() == config().generations
                : history_.size() == config().population * config().generations);
  }
  /// Whether the search has ended because nobody new was found any more.
  bool space_exhausted() const { return fruitless_births_ >= config().population; }

  /// Whether breeding waits for a migrant.
  bool migration_due() const;
  /// While a migration is due: who leaves for the next island. Nobody, if no one is known yet who
  /// did not fail.
  std::optional<Organism> emigrant() const;
  /// Takes in the emigrant of the island before. A migration must be due.
  void immigrate(std::optional<Organism> migrant);

  /// Organisms whose results are awaited.
  std::size_t awaited() const { return awaited_; }

  /// Everyone who ever lived, in the order of birth, generation by generation.
  std::span<const Organism> history() const { return history_; }
  std::size_t generation_count() const { return starts_.size(); }
  /// The members of one generation; the last one may be cut short by the budget.
  std::span<const Organism> generation(std::size_t number) const;
  std::size_t slots() const { return slots_of(config()); }
  /// Of all trainings so far.
  double flops() const { return flops_; }
  /// Organisms, the elite aside, that were not trained because their genome was known.
  std::size_t known_genomes_born() const { return known_genomes_born_; }

  const EvolutionConfig& config() const { return rules_->config; }
  const SearchSpace& space() const { return rules_->space; }

 private:
  std::uint64_t id_of(std::size_t place_in_history) const;
  std::size_t place_of(std::uint64_t id) const;
  bool can_breed() const;
  std::optional<Organism> next_child(std::size_t place, const Ancestors& ancestors,
                                     const std::function<void()>& on_attempt);
  std::optional<Organism> breed(std::size_t place, const Ancestors& ancestors,
                                const std::function<void()>& on_attempt) const;
  bool is_affordable(double flops) const;
  bool add_to_history(std::optional<Organism> born, std::vector<Organism>& to_evaluate);
  std::vector<Organism> breed_generation(const std::function<void()>& on_attempt);
  std::vector<Organism> breed_into_slots(const std::function<void()>& on_attempt);
  void finish_on_virtual_clock(const Organism& organism);
  void update_living();

  // On the heap, so that the strategy can refer to them when an Evolution moves.
  struct Rules {
    EvolutionConfig config;
    SearchSpace space;
    Cost cost;
  };
  std::unique_ptr<const Rules> rules_;
  std::unique_ptr<Strategy> strategy_;
  std::vector<Organism> history_;
  std::map<Genome, std::size_t> known_;  // the first organism of each genome, in history_
  std::vector<std::size_t> starts_;      // of the generations, in history_
  std::vector<std::size_t> copies_;      // of organisms that are awaited, in history_
  std::size_t migrations_ = 0;           // so far
  std::optional<Organism> migrant_;      // has arrived, and waits for its place in a generation
  double flops_ = 0;
  std::size_t known_genomes_born_ = 0, awaited_ = 0;
  std::size_t fruitless_births_ = 0;  // of nobody new, since the last one who was
  bool exhausted_ = false;            // the budget, or all that the space can afford

  // The steady state: who is busy until when, and who has finished, in this order.
  struct Busy {
    double until;
    std::size_t organism;  // in history_
    auto operator<=>(const Busy&) const = default;
  };
  std::priority_queue<Busy, std::vector<Busy>, std::greater<>> busy_;
  std::vector<Organism> finished_;
  std::vector<Organism> elite_;   // the best of those who have finished
  std::vector<Organism> living_;  // who may be a parent now
};

}  // namespace microgpt::evolution
