// Steady-state replacement: organisms are bred one by one, whenever one finishes on the virtual
// clock. The parents are the elite, and the youngest of those who have finished.
#include <algorithm>
#include <numeric>
#include <queue>

#include "replacement.hpp"

namespace microgpt::evolution {

namespace {

/// Births from the same results. A few, so that the model need not be made anew for each; and no
/// more than a small share of the organisms in training, whose results nobody knows anyway.
std::size_t births_of_a_group(const EvolutionConfig& config) {
  return std::max<std::size_t>(8, slots_of(config) / 8);
}

class SteadyState final : public Replacement {
 public:
  explicit SteadyState(const EvolutionConfig& config)
      : population_(config.population),
        elite_size_(config.elite),
        slots_(slots_of(config)),
        group_(births_of_a_group(config)),
        first_place_(std::min(config.elite, config.population - 1)),
        ranking_(config.elite) {
    std::iota(ranking_.begin(), ranking_.end(), 0);
  }

  std::optional<Birth> next(const History& history) override {
    double now = 0;
    if (busy_.size() == slots_) {
      const std::size_t first = busy_.top().organism;
      if (!history.organisms()[first].evaluation) return std::nullopt;
      now = busy_.top().until;
      finish(first, history.organisms());
      busy_.pop();
    }
    update_parents();
    number_ = history.size();
    const bool begins_group = number_ % group_ == 0;
    if (begins_group) look_for_underway();
    // The elite need not be born again: it lives on. The very first has place 0: there is no elite.
    const std::size_t place =
        number_ == 0 ? 0 : first_place_ + number_ % (population_ - first_place_);
    return Birth{.ancestors = {.history = history.organisms(),
                               .parents = parents_,
                               .ranking = std::span(ranking_).first(elite_.size()),
                               .underway = underway_},
                 .place = place,
                 .begins_generation = number_ % population_ == 0,
                 .group = begins_group ? group_ : 0,
                 .now = now};
  }

  void born(const Organism& organism) override {
    busy_.push({organism.due, number_});
    is_finished_.push_back(false);
  }
  std::span<const std::size_t> finished(const History&) override { return finished_; }

 private:
  struct Busy {
    double until;
    std::size_t organism;  // its place in the history
    auto operator<=>(const Busy&) const = default;
  };

  void finish(std::size_t place, std::span<const Organism> history) {
    const auto is_better = [&](std::size_t a, std::size_t b) {
      return better(history[a], history[b]);
    };
    finished_.push_back(place);
    is_finished_[place] = true;
    elite_.insert(std::ranges::upper_bound(elite_, place, is_better), place);
    if (elite_.size() > elite_size_) elite_.pop_back();
  }

  /// Together as many as a population.
  void update_parents() {
    parents_ = elite_;
    for (std::size_t i = finished_.size(); i-- > 0 && parents_.size() < population_;) {
      if (std::ranges::find(elite_, finished_[i]) == elite_.end()) {
        parents_.push_back(finished_[i]);
      }
    }
  }

  /// The youngest, as many as there are among those born last.
  void look_for_underway() {
    constexpr std::size_t kYoungest = 32;
    underway_.clear();
    const std::size_t born = is_finished_.size();
    for (std::size_t i = born; i-- > born - std::min(born, kYoungest);) {
      if (!is_finished_[i]) underway_.push_back(i);
    }
  }

  std::size_t population_, elite_size_, slots_, group_;
  std::size_t first_place_;  // of those that are bred; the elite's come before
  std::priority_queue<Busy, std::vector<Busy>, std::greater<>> busy_;
  std::size_t number_ = 0;  // of the last birth, in the history
  // Places in the history:
  std::vector<std::size_t> finished_;  // in the order of the virtual clock
  std::vector<bool> is_finished_;
  std::vector<std::size_t> elite_;  // the best of the finished ones
  std::vector<std::size_t> parents_;
  std::vector<std::size_t> underway_;
  std::vector<std::size_t> ranking_;  // 0, 1, ...: the elite come first among the parents
};

}  // namespace

std::unique_ptr<Replacement> steady_state_replacement(const EvolutionConfig& config) {
  return std::make_unique<SteadyState>(config);
}

}  // namespace microgpt::evolution
