#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "microgpt/core/fields.hpp"
#include "microgpt/genome/genome.hpp"

namespace microgpt::evolution {

/// The loss, and the fitness, of an organism whose training failed.
inline constexpr double kMaxLoss = std::numeric_limits<double>::max();

/// What an organism turned out to be worth.
struct Evaluation {
  double fitness = kMaxLoss;        ///< what evolution minimises: the loss, or minus the beauty
  double loss = kMaxLoss;           ///< held-out loss on validation names, in nats per token
  std::optional<double> test_loss;  ///< on the test names; of finalists alone
  std::optional<double> beauty;     ///< of its names, if the objective asks for it
  std::vector<std::string> names;   ///< the first few that it speaks
  std::string failure;              ///< why fitness and loss are kMaxLoss; empty if all went well

  bool failed() const { return !failure.empty(); }
  bool operator==(const Evaluation&) const = default;
};

/// Beyond it no number is a fitness or loss, so that sums of them stay numbers.
inline constexpr double kMaxFitness = 1e9;

/// Of what failed, the reason alone counts; it comes first, so that readers know it in time.
inline constexpr std::tuple kEvaluationFields = {
    Field{"failure", &Evaluation::failure},
    Field{"fitness", &Evaluation::fitness, -kMaxFitness, kMaxFitness},
    Field{"loss", &Evaluation::loss, 0, kMaxFitness},
    Field{"test_loss", &Evaluation::test_loss, 0, kMaxFitness},
    Field{"beauty", &Evaluation::beauty, -kMaxFitness, kMaxFitness},
    Field{"names", &Evaluation::names}};

/// That of a training which went wrong.
Evaluation failed_evaluation(std::string reason);

/// How an organism came into the world.
enum class Origin {
  primordial,  ///< the default genome
  random,
  immigrant,
  elite,
  crossover,
  mutant,
  hypermutant,
  neighbour,
  migrant  ///< the champion of another island
};

constexpr auto enum_names(Origin) {
  return enum_table<Origin>("origin", {{Origin::primordial, "primordial"},
                                       {Origin::random, "random"},
                                       {Origin::immigrant, "immigrant"},
                                       {Origin::elite, "elite"},
                                       {Origin::crossover, "crossover"},
                                       {Origin::mutant, "mutant"},
                                       {Origin::hypermutant, "hypermutant"},
                                       {Origin::neighbour, "neighbour"},
                                       {Origin::migrant, "migrant"}});
}

/// One member of one generation.
struct Organism {
  std::uint64_t id = 0;  ///< counts from 0 in the order of birth; of K islands, each counts by K
  std::uint32_t generation = 0;  ///< counts from 1
  Genome genome;
  Origin origin = Origin::random;
  std::vector<std::uint64_t> parents;  ///< ids; none, one or two
  double flops = 0;                    ///< of its training, known before it
  double due = 0;  ///< in the steady state: when it finishes on the virtual clock
  std::optional<Evaluation> evaluation;  ///< none until it was told; an elite has its parent's
};

/// Whether an organism was taken over with its evaluation, as an elite and a migrant are.
inline bool is_copy(const Organism& organism) {
  return organism.origin == Origin::elite || organism.origin == Origin::migrant;
}

/// What one training of an organism turned out to be worth.
struct Result {
  std::uint64_t id;
  std::uint32_t replicate = 0;  ///< see Creature; 0 during the search
  Evaluation evaluation;
};

/// Whether a is the better of two evaluated organisms; of two equals, the one born first.
bool better(const Organism& a, const Organism& b);

/// The best `count` different genomes of those that are known and did not fail, the best first.
std::vector<Organism> best_of(std::span<const Organism> organisms, std::size_t count);

}  // namespace microgpt::evolution
