// Steady-state replacement: organisms are bred one by one, whenever one finishes on the virtual
// clock. The parents are the elite, and the youngest of those who have finished.
#include <algorithm>
#include <queue>

#include "replacement.hpp"

namespace microgpt::evolution {

namespace {

class SteadyState final : public Replacement {
 public:
  explicit SteadyState(const EvolutionConfig& config)
      : population_(config.population),
        elite_size_(config.elite),
        slots_(slots_of(config)),
        first_place_(std::min(config.elite, config.population - 1)) {}

  std::optional<Birth> next(const History& history) override {
    double now = 0;
    if (busy_.size() == slots_) {
      const Organism& first = history.organisms()[busy_.top().organism];
      if (!first.evaluation) return std::nullopt;
      now = busy_.top().until;
      finish(first);
      busy_.pop();
    }
    update_parents();
    ranking_ = ranking_of(parents_);
    number_ = history.size();
    // The elite need not be born again: it lives on. The very first has place 0: there is no elite.
    const std::size_t place =
        number_ == 0 ? 0 : first_place_ + number_ % (population_ - first_place_);
    return Birth{.ancestors = {.history = finished_, .parents = parents_, .ranking = ranking_},
                 .place = place,
                 .begins_generation = number_ % population_ == 0,
                 .now = now};
  }

  void born(const Organism& organism) override { busy_.push({organism.due, number_}); }
  std::span<const Organism> finished(const History&) const override { return finished_; }

 private:
  struct Busy {
    double until;
    std::size_t organism;  // its place in the history
    auto operator<=>(const Busy&) const = default;
  };

  void finish(const Organism& organism) {
    finished_.push_back(organism);
    elite_.insert(std::upper_bound(elite_.begin(), elite_.end(), organism, better), organism);
    if (elite_.size() > elite_size_) elite_.pop_back();
  }

  /// Together as many as a population. Assigned in place, which keeps their memory: it is done anew
  /// for each birth.
  void update_parents() {
    std::size_t count = 0;
    const auto put = [&](const Organism& organism) {
      if (count == parents_.size()) parents_.emplace_back();
      parents_[count++] = organism;
    };
    for (const Organism& organism : elite_) put(organism);
    for (std::size_t i = finished_.size(); i-- > 0 && count < population_;) {
      const bool is_elite =
          std::ranges::any_of(elite_, [&](const Organism& o) { return o.id == finished_[i].id; });
      if (!is_elite) put(finished_[i]);
    }
    parents_.resize(count);
  }

  std::size_t population_, elite_size_, slots_;
  std::size_t first_place_;  // of those that are bred; the elite's come before
  std::priority_queue<Busy, std::vector<Busy>, std::greater<>> busy_;
  std::size_t number_ = 0;          // of the last birth, in the history
  std::vector<Organism> finished_;  // in the order of the virtual clock
  std::vector<Organism> elite_;     // the best of them
  std::vector<Organism> parents_;
  std::vector<std::size_t> ranking_;  // of the parents
};

}  // namespace

std::unique_ptr<Replacement> steady_state_replacement(const EvolutionConfig& config) {
  return std::make_unique<SteadyState>(config);
}

}  // namespace microgpt::evolution
