#include "microgpt/evolution/history.hpp"

#include <utility>

#include "microgpt/core/error.hpp"

namespace microgpt::evolution {

void History::drop_empty_generation() {
  if (!starts_.empty() && starts_.back() == organisms_.size()) starts_.pop_back();
}

void History::add(Organism organism) {
  const std::size_t place = organisms_.size();
  const bool trains = needs_training(organism);
  const auto [known, is_new] = first_of_genome_.try_emplace(organism.genome, place);
  if (trains) {
    flops_ += organism.flops;
    ++awaited_;
  } else if (organism.origin != Origin::migrant) {
    known_genomes_born_ += organism.origin != Origin::elite;
    organism.evaluation = organisms_[known->second].evaluation;
    if (!organism.evaluation) copies_.push_back(place);
  }
  births_since_new_ = trains || organism.origin == Origin::migrant ? 0 : births_since_new_ + 1;
  organisms_.push_back(std::move(organism));
}

void History::tell(const Trial& trial) {
  const std::uint64_t id = trial.task.id;
  const std::size_t place = id % islands_ == island_ ? id / islands_ : organisms_.size();
  const bool awaited = place < organisms_.size() && !organisms_[place].evaluation &&
                       first_of_genome_.at(organisms_[place].genome) == place;
  require(awaited, "tell() of organism {}, whose result is not awaited", id);
  organisms_[place].evaluation = trial.evaluation;
  --awaited_;
  std::erase_if(copies_, [&](std::size_t copy) {
    if (first_of_genome_.at(organisms_[copy].genome) != place) return false;
    organisms_[copy].evaluation = trial.evaluation;
    return true;
  });
}

std::span<const Organism> History::generation(std::size_t number) const {
  const std::size_t end = number + 1 < starts_.size() ? starts_[number + 1] : organisms_.size();
  return organisms().subspan(starts_[number], end - starts_[number]);
}

}  // namespace microgpt::evolution
