// Generational replacement: a whole generation is bred when all of the last one is known, and
// replaces it.
#include "replacement.hpp"

namespace microgpt::evolution {

namespace {

class Generational final : public Replacement {
 public:
  explicit Generational(const EvolutionConfig& config) : population_(config.population) {}

  std::optional<Birth> next(const History& history) override {
    if (place_ == 0 && !begin(history)) return std::nullopt;
    const auto parents = std::span(finished_).subspan(begin_of_parents_);
    return Birth{.ancestors = {.history = history.organisms(),
                               .parents = parents,
                               .ranking = ranking_,
                               .underway = {}},
                 .place = place_,
                 .begins_generation = place_ == 0,
                 .group = place_ == 0 ? population_ : 0,
                 .now = std::nullopt};
  }

  void born(const Organism&) override { place_ = (place_ + 1) % population_; }
  bool within_generation() const override { return place_ > 0; }
  std::span<const std::size_t> finished(const History& history) override {
    if (history.awaited() == 0 && place_ == 0) {
      while (finished_.size() < history.size()) finished_.push_back(finished_.size());
    }
    return finished_;
  }

 private:
  bool begin(const History& history) {
    if (history.awaited() > 0) return false;
    const auto past = finished(history);
    begin_of_parents_ = past.size() - (past.empty() ? 0 : population_);
    ranking_ = ranking_of(history.organisms(), past.subspan(begin_of_parents_));
    return true;
  }

  std::size_t population_;
  std::size_t place_ = 0;              // of the next birth
  std::vector<std::size_t> finished_;  // places in the history: all before this generation
  std::size_t begin_of_parents_ = 0;   // among them: the generation before
  std::vector<std::size_t> ranking_;   // of the parents
};

}  // namespace

std::unique_ptr<Replacement> generational_replacement(const EvolutionConfig& config) {
  return std::make_unique<Generational>(config);
}

}  // namespace microgpt::evolution
