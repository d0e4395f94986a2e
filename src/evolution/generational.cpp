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
    const auto past = history.organisms().first(begin_);
    const auto parents = past.subspan(begin_of_parents_);
    return Birth{.ancestors = {.history = past, .parents = parents, .ranking = ranking_},
                 .place = place_,
                 .begins_generation = place_ == 0,
                 .now = std::nullopt};
  }

  void born(const Organism&) override { place_ = (place_ + 1) % population_; }
  bool within_generation() const override { return place_ > 0; }
  std::span<const Organism> finished(const History& history) const override {
    return history.organisms();
  }

 private:
  bool begin(const History& history) {
    if (history.awaited() > 0) return false;
    begin_ = history.size();
    begin_of_parents_ = begin_ - (begin_ > 0 ? population_ : 0);
    ranking_ = ranking_of(history.organisms().subspan(begin_of_parents_));
    return true;
  }

  std::size_t population_;
  std::size_t place_ = 0;                         // of the next birth
  std::size_t begin_ = 0, begin_of_parents_ = 0;  // of the generation and the one before
  std::vector<std::size_t> ranking_;              // of the parents
};

}  // namespace

std::unique_ptr<Replacement> generational_replacement(const EvolutionConfig& config) {
  return std::make_unique<Generational>(config);
}

}  // namespace microgpt::evolution
